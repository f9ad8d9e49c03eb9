"""The stepper in a real browser, from its saved page, over file://.

What the page shows is compared with `Timeline.state`, what it announces with the
sentence that Python makes. The page may ask nobody for anything. Not here: the text
form and the errors (test_stepper.py).
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ebpflab_widgets import step
from ebpflab_widgets.text import Text
from ebpflab_widgets.words import Spelling

from ebpflab.timeline import Outcome, Timeline

LANGUAGES = ("en", "fr")
VIEW = ".ebpflab.stepper"
LIVE = "[aria-live]"
WIDTHS = (500, 720, 1100, 1400)
WALK = 60  # moves of a random walk

# What each register's row shows, and each slot of the stack.
REGISTERS = """() => Object.fromEntries([...document.querySelectorAll('.regs tbody tr')]
  .map(row => [row.dataset.row, row.querySelector('.new').textContent]))"""
STACK = """() => Object.fromEntries([...document.querySelectorAll('.slot[data-row]')]
  .map(row => [row.dataset.row, [...row.querySelectorAll('.by span')]
    .map(byte => byte.textContent.trim() || '??')]))"""
NODES = "() => document.querySelectorAll('*').length"

# The contrast of every text on the page with what lies behind it.
CONTRAST = """() => {
  const canvas = document.createElement('canvas').getContext('2d')
  const rgba = text => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = text; canvas.fillRect(0, 0, 1, 1)
    return [...canvas.getImageData(0, 0, 1, 1).data]
  }
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0)
  const behind = node => {
    for (let n = node; n; n = n.parentElement) {
      const color = rgba(getComputedStyle(n).backgroundColor)
      if (color[3] > 250) return color
    }
    return [255, 255, 255, 255]
  }
  const worst = []
  const view = document.querySelector('.ebpflab')
  const walker = document.createTreeWalker(view, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement
    if (!walker.currentNode.textContent.trim() || !node.checkVisibility()) continue
    const pair = [light(rgba(getComputedStyle(node).color)), light(behind(node))]
    const ratio = (Math.max(...pair) + .05) / (Math.min(...pair) + .05)
    if (ratio < 4.5) worst.push([node.className, node.textContent, ratio])
  }
  return worst
}"""

Open = Callable[..., Any]


@pytest.fixture
def show(
    browser: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Open]:
    """Return a function that opens the saved page of a timeline.

    Afterwards no script has failed, and no request has left for another place.
    """
    opened, errors, requests = [], [], []

    def open_page(*timelines: Timeline, **options: Any) -> Any:
        monkeypatch.setenv("EBPFLAB_LANG", options.get("language", "en"))
        path = tmp_path / f"{len(opened)}.html"
        several = len(timelines) > 1
        view = step(
            list(timelines) if several else timelines[0], size=options.get("size", "")
        )
        view.save(path)
        if "edit" in options:
            path.write_text(options["edit"](path.read_text()))
        width = options.get("width", 1100)
        page = browser.new_page(
            viewport={"width": width, "height": 760},
            color_scheme=options.get("scheme", "light"),
            java_script_enabled=options.get("script", True),
        )
        opened.append(page)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(path.as_uri())
        return page

    yield open_page
    for page in opened:
        page.close()
    assert errors == []
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []


def registers(timeline: Timeline, moment: int, language: str) -> dict[str, str]:
    """Spell what the registers hold after `moment` steps, from the timeline alone."""
    spelling = Spelling(timeline.regions)
    state = timeline.state(moment - 1)
    written = {c.slot for c in timeline.start}
    written |= {c.slot for one in timeline.steps[:moment] for c in one.changes}
    unknown = UNKNOWN[language]
    return {
        name: unknown[name in written]
        if word is None
        else spelling.word(word, name in state.pointers)
        for name, word in state.registers.items()
    }


UNKNOWN = {
    "en": ("never written", "clobbered by the call"),
    "fr": ("jamais écrit", "perdu à l’appel"),
}


def stack(timeline: Timeline, moment: int) -> dict[str, list[str]]:
    """Return the written slots of all stacks after `moment` steps."""
    slots = {
        c.slot
        for one in timeline.steps
        for c in one.changes
        if c.slot.startswith("stack")
    }
    memory = timeline.state(moment - 1).memory
    shown = {}
    for slot in slots:
        region, offset = slot.split("+")
        start = int(offset) // 8 * 8
        shown[f"{region}+{start}:8"] = memory[region][start : start + 8]
    return shown


def disagreements(page: Any, timeline: Timeline, moment: int, language: str) -> list:
    """Return where the page and the timeline differ."""
    pairs = [
        (page.evaluate(REGISTERS), registers(timeline, moment, language)),
        (page.evaluate(STACK), stack(timeline, moment)),
    ]
    return [(seen, recorded) for seen, recorded in pairs if seen != recorded]


# ---- what it shows -------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["talk", "short", "calls"])
def test_every_step_shows_the_recorded_state(
    show: Open, timelines: dict[str, Timeline], name: str, language: str
) -> None:
    timeline = timelines[name]
    page = show(timeline, language=language)
    page.focus(VIEW)
    for moment in range(len(timeline.steps) + 1):
        assert disagreements(page, timeline, moment, language) == []
        page.keyboard.press("ArrowRight")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["talk", "short", "calls", "loop"])
def test_every_announcement_is_the_sentence_of_python(
    show: Open, timelines: dict[str, Timeline], name: str, language: str
) -> None:
    timeline = timelines[name]
    page = show(timeline, language=language)
    view = step(timeline)
    for base in (16, 10) if name != "loop" else (16,):
        page.focus(VIEW)
        page.keyboard.press("Home")
        for sentence in Text(timeline, view.phrases, base).sentences():
            assert page.text_content(LIVE) == sentence
            assert page.get_attribute(".tape", "aria-valuetext") == sentence
            page.keyboard.press("ArrowRight")
        page.keyboard.press("x")


@pytest.mark.parametrize("name", ["talk", "calls", "loop"])
def test_walking_to_and_fro_shows_equal_states(
    show: Open, timelines: dict[str, Timeline], name: str
) -> None:
    timeline, choose = timelines[name], random.Random(9669)
    page = show(timeline)
    page.focus(VIEW)
    moves = {"ArrowRight": 1, "ArrowLeft": -1, "PageDown": 10, "PageUp": -10}
    moment = 0
    for _ in range(WALK):
        key = choose.choice(list(moves))
        page.keyboard.press(key)
        moment = max(0, min(len(timeline.steps), moment + moves[key]))
        assert disagreements(page, timeline, moment, "en") == []


def test_a_wrong_register_and_a_wrong_byte_are_found(
    show: Open, timelines: dict[str, Timeline]
) -> None:
    """The oracle can fail: another recording's page does not agree."""
    timeline = timelines["talk"]
    page = show(timeline, edit=lambda text: text.replace('\\"0x40\\"', '\\"0x41\\"'))
    page.focus(VIEW)
    for _ in range(13):
        page.keyboard.press("ArrowRight")
    assert disagreements(page, timeline, 13, "en")
    page = show(timeline, edit=lambda text: text.replace('\\"4a00\\"', '\\"4b00\\"'))
    page.focus(VIEW)
    for _ in range(14):
        page.keyboard.press("ArrowRight")
    assert disagreements(page, timeline, 14, "en")


