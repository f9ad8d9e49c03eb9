"""The static decks in a browser, over file://: read, walked and stepped by keyboard.

What a stepper shows is compared with the timeline of the deck's own run. Each check
proves once that it can fail. Not here: the same decks in JupyterLab (tests/lab).
"""

import platform
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.decks.geometry import complaints
from tests.lab.recorded import (
    REGISTERS,
    ROOT,
    cells,
    label,
    language,
    notebooks,
    ran,
    recorded,
    registers,
)
from tests.lessons.test_shape import (
    bad_spaces,
    different_code,
    long_prose,
    old_translations,
)

DECKS = notebooks("slides")
SIZES = ((1920, 1080), (1280, 720))
SOURCE = ROOT / "notebooks" / "en" / "xdp_sample.c"
NOW = "body > section.now"
VIEW = f"{NOW} .ebpflab.stepper"
OTHER_VIEW = f"{NOW} .ebpflab:not(.stepper)"
STEPS_OF_VIEWS = {  # and what leads back, once a view's end is past
    "ArrowLeft": "PageDown",
    "ArrowRight": "PageUp",
    "ArrowDown": "PageUp",
}
MINUTES = 25  # a deck
SHAPE = (different_code, old_translations, bad_spaces, long_prose)
PAGES = re.compile(rb"/Type\s*/Page\b")
Open = Callable[..., Any]

each_deck = pytest.mark.parametrize("path", DECKS, ids=label)
# The keys are those of deck.js: one deck of each language tells enough.
each_language = pytest.mark.parametrize(
    "path", [path for path in DECKS if path.name == DECKS[0].name], ids=label
)


@pytest.fixture
def show(browser: Any, tmp_path: Path) -> Iterator[Open]:
    """Return a function that opens a deck; afterwards no request went anywhere."""
    pytest.importorskip("nbconvert", reason="nbconvert is not installed")
    from ebpflab_widgets.deck import page as page_of

    pages, wrong = [], []

    def open_deck(
        path: Path, size: tuple[int, int] = SIZES[0], scheme: str = "light"
    ) -> Any:
        target = tmp_path / f"{label(path)}.html"
        target.write_text(page_of(ran(path), language(path)))
        page = browser.new_page(
            viewport={"width": size[0], "height": size[1]},
            color_scheme=scheme,
            reduced_motion="reduce",
        )
        pages.append(page)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda request: wrong.append(request.url))
        page.goto(target.as_uri())
        assert wrong.pop(0) == target.as_uri()
        page.left = wrong
        return page

    yield open_deck
    for page in pages:
        page.close()
    assert [one for one in wrong if not one.startswith("data:")] == []


def number(page: Any) -> str:
    """Return what the page counts: "2 / 5"."""
    return str(page.locator("nav output").inner_text())


def go_to_the_view(page: Any) -> None:
    for _ in range(99):
        if page.locator(VIEW).count():
            return
        page.keyboard.press("ArrowRight")
    pytest.fail("no slide has a view")


# ---- what is seen --------------------------------------------------------------


@each_deck
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[1]}p")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_slide_can_be_read_in_the_last_row(
    show: Open, path: Path, size: tuple[int, int], scheme: str
) -> None:
    page = show(path, size, scheme)
    count = page.locator("body > section").count()
    for index in range(count):
        assert number(page) == f"{index + 1} / {count}"
        assert complaints(page) == []
        page.keyboard.press(("ArrowRight", "PageDown", "Space")[index % 3])


def step_through(page: Any, key: str) -> None:
    """Press a key as long as it changes the slide's view, and read each state."""
    here, before = number(page), ""
    while number(page) == here:
        now = page.locator(OTHER_VIEW).inner_html()
        if now == before:
            return
        assert complaints(page) == []
        page.keyboard.press(key)
        before = now


