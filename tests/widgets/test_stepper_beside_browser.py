"""The verdict beside a run, explorations, stops, predictions: in a real browser.

What stands beside a value is compared with what the engine claims, what is announced
with the sentences of Python. Not here: the run itself (test_stepper_browser.py).
"""

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ebpflab_widgets import step, watch
from ebpflab_widgets.text import Text
from ebpflab_widgets.walk_text import WalkText
from ebpflab_widgets.words import claimed

import ebpflab as lab
from ebpflab.claims import claims
from tests.widgets import talk
from tests.widgets.conftest import with_calls
from tests.widgets.explored import assembled, many_states
from tests.widgets.test_stepper_browser import (
    CONTRAST,
    LANGUAGES,
    LIVE,
    NAMELESS,
    SMALL,
    VIEW,
    WIDTHS,
    moment_of,
)

# Beside each register: the claim's words, the check, where dot and bands are drawn.
BESIDE = """() => {
  const place = node => {
    const { left, right } = node.getBoundingClientRect()
    return [left, right]
  }
  const rows = [...document.querySelectorAll('.regs tbody tr')]
  return Object.fromEntries(rows.map(row => {
    const seen = name => [...row.querySelectorAll(name)]
      .filter(node => node.checkVisibility()).map(place)
    const text = name => row.querySelector(name).textContent
    return [row.dataset.row, {
      words: text('.cw'), check: text('td.ck'),
      bands: seen('.rule b'), dots: seen('.rule i'),
    }]
  }))
}"""
EVERYTHING = """() => ['.say', '.regs', '.stk', '.tape', '.asm .l.on', '.mem']
  .map(name => document.querySelector(name)?.innerText)"""
WIDE = """() => [...document.querySelectorAll('.stepper *')]
  .filter(n => n.checkVisibility() && !n.closest('svg, .hidden'))
  .filter(n => n.getBoundingClientRect().right > innerWidth + 1)
  .map(n => n.outerHTML.slice(0, 80))"""

Show = Callable[..., Any]


@pytest.fixture
def show(
    browser: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Show]:
    """Return a function that opens saved views; nothing fails, nobody is asked."""
    pages, errors, requests = [], [], []

    def open_page(make: Callable[[], Any], **options: Any) -> Any:
        monkeypatch.setenv("EBPFLAB_LANG", options.get("language", "en"))
        path = tmp_path / f"{len(pages)}.html"
        make().save(path)
        if "more" in options:
            more = options["more"]().html()
            path.write_text(path.read_text().replace("</body>", f"{more}</body>"))
        page = browser.new_page(
            viewport={"width": options.get("width", 1100), "height": 760},
            color_scheme=options.get("scheme", "light"),
        )
        pages.append(page)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(path.as_uri())
        page.focus(VIEW)
        return page

    yield open_page
    for page in pages:
        page.close()
    assert errors == []
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []


def press(page: Any, keys: str) -> None:
    for key in keys.split():
        page.keyboard.press(key)


def beside(**options: Any) -> Any:
    return step(talk.run(), beside=talk.verdict(), **options)


# ---- beside --------------------------------------------------------------------


def test_each_claim_stands_beside_its_value(show: Show) -> None:
    run, verdict = talk.run(), talk.verdict()
    page = show(lambda: step(run, beside=verdict))
    drawn = {one["t"]: one for one in beside()._claims.drawn}
    for expected in claims(run, verdict):
        page.keyboard.press("ArrowRight")
        seen = page.evaluate(BESIDE)
        for slot, claim in expected.items():
            if slot.startswith("fp"):
                continue
            assert seen[slot]["words"] == claimed(drawn[str(claim)], 16), slot
            assert seen[slot]["check"] == "✓"
            if seen[slot]["bands"] and not claim.is_pointer:
                (left, right), (dot, end) = (
                    seen[slot]["bands"][0],
                    seen[slot]["dots"][0],
                )
                assert left - 1 <= (dot + end) / 2 <= right + 1, slot


