"""A stepper of much, of nothing, of nonsense: it is quick, or says what is wrong.

Not here: what each step shows (test_stepper_browser.py).
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ebpflab_widgets import step

from ebpflab.timeline import Timeline
from tests.widgets.conftest import loop
from tests.widgets.looks import cpu_of
from tests.widgets.test_stepper_browser import LANGUAGES, NODES, VIEW, disagreements

MOST_MS = 50  # of the page's own thread, for one step
STRIDE, IN_A_ROW = 1_000, 25  # how many steps in a row are taken, and how far apart
MOVES = ["ArrowRight", "ArrowLeft", "n", "PageDown", "b", "End", "Home"]
# Steps with what the browser makes of them; how long each took, in milliseconds.
STEPPED = """count => Array.from({ length: count }, () => {
  const began = performance.now()
  const key = { key: 'ArrowRight', bubbles: true, cancelable: true }
  document.activeElement.dispatchEvent(new KeyboardEvent('keydown', key))
  document.body.getBoundingClientRect() // style and layout, now
  return performance.now() - began
})"""

Opened = Callable[..., Any]


@pytest.fixture
def opened(
    browser: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Opened]:
    """Return a function that opens the saved page of a timeline."""
    pages: list[Any] = []

    def open_page(timeline: Timeline, language: str = "en") -> Any:
        monkeypatch.setenv("EBPFLAB_LANG", language)
        step(timeline).save(tmp_path / "stepper.html")
        page = browser.new_page(viewport={"width": 1100, "height": 760})
        pages.append(page)
        page.goto((tmp_path / "stepper.html").as_uri())
        return page

    yield open_page
    for page in pages:
        page.close()


def p95(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.95)]


def test_a_step_of_ten_thousand_takes_no_time(opened: Opened) -> None:
    """Wall time depends on what else runs here, so the page's own work is held to."""
    page = opened(loop(10_000))
    page.focus(VIEW)
    wall, worked = [], []
    for start in range(0, 10_000 - STRIDE, STRIDE):
        page.keyboard.press("g")
        page.keyboard.type(str(start))
        page.keyboard.press("Enter")
        page.focus(VIEW)
        measure = cpu_of(page)
        wall += page.evaluate(STEPPED, IN_A_ROW)
        worked.append(measure() * 1000 / IN_A_ROW)
    told = page.locator("[aria-live]").text_content()
    assert told.startswith(f"step {start + IN_A_ROW} of ")
    print(f"a step of 10,000: p95 {p95(wall):.1f} ms, {max(worked):.1f} ms of work")
    assert p95(worked) < MOST_MS


def test_moves_over_ten_thousand_steps_are_true_and_leave_nothing(
    opened: Opened,
) -> None:
    timeline = loop(10_000)
    page = opened(timeline)
    page.focus(VIEW)
    nodes = page.evaluate(NODES)
    for key in MOVES * 6:
        page.keyboard.press(key)
    page.keyboard.press("PageDown")
    assert disagreements(page, timeline, 10, "en") == []
    assert page.evaluate(NODES) <= nodes + 20


BROKEN = {
    "no JSON": "{",
    "null": "null",
    "no runs": '{"runs":[]}',
    "no steps": '{"runs":[{"label":"","timeline":{"listing":[],"steps":[]}}]}',
    "no listing": '{"runs":[{"label":"","timeline":{"steps":[{}]}}]}',
    "odd steps": '{"runs":[{"timeline":{"listing":[],"steps":[null]}}]}',
}


def with_data(page: Any, data: str) -> None:
    """Draw once more, from other data."""
    page.evaluate(
        """data => {
      const script = [...document.querySelectorAll('script[type=module]')].at(-1)
      const state = document.querySelector('script[type="application/json"]')
      state.textContent = JSON.stringify({...JSON.parse(state.textContent), data})
      const place = document.querySelector('.ebpflab-page')
      delete place.dataset.alive
      place.querySelector('.ebpflab').parentNode.className = 'ebpflab-text'
      const again = document.createElement('script')
      again.type = 'module'
      again.textContent = script.textContent
      document.body.append(again)
    }""",
        data,
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN.keys())
def test_broken_data_is_refused_in_words(
    opened: Opened, timelines: dict[str, Timeline], data: str, language: str
) -> None:
    page = opened(timelines["talk"], language=language)
    with_data(page, data)
    page.wait_for_selector("[role=alert]")
    start = {"en": "This recording cannot be shown: ", "fr": "Cet enregistrement"}
    assert page.text_content("[role=alert]").startswith(start[language])


def test_far_too_many_steps_are_refused_at_once(
    opened: Opened, timelines: dict[str, Timeline]
) -> None:
    page = opened(timelines["talk"])
    steps = ",".join(['{"pc":0}'] * 300_000)
    timeline = f'{{"listing":[],"steps":[{steps}]}}'
    data = f'{{"limit":200000,"runs":[{{"timeline":{timeline}}}]}}'
    began = time.perf_counter()
    with_data(page, data)
    page.wait_for_selector("[role=alert]")
    assert "300000" in page.text_content("[role=alert]")
    assert time.perf_counter() - began < 15
