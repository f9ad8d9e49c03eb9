"""Every view as an exported page, without Python and without a network: how it looks.

One walk over one table of views: contrast in both themes, geometry at each width, the
large size, no script, broken data. Not here: what a view shows, which its own tests
compare; the accessibility checklist, line by line (test_checklist.py).
"""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.widgets.looks import ALWAYS, AT_EACH_WIDTH, DRAWN, IN_EACH_THEME, measured
from tests.widgets.pages import Show, opener, wrong
from tests.widgets.shown import VIEWS

WIDTHS = (500, 720, 1100, 1400)
LARGEST = 300_000  # bytes of a saved view
LARGE_WIDTHS = (520, 1100)

show = pytest.fixture(opener)


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
def test_it_looks_right_at_every_width_in_both_themes(
    show: Show, name: str, language: str
) -> None:
    page = show(name, language)
    assert looked_at(page, WIDTHS) == {}
    assert page.saved.stat().st_size < LARGEST


@pytest.mark.parametrize("name", VIEWS)
def test_the_large_size(show: Show, name: str) -> None:
    assert looked_at(show(name, "fr", "large"), LARGE_WIDTHS) == {}


@pytest.mark.parametrize("name", VIEWS)
def test_escape_leaves(show: Show, name: str) -> None:
    page = show(name, "en")
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