def test_an_open_value_and_a_broken_claim_look_different(show: Show) -> None:
    page = show(lambda: step(talk.run(talk.SHORT), beside=talk.verdict()))
    page.keyboard.press("End")
    row = page.evaluate(BESIDE)["r6"]
    assert (row["words"], row["check"]) == ("not relied on: any", "")
    page = show(lambda: step(talk.run(), beside=talk.lying()))
    assert page.text_content(".bar .shout") == "✕ 1 claim broken"
    press(page, "g 1 4 Enter")
    row = page.evaluate(BESIDE)["r6"]
    assert (row["words"], row["check"]) == ("NOT in 0x41", "✕")
    assert page.text_content(".say .shout").startswith("✕ r6 = 0x40 is OUTSIDE")
    assert page.text_content(".cells .now .cell") == "✕"
    press(page, "ArrowRight")
    assert page.evaluate(BESIDE)["r6"]["check"] != "✕"


@pytest.mark.parametrize("language", LANGUAGES)
def test_announcements_beside_are_those_of_python(show: Show, language: str) -> None:
    made = []
    page = show(
        lambda: made.append(step(talk.run(), beside=talk.lying())) or made[0],
        language=language,
    )
    (one,) = made[0]._shown
    text = Text(one.timeline, made[0]._phrases, beside=one.beside)
    for sentence in text.sentences():
        assert page.text_content(LIVE) == sentence
        page.keyboard.press("ArrowRight")


@pytest.mark.parametrize("language", LANGUAGES)
def test_announcements_of_paths_are_those_of_python(show: Show, language: str) -> None:
    made = []
    page = show(lambda: made.append(step(talk.verdict())) or made[0], language=language)
    walk = made[0]._shown[0].walk
    told = WalkText(walk, made[0]._phrases)
    for number, path in enumerate(walk.paths):
        page.select_option("select", index=number)
        press(page, "Escape")
        page.focus(VIEW)
        page.keyboard.press("Home")
        for sentence in told.of(path).sentences():
            assert page.text_content(LIVE) == sentence
            page.keyboard.press("ArrowRight")


VIEWS = {
    "beside": lambda: step(talk.run(), beside=talk.verdict()),
    "walk": lambda: step(talk.verdict()),
    "calls": lambda: step(with_calls()),
}


@pytest.mark.parametrize("name", VIEWS)
def test_any_way_to_a_moment_shows_the_same(show: Show, name: str) -> None:
    page, choose = show(VIEWS[name]), random.Random(9669)
    last = int(page.get_attribute(".tape", "aria-valuemax"))
    seen = {}
    for moment in range(last + 1):
        seen[moment] = page.evaluate(EVERYTHING)
        page.keyboard.press("ArrowRight")
    moves = ["ArrowLeft", "ArrowRight", "PageUp", "PageDown", "b", "B", "Home", "End"]
    for _ in range(40):
        page.keyboard.press(choose.choice(moves))
        assert page.evaluate(EVERYTHING) == seen[moment_of(page)]


# ---- an exploration ------------------------------------------------------------


def test_the_other_way_of_a_fork(show: Show) -> None:
    page = show(lambda: step(talk.verdict()))
    press(page, "b o")
    assert page.input_value("select") == "2"
    assert page.locator("g.taken").count() == 1
    assert moment_of(page) == 6
    assert page.evaluate("document.activeElement.className").startswith("ebpflab")
    press(page, "ArrowRight")
    assert "27: exit" in page.text_content(".say")
    press(page, "ArrowLeft o")
    assert page.locator("g.taken").count() == 0
    assert page.locator("g.fall.on").count() == 1
    press(page, "b")
    assert page.input_value("select") == "0"
    assert "r6 0…0xffff → 0x40…0xffff" in page.text_content(".say")


def test_many_paths_are_chosen_by_number(show: Show) -> None:
    page = show(lambda: step(lab.verify(many_states(9))))
    assert page.locator("input.chosen").get_attribute("max") == "512"
    page.fill("input.chosen", "400")
    page.keyboard.press("Enter")
    assert "⊆ pruned before 33" in page.text_content(".bar label")
    page.focus(VIEW)
    press(page, "End")
    assert "Pruned before" in page.text_content(LIVE)


# ---- closer, ahead, frames -----------------------------------------------------