def test_the_packet_and_the_events_open_when_touched(
    show: Open, timelines: dict[str, Timeline]
) -> None:
    page = show(timelines["talk"])
    page.focus(VIEW)
    open_drawers = "() => document.querySelectorAll('.mem .drawer[open]').length"
    for _ in range(26):
        page.keyboard.press("ArrowRight")
        assert page.evaluate(open_drawers) == 0
    top = "() => document.querySelector('.cols').getBoundingClientRect().bottom"
    before = page.evaluate(top)
    page.keyboard.press("ArrowRight")
    assert page.evaluate(open_drawers) == 2
    assert page.evaluate(top) == before
    record = page.text_content(".record")
    assert "80 bytes" in record
    assert "time=0x76100ace0f0 pkt_len=0x4a" in record
    assert page.locator("button.f.r").count() == len(
        [f for f in timelines["talk"].fields if f.region == "packet"]
    ) + 1  # fmt: skip
    page.keyboard.press("ArrowLeft")
    assert page.evaluate(open_drawers) == 0


def test_the_branch_shows_its_values_and_its_way(
    show: Open, timelines: dict[str, Timeline]
) -> None:
    page = show(timelines["talk"], width=1400)
    page.focus(VIEW)
    page.keyboard.press("b")
    page.keyboard.press("b")
    assert page.text_content(".say .pred") == "w2 0x4a < 0x40 ? no ━▶ 12"
    row = " ".join(page.inner_text(".l.on").split())
    assert row == "▶ 11 if w2 < 64 goto pc+1 0x4a < 0x40 ? no"
    assert page.get_attribute(".l.nx", "data-pc") == "12"
    assert page.locator("g.fall.on").count() == 1
    assert page.locator("g.on").count() == 2
    assert page.locator("g.taken").count() == 0
    page.keyboard.press("x")
    assert page.text_content(".say .pred") == "w2 74 < 64 ? no ━▶ 12"


