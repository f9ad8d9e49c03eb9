"""The stepper without a browser: its text, its page, its errors, its two languages.

The oracle for what is told is the timeline itself: each value in a sentence is looked
up in it. Not here: what is drawn (test_stepper_browser.py).
"""

import importlib.util
import json
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from ebpflab_widgets import step
from ebpflab_widgets.stepper import LIMIT
from ebpflab_widgets.text import SHOWN, Text
from ebpflab_widgets.wording import catalogue, phrases

from ebpflab.errors import EbpfLabError, RunError
from ebpflab.results import Run
from ebpflab.timeline import Change, Outcome, Step, Timeline

LANGUAGES = ("en", "fr")
NBSP = "\u00a0"


def sentences(timeline: Timeline, language: str) -> list[str]:
    effects = {s.effect.key for s in timeline.steps if s.effect}
    return [*Text(timeline, phrases("stepper", language, effects)).sentences()]


def changed_at(timeline: Timeline, index: int, change: int, new: str) -> Timeline:
    """Return the timeline with one recorded value replaced: a planted error."""
    step = timeline.steps[index]
    changes = list(step.changes)
    changes[change] = replace(changes[change], new=new)
    steps = list(timeline.steps)
    steps[index] = replace(step, changes=tuple(changes))
    return replace(timeline, steps=tuple(steps))


# ---- the text ------------------------------------------------------------------


def test_the_header_tells_the_run(timelines: dict[str, Timeline]) -> None:
    first = step(timelines["talk"]).text.splitlines()[0]
    told = "29 instructions, returned 2 (XDP_PASS)"
    assert first == f"Run of xdp_sample_prog (xdp) on 74 bytes: {told}"


@pytest.mark.parametrize("name", ["talk", "short", "calls"])
def test_every_step_has_its_line(timelines: dict[str, Timeline], name: str) -> None:
    timeline = timelines[name]
    lines = step(timeline).text.splitlines()[1:-1]
    listing = {line.pc: line.text for line in timeline.listing}
    assert len(lines) == len(timeline.steps)
    for number, (line, one) in enumerate(zip(lines, timeline.steps, strict=True), 1):
        assert line.split()[:2] == [str(number), str(one.pc)]
        assert listing[one.pc] in line


def test_long_runs_are_cut_and_say_so(timelines: dict[str, Timeline]) -> None:
    text = step(timelines["loop"]).text
    lines = text.splitlines()
    left_out = len(timelines["loop"].steps) - SHOWN
    assert len(lines) == SHOWN + 3
    assert f"  … {left_out} steps left out" in lines
    assert lines[-2].split()[:3] == [str(len(timelines["loop"].steps)), "4", "exit"]


@pytest.mark.parametrize("index", [0, 7, 100, 205])
def test_changing_one_register_changes_the_text(
    timelines: dict[str, Timeline], index: int
) -> None:
    timeline = timelines["loop"]
    while not any(c.slot[0] == "r" for c in timeline.steps[index].changes):
        index -= 1
    other = changed_at(timeline, index, 0, "0xbad")
    assert step(other).text != step(timeline).text


def test_the_text_is_the_same_each_time(timelines: dict[str, Timeline]) -> None:
    assert step(timelines["talk"]).text == step(timelines["talk"]).text


def test_no_address_is_shown_as_a_number(timelines: dict[str, Timeline]) -> None:
    addresses = {
        change.new
        for one in timelines["talk"].steps
        for change in one.changes
        if change.slot in one.pointers
    }
    text = step(timelines["talk"]).text
    assert addresses
    assert not [word for word in addresses if re.search(rf"{word}\b", text)]


def test_several_runs_are_told_one_after_the_other(
    timelines: dict[str, Timeline],
) -> None:
    text = step([timelines["talk"], timelines["short"]]).text
    packet = "TCP 10.0.0.1:54321 → 10.0.0.2:80"
    first, second = f"run 1: {packet} SYN, 74 bytes", f"run 2: {packet} ACK, 60 bytes"
    assert text.index(first) < text.index(second)
    assert "on 60 bytes: 28 instructions" in text


def test_a_fault_ends_the_text(timelines: dict[str, Timeline]) -> None:
    fault = Outcome(fault="read outside the packet", fault_pc=8)
    faulty = replace(
        timelines["talk"], steps=timelines["talk"].steps[:8], outcome=fault
    )
    text = step(faulty).text
    assert "8 instructions, fault: read outside the packet" in text.splitlines()[0]
    last = " ".join(text.splitlines()[-2].split())
    assert last == "✕ 8 w2 = w1 fault: read outside the packet"
    assert len(text.splitlines()) == 1 + 8 + 2
    empty = step(replace(faulty, steps=()))
    assert "0 instructions, fault" in empty.text
    assert "✕" in empty.text