def test_bits_and_ranges_of_the_selected_value(show: Show) -> None:
    page = show(beside)
    press(page, "g 1 2 Enter t")
    line = """() => [...document.querySelectorAll('.cells64.%s i')]
      .map(node => node.textContent).join('')"""
    assert page.evaluate(line % "live") == f"{74:064b}"
    assert page.evaluate(line % "claim") == "0" * 48 + "·" * 16
    rows = page.inner_text(".bits tbody")
    assert "64 bits, unsigned\t0x4a\t0…0xffff" in rows
    assert "var_off=(0x0; 0xffff)" in page.text_content(".bits .words")
    press(page, "ArrowRight ArrowRight")
    assert page.evaluate(line % "claim") == f"{64:064b}"
    page.click("tr[data-row=r1] button")
    assert "No number here" in page.inner_text(".bits")


def test_what_comes_next_is_previewed(show: Show) -> None:
    page = show(beside)
    press(page, "g 1 2 Enter")
    told = "next: w6 0x4a < 0x40 ? yes → 14, no → 13"
    assert told in page.text_content(".say .ahead")
    press(page, "g 2 3 Enter")
    ahead = page.text_content(".say .ahead")
    assert "loses r1–r5" in ahead
    assert "sends 80 bytes to my_map, CPU 0" in ahead
    soon = page.locator(".soon:not(:empty)").all_text_contents()
    assert soon == ["▷ written next", *["▷ lost next"] * 5]


def test_frames_lead_to_their_calls(show: Show) -> None:
    page = show(lambda: step(with_calls()))
    press(page, "g 5 Enter")
    assert page.inner_text(".frames [aria-pressed=true]") == "▸ frame 1, called at 2"
    page.click(".frames [data-frame='1']")
    assert moment_of(page) == 3


# ---- stops ---------------------------------------------------------------------


def test_it_stops_when_a_value_changes(show: Show) -> None:
    page = show(beside)
    page.click("tr[data-row=r0] button")
    page.focus(VIEW)
    press(page, "s r")
    assert moment_of(page) == 5
    assert page.text_content(".say .why") == "■ Stopped: r0 changed."
    press(page, "r")
    assert moment_of(page) == 10
    press(page, "R")
    assert moment_of(page) == 5
    page.click(".stops button")
    page.focus(VIEW)
    press(page, "r")
    assert moment_of(page) == 26


def test_it_stops_when_a_map_changes_and_at_an_instruction(show: Show) -> None:
    page = show(beside)
    page.click(".drawer:has(.records) summary")
    page.click("[data-slot=my_map]")
    page.focus(VIEW)
    press(page, "s r")
    assert moment_of(page) == 24
    assert "my_map changed" in page.text_content(LIVE)
    page.click(".l[data-pc='12'] .n")
    press(page, "Home r")
    assert moment_of(page) == 12
    assert page.text_content(".say .why") == "■ Stopped before 12."
    assert page.locator(".l.stop").count() == 1


# ---- predict, then reveal ------------------------------------------------------


def test_predictions_are_judged(show: Show) -> None:
    page = show(lambda: step(talk.run(), predict=True))
    assert page.locator(".tag").count() == 0
    for said, verdict in (("packet+0", "✓"), ("packet+1", "✕"), ("0x0", "✓")):
        press(page, "ArrowRight")
        page.keyboard.type(said)
        press(page, "Enter")
        assert page.text_content(".judged").startswith(verdict)
    assert moment_of(page) == 3
    assert page.inner_text(".predict small") == "2 of 3 right"
    page.click("[data-answer='']")
    page.click("[data-answer='']")
    assert "w6 0x4a <= w2 0 ?" in page.text_content(".asks")
    assert page.get_attribute(".l.nx", "data-pc") == "5"  # what runs, not where it goes
    page.focus(VIEW)
    press(page, "End b PageDown")
    assert moment_of(page) == 5
    page.click("[data-answer=no]")
    assert page.text_content(".judged") == "✓ Right: no."
    page.focus(VIEW)
    press(page, "Home ArrowRight")
    assert moment_of(page) == 1


def test_nothing_of_the_answer_is_drawn_before(show: Show) -> None:
    page = show(lambda: step(talk.run(), predict=True))
    for answer in ("packet+0", "packet+74", "XDP_PASS (2)", "80 bytes"):
        assert answer not in page.inner_text(VIEW)
    assert page.locator(".cells .cell:not(:empty)").count() <= 27
    drawn = page.locator(".cells .cell").all_text_contents()
    assert {text.strip() for text in drawn} == {"▹", ""}


