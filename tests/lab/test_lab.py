"""Lessons and decks as a learner meets them: in JupyterLab, in a browser.

What the steppers show is compared with the timelines of a run of its own. Not here:
every corner of a view (tests/widgets), decks without Python (tests/decks).
"""

from pathlib import Path
from typing import Any

import pytest

from ebpflab.timeline import Timeline
from tests.lab.conftest import Lab
from tests.lab.recorded import REGISTERS, label, notebooks, recorded, registers

LESSONS = notebooks("notebooks", "slides")
DECKS = notebooks("slides")
WALK = 60  # steps of a long run that are looked at

READY = """async () => {
  const until = async test => { while (!test()) await new Promise(r => setTimeout(r, 100)) }
  await until(() => window.jupyterapp?.shell.currentWidget?.sessionContext)
  const session = window.jupyterapp.shell.currentWidget.sessionContext
  await session.ready
  await until(() => session.session?.kernel?.status === 'idle')
}"""
RUN_ALL = "() => window.jupyterapp.commands.execute('notebook:run-all-cells')"
SHOW_CELL = """async index => {
  const notebook = window.jupyterapp.shell.currentWidget.content
  notebook.activeCellIndex = index
  await notebook.scrollToItem(index, 'start')
}"""
STEPPER = ".jp-Cell.jp-mod-active .ebpflab.stepper"


def opened(page: Any, lab: Lab, path: Path) -> Any:
    """Open a notebook and run all of it."""
    page.goto(lab.page(path))
    page.evaluate(READY)
    page.evaluate(RUN_ALL)
    return page


def disagreements(page: Any, view: Any, timeline: Timeline, moment: int) -> list[Any]:
    """Return where the registers on the page and in the timeline differ."""
    seen, expected = view.evaluate(REGISTERS), registers(timeline, moment)
    return [] if seen == expected else [(moment, seen, expected)]


def walk(page: Any, view: Any, timeline: Timeline, start: int) -> list[Any]:
    """Step a view that has the focus by keyboard; return where it is wrong."""
    last = min(len(timeline.steps), start + WALK)
    wrong = disagreements(page, view, timeline, start)
    for moment in range(start + 1, last + 1):
        page.keyboard.press("ArrowRight")
        wrong += disagreements(page, view, timeline, moment)
    return wrong


@pytest.mark.parametrize("path", LESSONS, ids=label)
def test_a_lesson_is_run_and_stepped(page: Any, lab: Lab, path: Path) -> None:
    opened(page, lab, path)
    assert page.locator(".jp-RenderedText[data-mime-type*=stderr]").count() == 0
    for one in recorded(path):
        page.evaluate(SHOW_CELL, one.cell)
        view = page.locator(STEPPER).first
        view.focus()
        page.keyboard.press("Home")
        assert walk(page, view, one.timeline, 0) == []
        page.keyboard.press("ArrowLeft")
        last = min(len(one.timeline.steps), WALK)
        assert disagreements(page, view, one.timeline, last - 1) == []


@pytest.mark.parametrize("path", DECKS, ids=label)
def test_a_deck_is_given_live(page: Any, lab: Lab, path: Path) -> None:
    opened(page, lab, path)
    page.locator("[data-jp-item-name=deck] button, button[data-command='deck:toggle']").first.click()
    page.wait_for_selector("[data-jp-deck-mode=presenting]", state="attached")
    shown = ".jp-deck-mod-visible"
    assert page.locator(f"{shown} h1").is_visible()
    (one,) = recorded(path)
    view = page.locator(f"{shown} .ebpflab.stepper")
    for _ in range(len(DECKS) + 20):
        if view.count():
            break
        page.keyboard.press("ArrowRight")
    title = page.locator(f"{shown} :is(h1, h2)").inner_text()
    page.keyboard.press("Enter")
    assert walk(page, view, one.timeline, one.at) == []
    assert page.locator(f"{shown} :is(h1, h2)").inner_text() == title
    # At its end the view lets the key pass, and the deck moves on.
    page.keyboard.press("ArrowRight")
    page.locator(f"{shown} :is(h1, h2)", has_not_text=title).wait_for()