def test_one_is_not_told_as_many(timelines: dict[str, Timeline]) -> None:
    one = replace(timelines["talk"], steps=timelines["talk"].steps[:1])
    assert "74 bytes: 1 instruction, returned" in step(one).text
    change = Change("stack+511", "??", "07")
    stored = replace(one, steps=(replace(one.steps[0], changes=(change,)),))
    assert "fp-1, 1 byte: 7, written." in sentences(stored, "en")[1]


# ---- the sentences -------------------------------------------------------------


def test_the_sentence_of_a_branch(timelines: dict[str, Timeline]) -> None:
    told = sentences(timelines["talk"], "en")[12]
    expected = "step 12 of 29: if w2 < 64 goto pc+1. w2 0x4a < 0x40 ? no, goes to 12."
    assert told == expected


def test_the_sentence_in_french(timelines: dict[str, Timeline]) -> None:
    told = sentences(timelines["talk"], "fr")[12]
    start = f"pas 12 sur 29{NBSP}: if w2 < 64 goto pc+1. "
    assert told == f"{start}w2 0x4a < 0x40{NBSP}? non, va à 12."


def mistold(timeline: Timeline, told: list[str]) -> list[str]:
    """Return the sentences that do not tell what the timeline recorded."""
    return [
        sentence
        for sentence, one in zip(told[1:], timeline.steps, strict=True)
        if not all(is_told(change, one, sentence) for change in one.changes)
        or (one.test and f" {one.test.next}." not in sentence)
    ]


def is_told(change: Change, one: Step, sentence: str) -> bool:
    if not change.slot.startswith("r") or change.new is None:
        return True
    if change.slot in one.pointers:
        return f"{change.slot}" in sentence
    number = int(change.new, 16)
    value = hex(number) if number > 9 else str(number)
    return bool(re.search(rf"\b{change.slot}\b.* {value}, ", sentence))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["talk", "short", "calls", "loop"])
def test_each_sentence_tells_what_was_recorded(
    timelines: dict[str, Timeline], name: str, language: str
) -> None:
    timeline = timelines[name]
    assert mistold(timeline, sentences(timeline, language)) == []


def test_a_wrong_sentence_is_found(timelines: dict[str, Timeline]) -> None:
    planted = changed_at(timelines["talk"], 12, 0, "0x41")
    told = sentences(planted, "en")
    assert mistold(timelines["talk"], told) == [told[13]]


def test_signed_and_masked_tests_are_spelled_as_such(
    timelines: dict[str, Timeline],
) -> None:
    told = " ".join(sentences(timelines["calls"], "en"))
    assert "r0 -7 s< 0 ? yes, goes to 4." in told


def test_frames_name_their_own_stack(timelines: dict[str, Timeline]) -> None:
    told = " ".join(sentences(timelines["calls"], "en"))
    assert "frame 1: *(u64 *)(r10 -8) = r1. fp[1]-8, 8 bytes: fp[0]-16" in told


# ---- the catalogue -------------------------------------------------------------


def leaves(row: dict[str, object]) -> list[dict[str, str]]:
    """Return the sentences of a row, in every language."""
    parts = [value for value in row.values() if isinstance(value, dict)]
    return parts or [row]  # type: ignore[list-item,return-value]


def rows() -> list[tuple[str, dict[str, object]]]:
    """Return the stepper's rows: its sentences, and its errors."""
    own = ("stepper-", *ERRORS)
    return [(k, dict(r)) for k, r in catalogue().rows.items() if k.startswith(own)]


ERRORS = ("not-steppable", "nothing-to-step", "too-many-steps", "not-a-line")


def test_every_sentence_is_in_both_languages() -> None:
    for key, row in rows():
        for leaf in leaves(row):
            assert set(leaf) == set(LANGUAGES), key
            holes = [set(re.findall(r"{\w+}", leaf[lang])) for lang in LANGUAGES]
            assert holes[0] == holes[1], key


def test_french_has_its_spaces_and_apostrophes() -> None:
    for key, row in rows():
        for leaf in leaves(row):
            french = leaf["fr"]
            assert "'" not in french, key
            assert not re.search(r"(?<![\u00a0\w}])[:;?!](?:\s|$)", french), key
            assert not re.search(r"\w[;?!]", french), key


# ---- what it displays as -------------------------------------------------------


def test_it_displays_as_a_widget_and_as_text(timelines: dict[str, Timeline]) -> None:
    pytest.importorskip("anywidget")
    view = step(timelines["talk"])
    bundle, _ = view._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert bundle["text/plain"] == view.text == repr(view)


