"""Every view as an exported page, without Python and without a network: how it looks.

One walk over one table of views: contrast in both themes, geometry at each width,
names, roles, the focus, no script, broken data. Not here: what a view shows, which its
own tests compare.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.widgets.looks import ALWAYS, AT_EACH_WIDTH, DRAWN, IN_EACH_THEME, measured
from tests.widgets.shown import VIEWS

WIDTHS = (500, 720, 1100, 1400)
LARGEST = 300_000  # bytes of a saved view
LARGE_WIDTHS = (520, 1100)

Show = Callable[..., Any]


@pytest.fixture
def show(
    browser: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Show]:
    """Return a function that opens a saved view with the network cut off."""
    errors, asked, opened = [], [], []

    def open_page(name: str, language: str, size: str = "", **more: Any) -> Any:
        monkeypatch.setenv("EBPFLAB_LANG", language)
        path = tmp_path / f"{name}.html"
        VIEWS[name](size=size).save(path)
        context = browser.new_context(offline=True, **more)
        opened.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri())
        page.saved = path
        return page

    yield open_page
    for context in opened:
        context.close()
    assert errors == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


def wrong(page: Any, checks: dict[str, str]) -> dict[str, Any]:
    """Return what each check finds, if it finds something."""
    found = {name: page.evaluate(check) for name, check in checks.items()}
    return {name: faults[:5] for name, faults in found.items() if faults}


def looked_at(page: Any, widths: tuple[int, ...]) -> dict[Any, Any]:
    """Return what is wrong in both themes and at each width."""
    found: dict[Any, Any] = wrong(page, ALWAYS)
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        if faults := wrong(page, IN_EACH_THEME):
            found[theme] = faults
    for width in widths:
        page.set_viewport_size({"width": width, "height": 900})
        page.evaluate(DRAWN)
        if faults := wrong(page, AT_EACH_WIDTH):
            found[width] = faults
    return found


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("name", VIEWS)
def test_every_line_of_the_checklist(show: Show, name: str, language: str) -> None:
    page = show(name, language)
    assert looked_at(page, WIDTHS) == {}
    assert page.saved.stat().st_size < LARGEST


@pytest.mark.parametrize("name", VIEWS)
def test_the_large_size(show: Show, name: str) -> None:
    assert looked_at(show(name, "fr", "large"), LARGE_WIDTHS) == {}


@pytest.mark.parametrize("name", VIEWS)
def test_the_tabulator_shows_where_it_is(show: Show, name: str) -> None:
    page, stops = show(name, "en"), 0
    for _ in range(60):
        page.keyboard.press("Tab")
        somewhere, inside, ring, what = page.evaluate(measured("ring"))
        if not somewhere or not inside:
            break
        stops += 1
        assert ring, what
    assert stops > 2
    page.locator(".ebpflab").focus()
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement === document.body")


@pytest.mark.parametrize("name", VIEWS)
def test_nothing_moves_for_who_does_not_want_it(show: Show, name: str) -> None:
    assert show(name, "en", reduced_motion="reduce").evaluate(measured("moving")) == []


@pytest.mark.parametrize("name", VIEWS)
def test_without_a_script_the_text_stays(show: Show, name: str) -> None:
    page = show(name, "en", java_script_enabled=False)
    assert len(page.locator("pre.ebpflab-text").text_content()) > 40


BROKEN = {
    "cut off": lambda data: data[: len(data) // 2],
    "nothing": lambda data: "",
    "null": lambda data: "null",
    "empty": lambda data: "{}",
    "a list": lambda data: "[1, 2]",
    "other types": lambda data: json.dumps(dict.fromkeys(json.loads(data), 7)),
    "texts": lambda data: json.dumps(dict.fromkeys(json.loads(data), "x")),
}


@pytest.mark.parametrize("name", [name for name in VIEWS if name != "stepper"])
def test_broken_data_is_told(
    browser: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("EBPFLAB_LANG", "en")
    view = VIEWS[name]()
    whole, page, errors = view.data, browser.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    own = view.state()
    for how, breaks in BROKEN.items():
        state = own | {"data": breaks(whole)}
        monkeypatch.setattr(type(view), "state", lambda _, state=state: state)
        path = tmp_path / "broken.html"
        view.save(path)
        page.goto(path.as_uri())
        told = page.locator(".ebpflab.broken[role=alert]")
        assert told.count() == 1, how
        assert "cannot be drawn" in told.text_content(), how
    page.close()
    assert errors == []