# ---- with others on the page ---------------------------------------------------


def test_a_map_view_travels_along(show: Show) -> None:
    program = """
    #include <linux/bpf.h>
    #include <bpf/bpf_helpers.h>
    struct { __uint(type, BPF_MAP_TYPE_ARRAY); __type(key, __u32);
             __type(value, __u64); __uint(max_entries, 2); } counts SEC(".maps");
    SEC("xdp") int f(struct xdp_md *c) {
        __u32 key = 1; __u64 *found = bpf_map_lookup_elem(&counts, &key);
        if (found) ++*found;
        return XDP_PASS;
    }"""
    obj = lab.compile(program)
    run = lab.run(obj.programs["f"], bytes(64), maps=lab.maps(obj))
    page = show(lambda: step(run), more=lambda: watch(run))
    kinds = {line.pc: line.kind for line in run.timeline.listing}
    call = next(
        i for i, one in enumerate(run.timeline.steps, 1) if kinds[one.pc] == "call"
    )
    maps = page.locator(".watch [role=slider]")
    press(page, "End")
    assert maps.get_attribute("aria-valuenow") == "2"
    press(page, f"g {' '.join(str(call - 1))} Enter")
    assert maps.get_attribute("aria-valuenow") == "0"
    press(page, "ArrowRight")
    assert maps.get_attribute("aria-valuenow") == "1"
    page.click(".watch [data-act=last]")
    assert moment_of(page) > call


# ---- for everyone --------------------------------------------------------------

LOOKS = {
    "beside": (lambda size: step(talk.run(), beside=talk.lying(), size=size), "t"),
    "walk": (lambda size: step(talk.verdict(), size=size), "t"),
    "predict": (lambda size: step(talk.run(), predict=True, size=size), ""),
}


@pytest.mark.parametrize("name", LOOKS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_runs_over_the_side(show: Show, name: str, language: str) -> None:
    make, keys = LOOKS[name]
    for size in ("", "large"):
        page = show(lambda size=size: make(size), language=language)
        press(page, f"{keys} s")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 760})
            for key in ("Home", "b", "n", "End"):
                page.keyboard.press(key)
                wide = "document.documentElement.scrollWidth - innerWidth"
                assert page.evaluate(wide) <= 0, (width, size, key)
                assert page.evaluate(WIDE) == [], (width, size, key)


@pytest.mark.parametrize("name", LOOKS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_names_and_sizes(show: Show, name: str, scheme: str) -> None:
    make, keys = LOOKS[name]
    page = show(lambda: make(""), scheme=scheme)
    press(page, f"{keys} s S ?")
    for key in ("Home", "b", "n", "End"):
        page.keyboard.press(key)
        page.wait_for_timeout(150)
        assert page.evaluate(CONTRAST) == [], key
        assert page.evaluate(NAMELESS) == []
        assert page.evaluate(SMALL) == []


def test_the_usual_view_fits_700_pixels(show: Show) -> None:
    height = f"document.querySelector('{VIEW}').offsetHeight"
    page = show(beside)
    press(page, "g 1 2 Enter")
    assert page.evaluate(height) <= 700
    tops = """() => ['.tape', '.nav', '.cols', '.regs', '.stk', '.mem']
      .map(name => document.querySelector(name).getBoundingClientRect().top)"""
    before = page.evaluate(tops)
    for _ in range(13):
        page.keyboard.press("ArrowRight")
        assert page.evaluate(tops) == before


def test_a_refused_path_is_read_in_the_listing(show: Show) -> None:
    text = "r2 = *(u32 *)(r1 +0)\nr0 = *(u8 *)(r2 +14)\nexit"
    program = lab.assemble(text, type="xdp", name="bad")
    page = show(lambda: step(lab.verify(program)))
    press(page, "End")
    assert page.text_content(".say .bad").startswith("✕ Refused at 1")
    assert page.text_content(".l.on .p") == "✕"
    assert page.evaluate(CONTRAST) == []


def test_calls_that_are_walked_have_frames_and_stacks(show: Show) -> None:
    page = show(lambda: step(lab.verify(assembled("calls"))))
    press(page, "End")
    assert "This path is proved to its end." in page.text_content(LIVE)
    assert page.locator(".frames button").count() == 2
