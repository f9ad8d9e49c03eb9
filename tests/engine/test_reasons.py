"""Why programs are refused: every kind, told in two languages, and judged by Linux.

Each row of `reasons/*.toml` is a program that the kernel refuses with a message of that
kind; the twenty broken versions of the talk's program must be understood without the
kernel's words. Kinds of other kernels have a message alone.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import ebpflab as lab
from ebpflab.language import catalogue
from ebpflab.logs import read
from ebpflab.reasons.explain import rejection_of
from ebpflab.reasons.story import told
from ebpflab.reasons.table import Kind, kinds, match
from ebpflab.results.rejection import Rejection
from ebpflab.verifier.check import verify
from tests.engine.reason_programs import program_of, rows

TALK = sorted((Path(__file__).parent / "talk").glob("*.c"))
ROWS = list(rows())
CATEGORIES = {
    "register-type-safety",
    "memory-safety",
    "resource-lifetime",
    "call-type-safety",
    "execution-context-safety",
    "program-structure",
    "policy",
}
NEVER_HERE = {  # kinds that no program of ours can be refused for on this kernel
    "back-edge",
    "dynptr-constant",
    "dynptr-initialized",
    "function-calls-privilege",
    "legacy-load-function",
    "storage-one",
    "store-into",
    "struct-pointer-member",
    "struct-user",
    "too-many-maps",
    "two-locks",
    "verifier-bug",
}
STATISTICS_ONLY = {"too-complex", "too-many-branches"}  # of a walk that is very long
KERNEL_WORDS = re.compile(
    r"\b(?:scalar|map_value|umin|smax|var_off|or_null|insn_idx)\b"
)


def judged(linux, row: dict, kind: str) -> lab.Verdict:
    level = 4 if kind in STATISTICS_ONLY else 1
    privileged = row.get("privileged", True)
    return linux.verify(program_of(row), privileged=privileged, log_level=level)


# ---- the tables --------------------------------------------------------------------


def test_there_are_many_kinds_in_all_categories() -> None:
    assert len(kinds()) >= 130
    assert {kind.category for kind in kinds().values()} == CATEGORIES
    assert {f"category-{name}" for name in CATEGORIES} <= catalogue().rows.keys()


@pytest.mark.parametrize("key", sorted(kinds()))
def test_a_kind_has_its_sentences(key: str) -> None:
    assert {"problem", "why", "try"} <= catalogue().rows[f"reject-{key}"].keys()


def test_no_sentence_stands_without_its_kind() -> None:
    said = {key for key in catalogue().rows if key.startswith("reject-")}
    known = {f"reject-{key}" for key in kinds()}
    frame = {"reject-title", "reject-unknown-message", "reject-log-cut"}
    assert said == known | frame


def filled(template: str) -> str:
    """Return a message that a template may stand for."""
    return re.sub(
        r"\{\w+(:\w+)?\}", lambda m: "7" if m[1] == ":d" else "word", template
    )


@pytest.mark.parametrize(
    ("kind", "template"),
    [(kind, t) for kind in kinds().values() for t in kind.templates],
    ids=lambda x: x.key if isinstance(x, Kind) else "",
)
def test_a_template_is_of_its_kind_alone(kind: Kind, template: str) -> None:
    found = match(filled(template))
    assert found
    assert found.kind.key == kind.key, template


def test_each_kind_has_a_program_or_a_reason() -> None:
    with_program = {kind for _, kind, _ in ROWS}
    assert with_program <= kinds().keys()
    assert kinds().keys() - with_program <= NEVER_HERE


# ---- Linux's own words -------------------------------------------------------------


@pytest.mark.parametrize(
    ("category", "kind", "row"),
    ROWS,
    ids=[f"{k}-{i}" for i, (_, k, _) in enumerate(ROWS)],
)
def test_linux_refuses_for_this_reason(linux, category, kind, row, monkeypatch) -> None:
    verdict = judged(linux, row, kind)
    why = verdict.rejection
    assert why, "Linux accepts it"
    assert (why.kind, why.category, why.known) == (kind, category, True)
    assert verdict.message in why.message
    for language in ("en", "fr"):
        monkeypatch.setenv("EBPFLAB_LANG", language)
        printed = str(why)
        assert printed.startswith(why.message)
        assert not re.search(r"\?(?= (?:is|est|$)|$)", why.why), printed
        parts, start = (why.title, why.why, why.suggestion), len(why.message)
        order = [printed.index(part.partition("\n")[0], start) for part in parts]
        assert order == sorted(order)


def test_another_program_is_not_of_this_kind(linux) -> None:
    """The oracle itself: a good program has no rejection, a changed one another."""
    good = lab.assemble("r0 = 2\nexit", type="xdp")
    assert linux.verify(good).rejection is None
    bad = lab.assemble("r0 = r3\nexit", type="xdp")
    assert linux.verify(bad).rejection.kind != "packet-range"


@pytest.mark.parametrize("level", [0, 1, 2, 4])
def test_every_log_level_leads_to_the_same_rejection(linux, level: int) -> None:
    program = program_of(next(row for _, kind, row in ROWS if kind == "memory-above"))
    why = linux.verify(program, log_level=level).rejection
    assert (why.kind, why.at.pc, why.values["high"]) == ("memory-above", 11, 15)
    assert [cause.slot for cause in why.how] == ["r0", "r0", "r1", "r1", "r0"]


def test_our_own_verifier_is_told_in_the_same_way(linux) -> None:
    compared = 0
    for _, kind, row in ROWS:
        if "code" not in row or "repeat" in row or kind in STATISTICS_ONLY:
            continue
        program = program_of(row)
        try:
            ours = told(verify(program), program, lambda level, p=program: verify(p))
        except lab.EbpfLabError:  # not modelled, or not privileged
            continue
        theirs = linux.verify(program)
        if ours.message != theirs.message or theirs.accepted:
            continue
        mine, its = ours.rejection, theirs.rejection
        assert (mine.kind, mine.at, mine.how) == (its.kind, its.at, its.how)
        compared += 1
    assert compared >= 15


# ---- what a student reads ------------------------------------------------------------


def talk_rejection(linux, file: Path) -> tuple[str, Rejection | None]:
    wanted = re.search(r"refused as: (\S+)", file.read_text())[1]
    program = lab.compile(file=file).programs["xdp_sample_prog"]
    verdict = linux.verify(program, log_level=4 if wanted == "too-complex" else 1)
    return wanted, verdict.rejection


@pytest.mark.parametrize("file", TALK, ids=lambda file: file.stem)
def test_the_talks_program_and_its_broken_versions(linux, file, monkeypatch) -> None:
    wanted, why = talk_rejection(linux, file)
    assert (why.kind if why else "nothing") == wanted
    if why is None:
        return
    texts = {}
    for language in ("en", "fr"):
        monkeypatch.setenv("EBPFLAB_LANG", language)
        own = "\n".join([why.title, why.why, why.suggestion])
        own += "".join(str(cause.does) for cause in why.how)
        assert not KERNEL_WORDS.search(own), own
        texts[language] = own
    assert texts["en"] != texts["fr"]
    if why.at.pc >= 0:
        assert (why.at.file, why.at.line > 0) == (file.name, True)


def test_there_are_more_than_twenty_broken_versions() -> None:
    assert len(TALK) > 20


def test_the_proof_has_the_numbers(linux) -> None:
    file = next(f for f in TALK if f.stem == "off_by_one")
    _, why = talk_rejection(linux, file)
    assert "offset 14 + size 1 = 15; proved: 14" in why.why
    assert why.at.text == "r1 = *(u8 *)(r3 +0)"
    assert [cause.at.text for cause in why.how][-1] == "if r3 > r6 goto pc+23"
    assert "bytes proved: 14" in str(why.how[-1])


def test_the_printed_order() -> None:
    why = lab.explain(
        "0: R1=ctx() R10=fp0\n0: (b7) r2 = 0                        ; R2=0\n"
        "1: (79) r0 = *(u64 *)(r2 +0)\nR2 invalid mem access 'scalar'\n"
    ).rejection
    assert str(why).splitlines() == [
        "R2 invalid mem access 'scalar'",
        "",
        "Register type safety: a number is used as an address",
        "  why      r2 is the number 0: only pointers that the verifier knows may be "
        "followed",
        "  at       1: r0 = *(u64 *)(r2 +0)",
        "  how      1. 0: r2 = 0",
        "           → r2 is set to the number 0",
        "  try      follow pointers that come from the context, a map or a helper; an "
        "address found elsewhere is read with bpf_probe_read_kernel or _user",
    ]


# ---- the causal path ----------------------------------------------------------

PATHS = {
    "a spill and a fill": (
        "call bpf_get_prandom_u32\n*(u64 *)(r10 -8) = r0\nr3 = *(u64 *)(r10 -8)\n"
        "r0 = *(u8 *)(r3 +0)\nexit",
        ["r0", "fp-8", "r3"],
    ),
    "a function's argument": (
        "r1 = 5\ncall pc+2\nr0 = 0\nexit\nr0 = *(u8 *)(r1 +0)\nexit",
        ["r1", "r1"],
    ),
    "a function's result": (
        "call pc+2\nr0 = *(u8 *)(r0 +0)\nexit\nr0 = 7\nexit",
        ["r0"],
    ),
    "both parts of a sum": (
        "call bpf_get_prandom_u32\nr6 = r0\ncall bpf_get_prandom_u32\nr0 += r6\n"
        "r0 = *(u8 *)(r0 +0)\nexit",
        ["r0", "r6", "r0", "r0"],
    ),
}


@pytest.mark.parametrize("case", PATHS)
def test_a_value_is_followed_back(linux, case: str) -> None:
    text, slots = PATHS[case]
    why = linux.verify(lab.assemble(text, type="xdp")).rejection
    assert why.kind == "not-a-pointer"
    assert [cause.slot for cause in why.how] == slots


def test_a_long_path_keeps_its_ends(linux) -> None:
    text = "r2 = 1\n" + "r2 += 1\n" * 40 + "r0 = *(u8 *)(r2 +0)\nexit"
    why = linux.verify(lab.assemble(text, type="xdp")).rejection
    assert len(why.how) == 8
    assert [why.how[0].at.pc, why.how[-1].at.pc] == [0, 40]


# ---- what is not known ---------------------------------------------------------------

UNKNOWN = {
    "the quux of R3 leaks a reference": "resource-lifetime",
    "sleeping under a frobnicated lock": "execution-context-safety",
    "invalid access to the frobnicator": "memory-safety",
    "frobnicator": "program-structure",
}


@pytest.mark.parametrize("message", UNKNOWN)
def test_a_message_that_no_row_has(message: str) -> None:
    why = lab.explain(f"0: R1=ctx() R10=fp0\n0: (bf) r0 = r1\n{message}\n").rejection
    assert (why.kind, why.known) == ("unknown-message", False)
    assert (why.category, why.message, why.at.pc) == (UNKNOWN[message], message, 0)
    assert "not known here" in str(why)


def test_a_log_that_was_cut() -> None:
    verdict = lab.explain("0: R1=ctx() R10=fp0\n0: (bf) r0 = r1\n")
    assert not verdict.accepted
    assert verdict.rejection.kind == "log-cut"


def test_accepted_ones(linux) -> None:
    program = lab.assemble("r0 = 2\nexit", type="xdp")
    for level in (1, 2, 4):
        verdict = lab.explain(linux.verify(program, log_level=level).log)
        assert (verdict.accepted, verdict.rejection) == (True, None)
        assert verdict.insns_processed == 2


def test_the_error_of_check_tells_why(linux) -> None:
    program = lab.assemble("r0 = r3\nexit", type="xdp")
    with pytest.raises(lab.VerifierError, match="holds nothing") as caught:
        linux.verify(program).check()
    assert "0: r0 = r3" in caught.value.at
    assert caught.value.hint


def test_a_planted_row_would_be_seen() -> None:
    """A message that is known becomes unknown when its row has other words."""
    assert rejection_of(read("R3 !read_ok\n")).kind == "uninitialized"
    assert rejection_of(read("R3 !really_ok\n")).kind == "unknown-message"


def lines_with_values() -> Iterator[tuple[str, dict[str, object]]]:
    yield "R2 offset is outside of the packet", {"reg": 2}
    yield "jump out of range from insn 1 to 12", {"insn": 1, "target": 12}
    yield (
        "R1 type=ctx expected=map_ptr",
        {"reg": 1, "found": "ctx", "wanted": "map_ptr"},
    )
    yield "the call stack of 9 frames is too deep !", {"count": 9}


@pytest.mark.parametrize(("line", "values"), list(lines_with_values()))
def test_the_values_of_a_message(line: str, values: dict[str, object]) -> None:
    assert match(line).values == values


def test_verdicts_with_and_without_a_story_are_equal(linux) -> None:
    verdict = linux.verify(lab.assemble("r0 = r3\nexit", type="xdp"))
    bare = replace(verdict, story=None)
    assert (bare == verdict, bare.rejection) == (True, None)