@each_deck
def test_every_view_can_be_read_wherever_it_stands(show: Open, path: Path) -> None:
    page = show(path)
    for _ in range(page.locator("body > section").count()):
        here = number(page)
        for key in STEPS_OF_VIEWS if page.locator(OTHER_VIEW).count() else ():
            page.keyboard.press("Enter")
            step_through(page, key)
            if number(page) != here:
                page.keyboard.press(STEPS_OF_VIEWS[key])
            assert number(page) == here
        page.keyboard.press("Escape")
        page.keyboard.press("PageDown")
    assert number(page).startswith(f"{page.locator('body > section').count()} ")


@each_deck
def test_every_step_can_be_read_in_the_last_row(show: Open, path: Path) -> None:
    page = show(path)
    go_to_the_view(page)
    page.keyboard.press("Enter")
    page.keyboard.press("Home")
    for _ in range(len(recorded(path)[0].timeline.steps) + 1):
        assert complaints(page) == []
        page.keyboard.press("ArrowRight")


PLANTED = (
    "h1 { font-size: 27px !important }",
    "h1 { position: absolute; left: -40px }",
    "h1 + ul { margin-top: -3em !important }",
    "section { height: 220px; overflow: hidden }",
    "section { display: none }",
)


@pytest.mark.parametrize("rule", PLANTED)
def test_a_slide_that_cannot_be_read_is_found(show: Open, rule: str) -> None:
    page = show(DECKS[0])
    assert complaints(page) == []
    page.add_style_tag(content=rule)
    assert complaints(page) != []


def test_a_request_that_leaves_is_found(show: Open) -> None:
    page = show(DECKS[0])
    page.evaluate("() => fetch('http://192.0.2.1/').catch(() => {})")
    assert page.left == ["http://192.0.2.1/"]
    page.left.clear()


# ---- keys ----------------------------------------------------------------------


@each_language
@pytest.mark.parametrize("key", ["ArrowRight", "PageDown", "Space"])
def test_the_view_is_stepped_and_then_the_deck_moves(
    show: Open, path: Path, key: str
) -> None:
    page = show(path)
    go_to_the_view(page)
    here = number(page)
    page.keyboard.press("Enter")
    (one,) = recorded(path)
    view = page.locator(VIEW)
    for moment in range(one.at, len(one.timeline.steps) + 1):
        assert number(page) == here
        assert view.evaluate(REGISTERS) == registers(one.timeline, moment)
        page.keyboard.press(key)
    assert number(page) != here
    page.keyboard.press("ArrowLeft")
    assert number(page) == here


@each_language
def test_the_registers_of_another_step_are_others(show: Open, path: Path) -> None:
    page = show(path)
    go_to_the_view(page)
    (one,) = recorded(path)
    seen = page.locator(VIEW).evaluate(REGISTERS)
    assert seen != registers(one.timeline, one.at - 3)


@each_language
def test_escape_leaves_the_view(show: Open, path: Path) -> None:
    page = show(path)
    go_to_the_view(page)
    here = number(page)
    page.locator(VIEW).click(position={"x": 5, "y": 5})
    page.keyboard.press("ArrowRight")
    assert number(page) == here
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowRight")
    assert number(page) != here


@each_language
def test_the_notes_open_in_a_window_of_their_own(show: Open, path: Path) -> None:
    page = show(path)
    with page.expect_popup() as opened:
        page.keyboard.press("s")
    notes = opened.value
    first = page.locator(f"{NOW} .notes").inner_html()
    assert "minute" in first
    assert first in notes.content()
    notes.keyboard.press("ArrowRight")
    assert number(page).startswith("2 ")
    assert page.locator(f"{NOW} .notes").inner_html() in notes.content()
    notes.close()


@each_language
def test_the_theme_is_swapped_by_key(show: Open, path: Path) -> None:
    page = show(path)
    ground = "() => getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.keyboard.press("t")
    dark = page.evaluate(ground)
    page.keyboard.press("t")
    assert page.evaluate(ground) == light != dark


@each_language
def test_a_slide_has_an_address(show: Open, path: Path) -> None:
    page = show(path)
    page.evaluate("() => { location.hash = '#3' }")
    page.wait_for_function(
        "() => document.querySelector('output').value.startsWith('3')"
    )
    page.reload()
    page.left.pop()
    assert number(page).startswith("3 ")


