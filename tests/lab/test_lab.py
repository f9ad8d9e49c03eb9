"""Lessons and decks as a learner meets them: in JupyterLab, in a browser.

What the steppers show is compared with the timelines of a run of its own. Not here:
every corner of a view (tests/widgets), decks without Python (tests/decks).
"""

from pathlib import Path
from typing import Any

import pytest

from ebpflab.timeline import Timeline
from tests.lab.conftest import Lab
from tests.lab.recorded import (
    REGISTERS,
    label,
    language,
    notebooks,
    recorded,
    registers,
)

SHOWN = ".jp-deck-mod-visible"
TITLE = f"{SHOWN} .jp-RenderedMarkdown :is(h1, h2)"
# The same code stands in both languages, and nbval runs both: here, all of them in
# French, and the first one in English too.
LESSONS = [
    path
    for path in notebooks("notebooks", "slides")
    if language(path) == "fr" or path.name.startswith("00-")
]
DECKS = notebooks("slides")
WALK = 60  # steps of a long run that are looked at

READY = """async () => {
  const soon = () => new Promise(done => setTimeout(done, 100))
  const until = async test => { while (!test()) await soon() }
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
ACTIVE = "() => window.jupyterapp.shell.currentWidget.content.activeCellIndex"
VISIBLE = "() => document.querySelector('.jp-mod-active.jp-deck-mod-visible')"
START_DECK = "[data-jp-item-name=deck] button"
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
    page.evaluate(SHOW_CELL, 0)
    page.locator(START_DECK).click()
    page.wait_for_selector("[data-jp-deck-mode=presenting]", state="attached")
    title = page.locator(TITLE)
    view = page.locator(f"{SHOWN} .ebpflab.stepper")
    go_to(page, view)
    here = title.inner_text()
    (one,) = recorded(path)
    enter(page)
    assert walk(page, view, one.timeline, one.at) == []
    assert title.inner_text() == here
    # At its end the view lets the key pass, and the deck moves on.
    page.keyboard.press("ArrowRight")
    page.locator(TITLE, has_not_text=here).wait_for()
    # And back; Escape leaves the view, so the deck moves again.
    page.keyboard.press("ArrowLeft")
    view.wait_for()
    enter(page)
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowRight")
    page.locator(TITLE, has_not_text=here).wait_for()


def enter(page: Any) -> None:
    """Put the keys into the view of the slide."""
    page.keyboard.press("Enter")
    page.locator(f"{SHOWN} .ebpflab.stepper:focus").wait_for()


def go_to(page: Any, view: Any) -> None:
    """Turn the slides until one has the view, each when the one before is there."""
    page.wait_for_function(VISIBLE)
    while not view.count():
        before = page.evaluate(ACTIVE)
        page.keyboard.press("ArrowRight")
        page.wait_for_function(f"before => ({ACTIVE})() !== before", arg=before)
        page.wait_for_function(VISIBLE)


def test_a_wrong_register_is_found(page: Any, lab: Lab) -> None:
    path = LESSONS[0]
    opened(page, lab, path)
    one = recorded(path)[0]
    page.evaluate(SHOW_CELL, one.cell)
    view = page.locator(STEPPER).first
    view.focus()
    page.keyboard.press("End")
    last = len(one.timeline.steps)
    assert disagreements(page, view, one.timeline, last) == []
    page.evaluate("() => { document.querySelector('.regs .new').textContent += '0' }")
    assert disagreements(page, view, one.timeline, last) != []


def test_a_request_that_leaves_is_found(page: Any, lab: Lab) -> None:
    page.goto(lab.page(LESSONS[0]))
    page.evaluate("() => { fetch('http://192.0.2.1/').catch(() => {}) }")
    assert lab.left == ["http://192.0.2.1/"]
    lab.left.clear()
