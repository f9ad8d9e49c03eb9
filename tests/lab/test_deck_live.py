"""Live decks in the last row: every slide is whole, large enough, and one key away.

Each deck is walked forward at one size and back at the other. Not here: the static
decks (tests/decks), stepping through their views (`test_lab.py`).
"""

from typing import Any

import pytest

from tests.decks.geometry import complaints
from tests.lab.conftest import Lab
from tests.lab.recorded import cells, label
from tests.lab.test_lab import (
    DECKS,
    SHOW_CELL,
    SHOWN,
    START_DECK,
    TITLE,
    VISIBLE,
    opened,
)

LARGE = {"width": 1920, "height": 1080}
SMALL = {"width": 1280, "height": 720}
SETTLED = "() => new Promise(done => setTimeout(done, 300))"
# The instruction that has just run stands in the part of the listing that is seen.
ROW_IS_SEEN = """view => {
  const row = view.querySelector('.l.on')
  if (!row) return true // nothing has run yet
  const one = row.getBoundingClientRect()
  const all = row.closest('.scroll').getBoundingClientRect()
  return one.top >= all.top - 1 && one.bottom <= all.bottom + 1
}"""


def titles(path: Any) -> list[str]:
    """Return the titles of the slides of a deck."""
    return [
        "".join(cell["source"]).splitlines()[0].lstrip("# ").replace("`", "")
        for cell in cells(path)
        if cell["metadata"].get("slideshow", {}).get("slide_type") == "slide"
    ]


def given(page: Any, lab: Lab, path: Any) -> Any:
    """Show a deck live from its first slide; return its title's place on the page."""
    opened(page, lab, path)
    page.evaluate(SHOW_CELL, 0)
    page.locator(START_DECK).click()
    page.wait_for_selector("[data-jp-deck-mode=presenting]", state="attached")
    page.wait_for_function(VISIBLE)
    return page.locator(TITLE).first


def read(page: Any, title: Any, expected: str) -> list[str]:
    """Wait for a slide, and return what the last row cannot read of it."""
    title.filter(has_text=expected).wait_for()
    page.evaluate(SETTLED)
    stepper = page.locator(f"{SHOWN} .ebpflab.stepper")
    if stepper.count():
        assert stepper.first.evaluate(ROW_IS_SEEN), expected
    return [f"{expected}: {one}" for one in complaints(page, SHOWN)]


@pytest.mark.parametrize("path", DECKS, ids=label)
def test_every_live_slide_can_be_read_in_the_last_row(
    page: Any, lab: Lab, path: Any
) -> None:
    page.set_viewport_size(LARGE)
    title, wrong = given(page, lab, path), []
    for expected in titles(path):
        wrong += read(page, title, expected)
        page.keyboard.press("ArrowRight")
    page.set_viewport_size(SMALL)
    for expected in reversed(titles(path)):
        wrong += read(page, title, expected)
        page.keyboard.press("ArrowLeft")
    assert wrong == []


PLANTED = (
    ".jp-Deck h1 { font-size: 17px !important }",
    ".jp-Deck h1 { position: absolute; left: -40px }",
    ".jp-Deck h1 + ul { margin-top: -3em !important }",
    ".jp-Deck .jp-Cell { display: none !important }",
)


def test_a_live_slide_that_cannot_be_read_is_found(page: Any, lab: Lab) -> None:
    page.set_viewport_size(SMALL)
    given(page, lab, DECKS[0])
    page.evaluate(SETTLED)
    assert complaints(page, SHOWN) == []
    for rule in PLANTED:
        style = page.add_style_tag(content=rule)
        assert complaints(page, SHOWN) != [], rule
        style.evaluate("node => node.remove()")