@each_language
def test_the_print_has_one_page_a_slide(show: Open, path: Path) -> None:
    page = show(path)
    printed = page.pdf(prefer_css_page_size=True)
    assert len(PAGES.findall(printed)) == page.locator("body > section").count()


# ---- what is said --------------------------------------------------------------


def sources(path: Path, kind: str) -> list[str]:
    return ["".join(c["source"]) for c in cells(path) if c["cell_type"] == kind]


def quoted(path: Path) -> tuple[list[list[str]], list[str]]:
    """Return the C blocks that a deck quotes, and the instructions in its tables."""
    texts = sources(path, "markdown")
    blocks = [b for text in texts for b in re.findall(r"```c\n(.*?)```", text, re.S)]
    rows = [r for text in texts for r in re.findall(r"^\| `(.*?)` \|", text, re.M)]
    return [block.splitlines() for block in blocks], rows


def unquotable(lines: list[str], text: str) -> list[str]:
    """Return the lines that do not stand in a text; "…" stands for anything."""
    whole = " ".join(text.split())
    return [
        line
        for line in lines
        if not re.search(".*".join(map(re.escape, line.strip().split("…"))), whole)
    ]


@each_deck
def test_what_a_deck_quotes_is_the_program(path: Path) -> None:
    import ebpflab as lab

    own = "\n".join(sources(path, "code"))
    source = SOURCE.read_text()
    listing = lab.disassemble(lab.compile(source).programs["xdp_sample_prog"])
    blocks, rows = quoted(path)
    assert blocks
    assert rows
    for lines in blocks:
        assert len(lines) <= 5
        assert unquotable(lines, source + own) == []
    assert [row for row in rows if row not in listing + own] == []


def test_linux_accepts_the_two_programs_of_the_last_slide(linux: Any) -> None:
    import ebpflab as lab

    mended = SOURCE.read_text()
    for source in (mended, mended.replace("data >= data_end", "data < data_end")):
        program = lab.compile(source).programs["xdp_sample_prog"]
        assert linux.verify(program).accepted


def test_a_false_quotation_is_found() -> None:
    assert unquotable(["if (a < b) return 1;", "f(a, …);"], "f(a, b);") == [
        "if (a < b) return 1;"
    ]


@each_deck
def test_each_slide_has_notes_and_its_minutes(path: Path) -> None:
    from ebpflab_widgets.deck import slides

    deck = slides(ran(path).cells)
    said = [re.findall(r"<strong>(\d+)\sminutes?\.</strong>", str(one)) for one in deck]
    assert [len(minutes) for minutes in said] == [1] * len(deck)
    assert sum(int(minutes) for (minutes,) in said) <= MINUTES


@pytest.mark.parametrize("check", SHAPE, ids=lambda check: check.__name__)
def test_decks_have_the_shape_of_lessons(check: Callable[[Path], list[str]]) -> None:
    assert check(ROOT / "slides") == []


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_machine_code_is_what_linux_made(linux: Any, language: str) -> None:
    """Its bytes stand on the slide in the order of Linux's image."""
    import ebpflab as lab
    from ebpflab.linux.jited import jited

    if platform.machine() != "x86_64":
        pytest.skip("the slide shows x86-64")
    path = ROOT / "slides" / language / "03-how-ebpf-works.ipynb"
    texts = "\n".join(sources(path, "markdown"))
    shown = re.findall(r"\| `((?:[0-9a-f]{2} )+[0-9a-f]{2})` \|", texts)
    assert shown
    program = lab.compile(SOURCE.read_text()).programs["xdp_sample_prog"]
    try:
        image = jited(program)
    except lab.LinuxError as error:
        pytest.skip(str(error))
    at = 0
    for code in shown:
        found = image.find(bytes.fromhex(code), at)
        assert found >= at, code
        at = found + 1


@each_deck
def test_a_deck_ends_with_something_to_see(path: Path) -> None:
    """JupyterLab starts a deck where the last run ended: on its last cell."""
    kind = cells(path)[-1]["metadata"].get("slideshow", {}).get("slide_type", "-")
    assert kind not in {"notes", "skip"}
