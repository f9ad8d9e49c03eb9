"""Whose keys they are: the view's, the notebook's, the deck's.

In a notebook a view keeps plain keys to itself (the notebook's own `d d` deletes the
cell); on a slide it takes what steps, and at either end the key goes on to the deck.
Not here: what each key does (the tests of each view).
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.widgets.shown import VIEWS

SHARED = [name for name in VIEWS if name != "costs"]
HEARD = """() => { window.heard = []
  document.addEventListener('keydown', event => {
    if (!event.defaultPrevented) window.heard.push(event.key)
  }) }"""
MOST = 400  # keys until an end is reached
FORWARD = ("ArrowRight", "PageDown", " ")
BACK = ("ArrowLeft", "PageUp")
PLAIN = ("d", "x", "m", "Delete", "ArrowUp", "ArrowRight", "ArrowLeft")

Show = Callable[..., Any]


@pytest.fixture
def show(browser: Any, tmp_path: Path) -> Iterator[Show]:
    """Return a function that opens a view on a page that tells what keys it hears."""
    opened = []

    def open_page(name: str, body: str = "") -> Any:
        VIEWS[name]().save(tmp_path / "view.html")
        page = browser.new_page()
        opened.append(page)
        page.goto((tmp_path / "view.html").as_uri())
        page.evaluate("name => { document.body.className = name }", body)
        page.evaluate(HEARD)
        page.locator(".ebpflab[tabindex]").first.focus()
        return page

    yield open_page
    for page in opened:
        page.close()


def heard(page: Any) -> list[str]:
    keys: list[str] = page.evaluate("() => window.heard.splice(0)")
    return keys


def pressed(page: Any, *keys: str) -> list[str]:
    """Press keys, and return those that went on."""
    for key in keys:
        page.keyboard.press(key)
    return heard(page)


@pytest.mark.parametrize("name", SHARED)
def test_a_notebook_hears_no_plain_key(show: Show, name: str) -> None:
    page = show(name)
    assert pressed(page, *PLAIN) == []
    assert pressed(page, "Control+s")[-1] == "s"
    assert "Enter" in pressed(page, "Shift+Enter")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement === document.body")


def to_the_end(page: Any, key: str) -> int:
    """Press until the page hears it; return how many the view took."""
    for count in range(MOST):
        if pressed(page, key):
            return count
    raise AssertionError(f"{key} never goes on")


@pytest.mark.parametrize("name", SHARED)
def test_a_deck_hears_the_key_that_has_no_step_left(show: Show, name: str) -> None:
    page = show(name, "reveal")
    to_the_end(page, "ArrowRight")
    for key in FORWARD:  # at the end each goes on, again and again
        assert pressed(page, key, key) == [key, key]
    assert pressed(page, "ArrowLeft") == []
    taken = to_the_end(page, "ArrowLeft")
    for key in BACK:
        assert pressed(page, key) == [key]
    assert pressed(page, *["ArrowRight"] * (taken + 1)) == []
    assert pressed(page, "ArrowRight") == ["ArrowRight"]


@pytest.mark.parametrize("name", SHARED)
def test_space_and_page_keys_step_on_a_slide(show: Show, name: str) -> None:
    page = show(name, "reveal")
    to_the_end(page, "ArrowLeft")
    live = page.locator("[aria-live]")
    before = live.text_content()
    assert pressed(page, "PageDown") == []
    assert live.text_content() != before
    assert pressed(page, "PageUp", "PageUp") == ["PageUp"]
    assert pressed(page, " ") == []