@pytest.mark.parametrize("width", [720, 1100, 1400])
@pytest.mark.parametrize("size", ["", "large"])
def test_the_listing_does_not_jump(
    show: Open, timelines: dict[str, Timeline], size: str, width: int
) -> None:
    """No row gets higher when it is the current one, and none is cut in half."""
    page = show(timelines["talk"], size=size, width=width)
    page.focus(VIEW)
    heights = "() => [...document.querySelectorAll('.l')].map(row => row.offsetHeight)"
    cut = """() => {
      const place = node => node.getBoundingClientRect()
      const list = document.querySelector('.asm .scroll'), { top } = place(list)
      const rows = [...list.querySelectorAll('.l, .cl')].map(place)
      const { bottom } = place(list.querySelector('.l.on'))
      const first = rows.find(row => row.bottom > top + 2)
      return Math.abs(first.top - top) > 2 || bottom > top + list.clientHeight + 1
    }"""
    before = page.evaluate(heights)
    for _ in timelines["talk"].steps:
        page.keyboard.press("ArrowRight")
        assert page.evaluate(heights) == before
        assert not page.evaluate(cut)


def test_a_fault_is_shown_where_it_happened(
    show: Open, timelines: dict[str, Timeline]
) -> None:
    fault = Outcome(fault="read outside the packet", fault_pc=8)
    steps = timelines["talk"].steps
    page = show(replace(timelines["talk"], steps=steps[:8], outcome=fault))
    page.focus(VIEW)
    page.keyboard.press("End")
    assert "Fault at 8, w2 = w1: read outside the packet" in page.text_content(".say")
    assert page.text_content(".l.nx").startswith("✕")
    page = show(replace(timelines["talk"], steps=(), outcome=fault))
    assert "read outside the packet" in page.text_content(".say")


# ---- how it is operated --------------------------------------------------------


def moment_of(page: Any) -> int:
    return int(page.get_attribute(".tape", "aria-valuenow"))


@pytest.mark.parametrize(
    ("keys", "moment"),
    [
        ("End", 29),
        ("End Home", 0),
        ("PageDown", 10),
        ("PageDown PageDown PageUp", 10),
        ("b", 7),
        ("b b", 12),
        ("End B", 12),
        ("End p", 27),
        ("n", 3),
        ("n n n n", 15),
        ("b w", 3),
        ("g 2 1 Enter", 21),
        ("g 2 1 Enter ArrowLeft", 20),
        ("g 2 1 Escape ArrowRight", 1),
        ("g : 1 4 Enter", 15),
        ("g x Enter", 0),
    ],
)
def test_keys(
    show: Open, timelines: dict[str, Timeline], keys: str, moment: int
) -> None:
    page = show(timelines["talk"])
    page.focus(VIEW)
    for key in keys.split():
        page.keyboard.press(key)
    assert moment_of(page) == moment


def test_space_plays_and_pauses(show: Open, timelines: dict[str, Timeline]) -> None:
    page = show(timelines["talk"])
    page.focus(VIEW)
    page.keyboard.press(" ")
    page.wait_for_function("document.querySelector('.tape').ariaValueNow >= 2")
    page.keyboard.press(" ")
    moment = moment_of(page)
    page.wait_for_timeout(900)
    assert moment_of(page) == moment


def test_keys_do_nothing_outside_the_view(
    show: Open, timelines: dict[str, Timeline]
) -> None:
    page = show(timelines["talk"])
    for key in ("ArrowRight", "End", "b", "x", " "):
        page.keyboard.press(key)
    assert moment_of(page) == 0
    page.focus(VIEW)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowRight")
    assert moment_of(page) == 1


def test_the_help_lists_every_key(show: Open, timelines: dict[str, Timeline]) -> None:
    page = show(timelines["talk"])
    page.focus(VIEW)
    page.keyboard.press("?")
    listed = page.inner_text(".keylist dl")
    for key in ("←", "PgDn", "b", "w", "x", "g", "Space", "?", "Esc"):
        assert key in listed
    bottom = "document.querySelector('.keylist').getBoundingClientRect().bottom"
    assert page.evaluate(bottom) <= page.viewport_size["height"] + 1  # rounding
    page.keyboard.press("?")
    assert page.locator(".keylist[open]").count() == 0


def test_a_click_chooses_and_goes(show: Open, timelines: dict[str, Timeline]) -> None:
    page = show(timelines["talk"])
    page.click(".l[data-pc='15']")
    assert moment_of(page) == 16
    page.click("tr[data-row='r7'] td.lv")
    assert page.text_content("[data-act=who]") == "who wrote r7?"
    page.click("[data-act=who]")
    assert moment_of(page) == 13
    page.click(".slot .pick >> nth=0")
    assert page.text_content("[data-act=after]") == "change of fp-8 ▶"
    page.click("[data-act=after]")
    assert moment_of(page) == 14
    focused = page.evaluate("document.activeElement.dataset.act")
    assert focused == "after"


