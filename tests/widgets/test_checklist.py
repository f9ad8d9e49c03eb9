"""The accessibility checklist of the views' design, a test a line, on every view.

Not here: how contrast, names and sizes are measured (`looks.js`); that each step's
announcement equals the recorded difference (the tests of each view).
"""

from typing import Any

import pytest

from tests.widgets import talk
from tests.widgets.looks import AT_EACH_WIDTH, DRAWN, table
from tests.widgets.pages import Show, opener, wrong
from tests.widgets.shown import VIEWS

LANGUAGES = ("en", "fr")
LIVE = "[aria-live]"
ZOOMED = 550  # CSS pixels of a window of 1,100 at 200 %
STOPS = 40  # of the tabulator, at most
WITH_TAPE = ("stepper", "watch")  # a slider that is the time itself
show = pytest.fixture(opener)
every_view = pytest.mark.parametrize("name", VIEWS)


# ---- roles and names -----------------------------------------------------------


@every_view
def test_a_view_is_a_group_with_a_name_that_the_tabulator_reaches(
    show: Show, name: str
) -> None:
    page = show(name, "en")
    view = page.locator(".ebpflab").first
    assert view.get_attribute("role") == "group"
    assert view.get_attribute("aria-label")
    page.keyboard.press("Tab")
    assert view.evaluate("view => view === document.activeElement")


@every_view
def test_a_slider_says_a_sentence(show: Show, name: str) -> None:
    said = """() => [...document.querySelectorAll('[role=slider]')]
      .filter(node => node.checkVisibility())
      .map(node => [node.ariaLabel, node.ariaValueText])"""
    for label, sentence in show(name, "en").evaluate(said):
        assert label
        assert sentence
        assert "{" not in sentence


@pytest.mark.parametrize("name", WITH_TAPE)
def test_the_tape_says_what_is_announced(show: Show, name: str) -> None:
    page = show(name, "en")
    page.locator(".ebpflab").first.focus()
    page.keyboard.press("Home")
    for _ in range(8):
        page.keyboard.press("ArrowRight")
        told = page.locator(LIVE).text_content()
        assert page.locator(".tape").first.get_attribute("aria-valuetext") == told


@every_view
def test_tabs_and_pressed_buttons_have_their_roles(show: Show, name: str) -> None:
    page = show(name, "en")
    odd = """() => [...document.querySelectorAll('[aria-pressed]')].filter(node =>
      !node.matches('button[aria-pressed=true], button[aria-pressed=false]'))
      .map(node => node.outerHTML.slice(0, 90))"""
    assert page.evaluate(odd) == []
    assert wrong(page, table("roles", "names")) == {}


# ---- one line that speaks ------------------------------------------------------


@every_view
def test_one_polite_line_speaks_and_says_one_thing(show: Show, name: str) -> None:
    page = show(name, "en")
    assert page.locator(LIVE).count() == 1
    assert page.locator(LIVE).get_attribute("aria-live") == "polite"
    page.locator(".ebpflab").first.focus()
    for key in ("Home", "ArrowRight", "ArrowDown", "ArrowLeft"):
        page.keyboard.press(key)
    told = page.locator(LIVE).text_content()
    assert "{" not in told
    assert "undefined" not in told


# ---- the registers -------------------------------------------------------------


def test_registers_are_a_table_whose_signs_have_names(show: Show) -> None:
    page = show("stepper", "en")
    page.locator(".ebpflab").first.focus()
    rows = page.locator(".regs tbody tr")
    assert rows.count() == page.locator(".regs tbody th[scope=row]").count() == 11
    seen = set()
    for _ in range(6):
        page.keyboard.press("ArrowRight")
        signs = page.locator(".regs [role=img]:not([aria-hidden=true])")
        names = [signs.nth(i).get_attribute("aria-label") for i in range(signs.count())]
        assert all(names)
        seen |= set(names)
    assert seen >= {"written", "read"}


def test_the_check_is_named_inside_the_claim(browser: Any, tmp_path: Any) -> None:
    from ebpflab_widgets import step

    step(talk.run(), beside=talk.verdict()).save(tmp_path / "beside.html")
    page = browser.new_page()
    page.goto((tmp_path / "beside.html").as_uri())
    page.locator(".ebpflab").first.focus()
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    inside = page.locator("[aria-label*='inside the claim']")
    assert inside.count() > 0
    assert inside.first.text_content() == "∈"
    page.close()


# ---- the focus -----------------------------------------------------------------


@every_view
def test_the_focus_has_its_ring_and_stays_when_things_are_drawn_again(
    show: Show, name: str
) -> None:
    page = show(name, "en")
    ring = table("ring")["ring"]
    stops = lost = 0
    for _ in range(STOPS):
        page.keyboard.press("Tab")
        somewhere, inside, has_ring, what = page.evaluate(ring)
        if not somewhere or not inside:
            break
        stops += 1
        assert has_ring, what
        for key in ("Enter", "ArrowRight", "ArrowLeft"):
            page.keyboard.press(key)
        somewhere, inside, *_ = page.evaluate(ring)
        lost += not (somewhere and inside)
    assert stops > 2
    assert lost == 0


@every_view
def test_whatever_is_clicked_is_24_pixels_high(show: Show, name: str) -> None:
    assert wrong(show(name, "en"), table("targets")) == {}


# ---- what is seen --------------------------------------------------------------


@every_view
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_contrast_of_texts_and_borders(show: Show, name: str, theme: str) -> None:
    page = show(name, "en", color_scheme=theme)
    assert wrong(page, table("contrast", "borders")) == {}


@every_view
def test_nothing_is_told_by_a_tooltip_alone(show: Show, name: str) -> None:
    alone = """() => [...document.querySelectorAll('.ebpflab [title]')].filter(node =>
      !node.textContent.trim() && !node.getAttribute('aria-label')
      && !node.closest('[aria-hidden=true]')).map(node => node.outerHTML)"""
    assert show(name, "en").evaluate(alone) == []


@every_view
@pytest.mark.parametrize("language", LANGUAGES)
def test_zoomed_to_200_per_cent(show: Show, name: str, language: str) -> None:
    size = {"width": ZOOMED, "height": 450}
    page = show(name, language, viewport=size, device_scale_factor=2)
    page.evaluate(DRAWN)
    assert wrong(page, AT_EACH_WIDTH) == {}


@every_view
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_language_is_said_and_french_has_its_spaces(
    show: Show, name: str, language: str
) -> None:
    page = show(name, language)
    assert page.locator(".ebpflab").first.get_attribute("lang") == language
    assert wrong(page, table("spaces")) == {}
