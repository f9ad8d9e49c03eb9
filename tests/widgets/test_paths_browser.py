"""The paths view in a real browser, as an exported page without Python."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ebpflab_widgets import paths

import ebpflab as lab
from tests.widgets.explored import PROGRAMS, assembled, many_states
from tests.widgets.looks import cpu_of

Show = Callable[..., Any]
SECONDS = 30  # a hang, not a slow machine
OPENS = 2.0  # seconds of the page's own thread
ROUNDS = 3
# Seconds since the page was asked for.
DRAWN_AFTER = """() => new Promise(done => requestAnimationFrame(() =>
  setTimeout(() => done(performance.now() / 1000))))"""


@pytest.fixture
def show(
    browser: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Show]:
    """Return a function that opens the saved page; it asks nobody for anything."""
    errors, requests, pages = [], [], []

    def open_page(
        program: lab.Program, language: str = "en", width: int = 1100, **options: Any
    ) -> Any:
        monkeypatch.setenv("EBPFLAB_LANG", language)
        path = tmp_path / "paths.html"
        paths(lab.verify(program), **options).save(path)
        page = browser.new_page(viewport={"width": width, "height": 800})
        pages.append(page)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(path.as_uri())
        return page

    yield open_page
    for page in pages:
        page.close()
    assert errors == []
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []


def lead(page: Any) -> str:
    return page.locator(".paths .lead").text_content()


def test_the_exploration_is_walked_in_its_order_and_told(show):
    page = show(assembled("count_ff"))
    page.locator(".paths").focus()
    for n in range(2, 12):
        page.keyboard.press("ArrowRight")
        assert lead(page).startswith(f"{n} of 11")
        assert page.locator(".paths .live").text_content() == lead(page)
        chosen = page.locator(".paths .box[aria-pressed=true]")
        assert chosen.get_attribute("data-n") == str(n - 1)
    page.keyboard.press("Home")
    assert lead(page).startswith("1 of 11")


def test_a_pruned_stretch_shows_both_states(show):
    page = show(assembled("count_ff"))
    page.locator(".paths .box[data-n='7']").click()
    assert "At 9 its state fits in one already proved safe" in lead(page)
    assert "It was kept on 5." in lead(page)
    table = page.locator(".paths .pruned")
    assert "Why pruned at 9" in table.text_content()
    assert page.locator(".paths .covers").get_attribute("data-n") == "4"
    page.keyboard.press("c")
    assert lead(page).startswith("5 of 11")
    assert table.is_hidden()


def test_the_heat_marks_the_chosen_stretch(show):
    page = show(assembled("count_ff"))
    page.locator(".paths .box[data-n='7']").click()
    marked = page.locator(".paths .heat tr.on").all()
    assert [row.get_attribute("data-pc") for row in marked] == ["8", "11", "12", "13"]
    assert page.locator(".paths .heat .sum").text_content().endswith("49")


def test_the_hottest_come_first_when_asked(show):
    page = show(assembled("long_loop"))
    page.get_by_text("hottest first").click()
    first = page.locator(".paths .heat tbody tr").first
    assert first.get_attribute("data-pc") == "6"


def test_search_goes_from_stretch_to_stretch(show):
    page = show(assembled("nested"))
    page.locator(".paths input").fill("r0 = 2")
    page.keyboard.press("Enter")
    assert "5–12" in lead(page)
    first = lead(page)
    page.keyboard.press("Enter")
    assert lead(page) != first
    page.locator(".paths input").fill("nowhere")
    page.keyboard.press("Enter")
    assert "no such instruction" in page.locator(".paths .heat").text_content()


@pytest.mark.parametrize("name", ["nested", "calls"])
def test_every_stretch_is_shown_when_it_is_chosen(show, name):
    program = assembled(name)
    page, count = show(program), len(lab.verify(program).exploration.nodes)
    page.locator(".paths").focus()
    for n in range(count):
        box = page.locator(".paths .box[aria-pressed=true]")
        assert box.count() == 1, n
        assert box.get_attribute("data-n") == str(n)
        page.keyboard.press("ArrowRight")


def test_side_branches_are_entered_and_left(show):
    page = show(assembled("nested"))
    page.locator(".paths").focus()
    page.keyboard.press("End")
    assert lead(page).startswith("71 of 71")
    page.keyboard.press("ArrowUp")
    assert lead(page).startswith("1 of 71")
    page.locator(".paths .box", has_text="stretches below").first.click()
    page.keyboard.press("ArrowRight")  # into it
    page.locator(".paths .crumbs button").click()
    assert page.locator(".paths .crumbs").is_hidden()


def test_two_thousand_stretches_open_quickly_and_are_folded(show):
    page = show(many_states())
    page.wait_for_selector(".paths .box")
    spent, seconds = [], []
    for _ in range(ROUNDS):
        measure = cpu_of(page)
        page.reload()
        page.wait_for_selector(".paths .box")
        spent.append(measure())
        seconds.append(page.evaluate(DRAWN_AFTER))
    print(f"2,047 stretches open in {min(seconds):.2f} s, {min(spent):.2f} s of work")
    assert min(spent) < OPENS
    assert min(seconds) < SECONDS
    assert page.locator(".paths .box").count() < 40
    assert "2\u202f047" in page.locator(".paths .bar").first.text_content()


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_nothing_is_wider_than_the_page(show, name, language):
    page = show(assembled(name), language, 500)
    page.locator(".paths").focus()
    page.keyboard.press("End")
    for width in (500, 720, 1100, 1400):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_large_size_fits_too(show):
    page = show(assembled("nested"), "fr", 520, size="large")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert "tronçons" in page.locator(".paths").text_content()


def test_keys_stay_inside_and_escape_leaves(show):
    page = show(assembled("calls"))
    page.evaluate("document.addEventListener('keydown', e => window.heard = e.key)")
    page.locator(".paths").focus()
    page.keyboard.press("d")
    assert page.evaluate("window.heard") is None
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement === document.body")