def test_the_selector_chooses_among_runs(
    show: Open, timelines: dict[str, Timeline]
) -> None:
    page = show(timelines["talk"], timelines["short"])
    page.focus(VIEW)
    page.keyboard.press("End")
    page.select_option("select", index=1)
    assert moment_of(page) == 28
    assert disagreements(page, timelines["short"], 28, "en") == []
    assert page.evaluate("document.activeElement.tagName") == "SELECT"


def test_two_equal_views_on_one_page_are_apart(
    show: Open, timelines: dict[str, Timeline]
) -> None:
    again = step(timelines["talk"]).html()
    page = show(
        timelines["talk"], edit=lambda text: text.replace("</body>", f"{again}</body>")
    )
    views = page.locator(VIEW)
    assert views.count() == 2
    views.nth(1).focus()
    page.keyboard.press("End")
    now = [tape.get_attribute("aria-valuenow") for tape in page.locator(".tape").all()]
    assert now == ["0", "29"]


# ---- for everyone --------------------------------------------------------------

CONTROLS = "button, input, select, summary, [role=slider], [role=region], [role=group]"
NAMELESS = f"""() => [...document.querySelectorAll('{CONTROLS}')]
  .filter(n => n.checkVisibility())
  .filter(n => !(n.ariaLabel || (n.closest('label') ?? n).textContent).trim())
  .map(n => n.outerHTML)"""
SMALL = f"""() => [...document.querySelectorAll('{CONTROLS}')]
  .filter(n => n.checkVisibility() && n.offsetHeight < 24).map(n => n.outerHTML)"""


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_control_has_a_name_and_a_size(
    show: Open, timelines: dict[str, Timeline], language: str
) -> None:
    page = show(timelines["talk"], timelines["short"], language=language)
    page.focus(VIEW)
    for key in ("Home", "End", "?"):
        page.keyboard.press(key)
        assert page.evaluate(NAMELESS) == []
        assert page.evaluate(SMALL) == []
    assert page.get_attribute(VIEW, "lang") == language
    names = page.locator(VIEW).aria_snapshot()
    assert "slider" in names
    assert "rowheader" in names


def test_a_nameless_control_is_found(
    show: Open, timelines: dict[str, Timeline]
) -> None:
    page = show(timelines["talk"])
    page.evaluate("document.querySelector('[data-act=first]').ariaLabel = ''")
    page.evaluate("document.querySelector('[data-act=first]').textContent = ''")
    assert len(page.evaluate(NAMELESS)) == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast(show: Open, timelines: dict[str, Timeline], scheme: str) -> None:
    page = show(timelines["talk"], timelines["short"], scheme=scheme)
    page.focus(VIEW)
    page.keyboard.press("?")
    for moment in range(30):
        if moment in (0, 7, 12, 14, 15, 27, 29):
            assert page.evaluate(CONTRAST) == [], moment
        page.keyboard.press("ArrowRight")


def test_weak_contrast_is_found(show: Open, timelines: dict[str, Timeline]) -> None:
    page = show(timelines["talk"])
    page.add_style_tag(content=".ebpflab { --ink2: #999 !important }")
    assert page.evaluate(CONTRAST)


@pytest.mark.parametrize("size", ["", "large"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_runs_over_the_side(
    show: Open, timelines: dict[str, Timeline], width: int, size: str, language: str
) -> None:
    page = show(timelines["talk"], width=width, size=size, language=language)
    page.focus(VIEW)
    wide = """() => [...document.querySelectorAll('.stepper *')]
      .filter(n => n.checkVisibility() && !n.closest('svg, .hidden'))
      .filter(n => n.getBoundingClientRect().right > innerWidth + 1)
      .map(n => n.outerHTML.slice(0, 80))"""
    for key in ("Home", "b", "End", "?"):
        page.keyboard.press(key)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        assert page.evaluate(wide) == []


def test_nothing_moves_while_stepping(
    show: Open, timelines: dict[str, Timeline]
) -> None:
    page = show(timelines["talk"])
    page.focus(VIEW)
    places = """() => ['.tape', '.nav', '.cols', '.regs', '.stk', '.mem']
      .map(name => document.querySelector(name).getBoundingClientRect().top)"""
    before = page.evaluate(places)
    for _ in range(29):
        page.keyboard.press("ArrowRight")
        assert page.evaluate(places) == before


def test_the_usual_view_fits_a_screen(
    show: Open, timelines: dict[str, Timeline]
) -> None:
    page = show(timelines["talk"], timelines["short"])
    assert page.evaluate(f"document.querySelector('{VIEW}').offsetHeight") <= 645


def test_without_scripts_the_text_stays(
    show: Open, timelines: dict[str, Timeline]
) -> None:
    page = show(timelines["talk"], script=False)
    assert page.inner_text(".ebpflab-text") == step(timelines["talk"]).text
