"""The things that were fixed first, one small executable test each.

Addresses, the timeline, results, language. (The layers have theirs in test_house.py.)
Later work must keep every one of them.
"""

import dataclasses
import json
import re
import string
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import ebpflab as lab
from ebpflab.language import LANGUAGES, Catalogue, catalogue, current_language
from ebpflab.timeline import Timeline

READS_TWO_POINTERS = """
r2 = *(u32 *)(r1 +0)
r3 = *(u32 *)(r1 +4)
r0 = r3
r0 -= r2
exit
"""

CALLS_A_FUNCTION = """
r6 = 5
*(u32 *)(r10 -4) = 7
r1 = r6
call pc+3
r0 += r6
r1 = *(u32 *)(r10 -4)
exit
*(u64 *)(r10 -8) = r1
r0 = *(u64 *)(r10 -8)
r6 = 1
exit
"""


def test_an_address_is_a_region_number_and_an_offset() -> None:
    run = lab.run(lab.assemble(READS_TWO_POINTERS, type="xdp"), bytes(60))
    regions = {r.name: r.number for r in run.timeline.regions}
    registers = run.timeline.state(1).registers
    assert registers["r2"] == hex(regions["packet"] << 32)
    assert registers["r3"] == hex(regions["packet"] << 32 | 60)
    assert registers["r10"] == hex(regions["stack"] << 32 | 512)
    assert 0 not in regions.values(), "region 0 is null"
    assert run.retval == 60


def test_every_access_is_checked() -> None:
    program = lab.assemble(
        "r1 = *(u32 *)(r1 +0)\nr0 = *(u16 *)(r1 +59)\nexit", type="xdp"
    )
    with pytest.raises(lab.VmFault) as caught:
        lab.run(program, bytes(60))
    fault = caught.value
    assert (fault.pc, fault.region, fault.address & 0xFFFFFFFF) == (1, "packet", 59)
    assert "59 + size 2 = 61" in fault.why
    assert lab.run(program, bytes(61)).retval == 0, "one byte more and it fits"


def timelines() -> list[Timeline]:
    call = lab.run(lab.assemble(CALLS_A_FUNCTION, type="xdp"), bytes(60))
    return [
        lab.run(lab.assemble(READS_TWO_POINTERS, type="xdp"), bytes(60)).timeline,
        call.timeline,
    ]


@pytest.mark.parametrize("timeline", timelines(), ids=["straight", "call"])
def test_a_timeline_goes_both_ways(timeline: Timeline) -> None:
    """Undoing with the old values what redoing did gives every earlier state."""
    shown = {c.slot: c.new for c in timeline.start}
    past = [dict(shown)]
    for step in timeline.steps:
        for change in step.changes:
            assert shown.get(change.slot) in (change.old, None)
            shown[change.slot] = change.new
        past.append(dict(shown))
    for index in range(len(timeline.steps), -1, -1):
        known = {k: v for k, v in shown.items() if k.startswith("r") and v is not None}
        state = timeline.state(index - 1)
        assert known == {k: v for k, v in state.registers.items() if v is not None}
        if index:
            for change in timeline.steps[index - 1].changes:
                shown[change.slot] = change.old


@pytest.mark.parametrize("timeline", timelines(), ids=["straight", "call"])
def test_a_timeline_is_text_and_back(timeline: Timeline) -> None:
    text = timeline.to_json()
    assert Timeline.from_json(text) == timeline
    assert json.loads(text)["version"] == timeline.version
    words = [c.new for step in timeline.steps for c in step.changes]
    assert all(w is None or isinstance(w, str) for w in words), "64 bits are hex text"
    planted = dataclasses.replace(timeline, title="another")
    assert Timeline.from_json(planted.to_json()) != timeline


def test_a_timeline_grows_with_the_changes_alone() -> None:
    """Ten times the steps is about ten times the text, however large the memory."""
    loop = "r1 = {n}\nr1 -= 1\nif r1 != 0 goto pc-2\nr0 = 0\nexit"

    def size(rounds: int, memory: int) -> int:
        program = lab.assemble(loop.format(n=rounds), type="raw")
        timeline = lab.run(program, bytes(memory)).timeline
        return len(timeline.to_json()) - 2 * memory

    assert size(1000, 0) < 10.5 * size(100, 0)
    assert abs(size(100, 4096) - size(100, 0)) < 100


def test_broken_timelines_are_refused() -> None:
    good = timelines()[0].to_json()
    for text in (
        "",
        "[]",
        "{}",
        "null",
        good[:-5],
        good.replace('"version":1', '"version":9'),
    ):
        with pytest.raises(lab.ProgramError):
            Timeline.from_json(text)


def test_results_are_the_same_types_from_both_engines(linux: None) -> None:
    program = lab.assemble(READS_TWO_POINTERS, type="xdp")
    here, there = lab.run(program, bytes(60)), lab.linux.run(program, bytes(60))
    assert type(here) is type(there) is lab.Run
    assert (here.retval, here.data, here.events) == (
        there.retval,
        there.data,
        there.events,
    )
    with pytest.raises(lab.RunError, match="no timeline"):
        _ = there.timeline
    assert isinstance(lab.linux.verify(program), lab.Verdict)


def test_the_language_is_chosen_in_order(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EBPFLAB_LANG", "fr")
    assert current_language() == "fr"
    monkeypatch.delenv("EBPFLAB_LANG")
    (tmp_path / ".ebpflab-lang").write_text("fr\n")
    assert current_language() == "fr"
    monkeypatch.setenv("EBPFLAB_LANG", "en")
    assert current_language() == "en", "the variable wins over the marker"


def holes_in(text: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in string.Formatter().parse(text) if name)


def incomplete(rows: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Name the rows where a sentence lacks a language, or a value that another has."""
    bad = []
    for key, row in rows.items():
        sentences = [row] if set(row) <= set(LANGUAGES) else list(row.values())
        for sentence in sentences:
            holes = {holes_in(text) for text in sentence.values()}
            if set(sentence) != set(LANGUAGES) or len(holes) != 1:
                bad.append(key)
    return bad


def test_every_sentence_stands_in_every_language() -> None:
    assert incomplete(catalogue().rows) == []
    assert incomplete({"x": {"en": "a {b}", "fr": "a"}}) == ["x"]
    assert incomplete({"x": {"problem": {"en": "a"}}}) == ["x"]


def test_a_sentence_stands_once(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('[x]\nen = "1"\nfr = "1"\n')
    (tmp_path / "b.toml").write_text('[x]\nen = "2"\nfr = "2"\n')
    with pytest.raises(ValueError, match="twice"):
        Catalogue(tmp_path)


def test_errors_speak_both_languages(monkeypatch: pytest.MonkeyPatch) -> None:
    program = lab.assemble("exit", type="xdp")
    told = {}
    for language in LANGUAGES:
        monkeypatch.setenv("EBPFLAB_LANG", language)
        with pytest.raises(lab.RunError) as caught:
            lab.run(program, b"")
        told[language] = str(caught.value)
    assert "at least" in told["en"] or "takes" in told["en"]
    assert "essayez" in told["fr"]


def test_french_has_its_spaces(monkeypatch: pytest.MonkeyPatch) -> None:
    """The files have plain spaces; what is said has those that do not break."""
    monkeypatch.setenv("EBPFLAB_LANG", "fr")
    wrong = [
        key
        for key, row in catalogue().rows.items()
        for text in (row, *(part for part in row.values() if isinstance(part, dict)))
        if re.search(r" [:;?!»](\s|$)|« ", str(text.get("fr", "")))
    ]
    assert wrong == []
