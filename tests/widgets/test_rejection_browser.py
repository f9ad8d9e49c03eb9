"""The rejection view in a real browser, as an exported page without Python."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ebpflab_widgets import explain

import ebpflab as lab
from tests.widgets.refusals import FAMILIES, SOURCE, verdict_of

Show = Callable[..., Any]


@pytest.fixture(scope="module")
def verdict() -> lab.Verdict:
    return lab.verify(lab.compile(SOURCE, file="drop.c").programs["drop_udp"])


@pytest.fixture
def show(
    browser: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Show]:
    """Return a function that opens the saved page; it asks nobody for anything."""
    errors, requests, pages = [], [], []

    def open_page(
        what: Any, language: str = "en", width: int = 1100, **options: Any
    ) -> Any:
        monkeypatch.setenv("EBPFLAB_LANG", language)
        path = tmp_path / "rejection.html"
        explain(what, **options).save(path)
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
    return page.locator(".rejection .lead").text_content()


def live(page: Any) -> str:
    return page.locator(".rejection .live").text_content()


def formula(page: Any) -> str:
    return page.locator(".rejection .formula > b").text_content()


def test_the_kernels_lines_stand_first_and_untouched(show, verdict):
    page = show(verdict)
    lines = page.locator(".rejection .kern").first.text_content()
    assert lines == verdict.rejection.message
    said = "Instruction 11 reads byte 23 of the packet, but only bytes 0 to 13"
    assert lead(page).startswith(said)
    assert formula(page) == "24 ≤ 14 ✕ no"


def test_the_proof_is_moved_by_keyboard_until_it_holds(show, verdict):
    page = show(verdict)
    page.locator(".rejection .hd").focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    assert formula(page) == "24 ≤ 24 ✓ yes"
    assert live(page) == "24 ≤ 24: holds."
    page.keyboard.press("Home")
    assert formula(page) == "24 ≤ 14 ✕ no"


def test_the_access_is_dragged_by_mouse(show, verdict):
    page = show(verdict)
    handle = page.locator(".rejection .ac")
    box, line = handle.bounding_box(), page.locator(".rejection .line").bounding_box()
    page.mouse.move(box["x"] + 3, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(line["x"] + 2, box["y"] + 5)
    page.mouse.up()
    assert formula(page) == "1 ≤ 14 ✓ yes"


def test_how_it_came_to_be_is_walked_and_told(show, verdict):
    page = show(verdict)
    rows = page.locator(".rejection .how button")
    rows.last.focus()
    page.keyboard.press("ArrowUp")
    cause = verdict.rejection.how[-1]
    assert rows.nth(1).get_attribute("aria-pressed") == "true"
    assert live(page) == f"{cause.at.pc}: {cause.at.text}. {cause.does}"
    marked = page.locator(".rejection .code .on").all_text_contents()
    assert any("eth + 1" in text for text in marked)
    rows.first.click()
    assert formula(page) == "24 ≤ 0 ✕ no"  # nothing was proved yet


def test_the_witness_strip_tells_each_input(show, verdict):
    page = show(verdict)
    strip = page.locator(".rejection .strip")
    assert strip.locator(".wrong").count() == 10
    strip.focus()
    page.keyboard.press("End")
    said = strip.get_attribute("aria-valuetext")
    assert "44 bytes: 2 (XDP_PASS)" in said
    assert live(page) == said
    page.keyboard.press("Home")
    assert "14 bytes: ✕" in live(page)
    assert "at instruction 11" in live(page)
    assert page.locator(".rejection .bytes .x").count() == 1


def test_the_fix_shows_the_recorded_second_verdict(show, verdict):
    page = show(verdict)
    assert page.locator(".rejection .after").is_hidden()
    page.get_by_text("apply and verify again").click()
    assert "accepted" in page.locator(".rejection .tag").text_content()
    kernel = page.locator(".rejection .kern")
    assert kernel.text_content().startswith("processed")
    assert "mended" in page.locator(".rejection .after").text_content()
    assert live(page) == lead(page)
    page.get_by_text("undo").click()
    assert "refused" in page.locator(".rejection .tag").text_content()
    assert kernel.text_content() == verdict.rejection.message


def test_escape_leaves_and_keys_stay_inside(show, verdict):
    page = show(verdict)
    page.evaluate("document.addEventListener('keydown', e => window.heard = e.key)")
    page.locator(".rejection").focus()
    page.keyboard.press("d")
    assert page.evaluate("window.heard") is None
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement === document.body")


@pytest.mark.parametrize("kind", FAMILIES)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_no_picture_is_wider_than_the_page(show, kind, language):
    verdict = verdict_of(kind)
    page = show(verdict, language, 500, tries=40)
    assert lead(page)
    for width in (500, 720, 1100, 1400):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator(".rejection").get_attribute("lang") == language


@pytest.mark.parametrize("width", [520, 1100])
def test_the_large_size_fits_too(show, verdict, width):
    page = show(verdict, "fr", width, size="large")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert "prouvés présents" in lead(page)


def test_every_control_has_a_name(show, verdict):
    page = show(verdict)
    for node in page.locator(".rejection :is(button, [role=slider])").all():
        name = node.get_attribute("aria-label") or node.text_content()
        assert name.strip()


def test_a_log_that_breaks_off_is_shown_as_far_as_it_goes(show, verdict):
    cut = verdict.log[: len(verdict.log) * 2 // 3]
    page = show(cut)
    assert page.locator(".rejection h2").text_content()