def test_in_a_static_deck_it_displays_as_a_page(
    timelines: dict[str, Timeline], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EBPFLAB_STATIC", "1")
    view = step(timelines["talk"])
    bundle = view._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html"}
    assert bundle["text/html"] == view.html()


def test_python_reads_and_sets_the_position(timelines: dict[str, Timeline]) -> None:
    view = step(timelines["talk"], at=12, size="large")
    assert (view.step, view.size, view.lang) == (12, "large", "en")
    view.step = 3
    assert view.state()["step"] == 3


class Loads(HTMLParser):
    """Collects whatever a page would load."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("src", "href") and not (value or "").startswith("data:"):
                self.found.append(f"{tag} {name}={value}")


def test_the_page_names_no_other_file(
    timelines: dict[str, Timeline], tmp_path: Path
) -> None:
    path = tmp_path / "x.html"
    step(timelines["talk"]).save(path)
    text = path.read_text(encoding="utf-8")
    parser = Loads()
    parser.feed(text)
    assert parser.found == []
    assert not re.search(r"@import|url\(|\bfetch\(|import\s*\(", text)


def test_data_cannot_end_the_script(timelines: dict[str, Timeline]) -> None:
    evil = "</script><script>alert(1)</script>"
    hostile = replace(timelines["talk"], title=evil, source=evil)
    html = step(hostile).html()
    assert html.count("</script>") == step(timelines["talk"]).html().count("</script>")
    assert "&lt;/script&gt;" in html


def test_a_64_bit_answer_is_kept(timelines: dict[str, Timeline]) -> None:
    data = json.loads(step(timelines["calls"]).data)
    assert data["runs"][0]["timeline"]["outcome"]["retval"] == hex(2**64 - 7)


# ---- what cannot be shown ------------------------------------------------------


@pytest.mark.parametrize(
    ("thing", "key"),
    [
        (7, "not-steppable"),
        (None, "not-steppable"),
        ("run", "not-steppable"),
        ([3], "not-steppable"),
        ([], "nothing-to-step"),
    ],
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_no_run_is_refused(
    thing: object, key: str, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EBPFLAB_LANG", language)
    with pytest.raises(EbpfLabError) as caught:
        step(thing)  # type: ignore[arg-type]
    assert caught.value.key == key
    assert caught.value.hint


def test_a_run_without_a_timeline_is_refused() -> None:
    with pytest.raises(RunError):
        step(Run(2, b""))


def test_a_run_is_stepped_through_its_timeline(timelines: dict[str, Timeline]) -> None:
    run = Run(2, b"", replay=lambda: timelines["talk"])
    assert step(run).text == step(timelines["talk"]).text


def test_too_many_steps_are_refused(timelines: dict[str, Timeline]) -> None:
    steps = timelines["loop"].steps[:1] * (LIMIT + 1)
    endless = replace(timelines["talk"], steps=steps)
    with pytest.raises(EbpfLabError) as caught:
        step(endless)
    assert caught.value.key == "too-many-steps"


def test_a_tree_is_refused(timelines: dict[str, Timeline]) -> None:
    steps = timelines["talk"].steps
    tree = replace(timelines["talk"], steps=(*steps, replace(steps[-1], parent=3)))
    with pytest.raises(EbpfLabError) as caught:
        step(tree)
    assert caught.value.key == "not-a-line"


def test_odd_values_are_told_all_the_same(timelines: dict[str, Timeline]) -> None:
    odd = (
        Change("stack+504", "??" * 8, "00" * 8),
        Change("nowhere/cpu3", None, ""),
        Change("r9", None, "0xffffffffffffffff"),
    )
    one = replace(timelines["talk"].steps[0], changes=odd, pointers=("r9",))
    told = sentences(replace(timelines["talk"], steps=(one,)), "en")[1]
    assert "r9: 0xffffffffffffffff, written." in told


# ---- without anywidget ---------------------------------------------------------

ALONE = """
import sys
sys.modules["anywidget"] = None
from pathlib import Path
from ebpflab.timeline import Timeline
from ebpflab_widgets import step
view = step(Timeline.from_json(Path(sys.argv[1]).read_text()), at=3)
assert view._repr_mimebundle_() == {"text/plain": view.text}
view.save(sys.argv[2])
print(view)
"""


def test_without_anywidget_it_prints_and_saves(
    timelines: dict[str, Timeline], tmp_path: Path
) -> None:
    recorded, page = tmp_path / "run.json", tmp_path / "run.html"
    recorded.write_text(timelines["talk"].to_json())
    views = importlib.util.find_spec("ebpflab_widgets")
    assert views is not None
    assert views.origin is not None
    folders = [str(Path(__file__).parents[2]), str(Path(views.origin).parents[1])]
    code = f"import sys; sys.path[:0] = {folders!r}\n{ALONE}"
    done = subprocess.run(
        [sys.executable, "-c", code, recorded, page],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip("\n") == step(timelines["talk"]).text
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
