"""Every kind of rejection that Linux is known to utter, opened and looked at.

The verdicts are the kernel's own; all views stand on one page, so that a browser opens
them at once. Not here: one picture in detail (test_rejection_browser.py).
"""

import json
from pathlib import Path
from typing import Any

import pytest
from ebpflab_widgets import explain
from ebpflab_widgets.page import page as whole_page

import ebpflab as lab
from tests.engine import reason_programs
from tests.widgets.looks import AT_EACH_WIDTH, DRAWN, for_each, table

CHECKS = AT_EACH_WIDTH | table("contrast", "spaces")
AT_LEAST = 60  # different ones
SLOW = ("too-complex",)  # Linux walks a million instructions for it
WIDTHS = (500, 1100)
NEW_PICTURES = {
    "lock-held-at-exit": ("section", "exit"),
    "call-under-lock": ("section", "call"),
    "unlock-not-held": ("section", "closed"),
    "unlock-other": ("section", "other"),
    "rcu-held": ("section", "exit"),
    "rcu-missing": ("section", "closed"),
    "preempt-held": ("section", "exit"),
    "irq-held": ("section", "exit"),
    "sleep-in-preempt": ("section", "call"),
    "dynptr-expected": ("stages", 0, 1),
    "dynptr-overwrite": ("stages", 1, 2),
    "iterator-expected": ("stages", 0, 1),
    "iterator-initialized": ("stages", 1, 0),
    "stack-misaligned": ("aligned", -12, 8),
    "packet-misaligned": ("aligned", 17, 4),
    "value-misaligned": ("aligned", 2, 4),
    "dynptr-offset": ("aligned", -12, 8),
    "argument-size-negative": ("range", "-5", "4294967290"),
    "argument-size-unbounded": ("range", "1", "4294967295"),
    "invalid-shift": ("range", "64", "64"),
    "call-too-deep": ("depth", [9], 8),
    "too-many-branches": ("depth", [8193], 8192),
    "map-write-forbidden": ("rights", "write"),
    "map-read-forbidden": ("rights", "read"),
    "packet-write": ("rights", "write"),
    "context-negative": ("bounds", 0, 24, -4),
    "struct-negative": ("bounds", 0, None, -8),
    "buffer-access": ("bounds", 0, None, -8),
    "flow-keys-access": ("bounds", 0, 56, 100),
    "socket-access": ("fields", "socket", 400),
    "helper-unknown": ("range", "9999", "9999"),
    "direct-value": ("range", "8", "8"),
    "btf-lines": ("range", "4294967295", "4294967295"),
    "too-many-functions": ("depth", [301], 256),
    "call-target": ("jumps", [0, "calls"], [101, "missing"]),
    "reserved-fields": ("encoding", ["src", "1", "0"]),
    "unknown-opcode": ("encoding", ["opcode", "0x8f", ""]),
    "invalid-register": ("encoding", ["dst", "11", "0 … 10"]),
    "bad-wide-load": ("encoding", ["next_head", "149", "0"]),
    "division-by-zero": ("encoding", ["imm", "0", "≠ 0"]),
    "helper-gpl": ("needs", "the license “Proprietary”"),
    "tail-call-map": ("needs", "h, a map of type hash"),
    "timer-map": ("needs", "r2 names the map n; the timer of r1 is in m"),
    "string-format": ("needs", "the format “%z”"),
    "string-not-terminated": ("needs", "the bytes “abcdefgh”, none of which is 0"),
    "field-offset": ("needs", "byte 4 of the value"),
    "btf-functions": ("needs", "records in func_info: 1"),
    "map-descriptor": ("needs", "descriptor -1"),
    "legacy-load-context": ("needs", "r6 holds 5"),
    "helper-not-allowed": ("needs", "a program of type socket_filter"),
    "sleepable-map": (
        "needs",
        "a map of type stack_trace, in a program that may sleep",
    ),
}
WANTED = {  # what the kernel's own words ask for
    "sleepable-type": [
        "fentry",
        "fexit",
        "fmod_ret",
        "lsm",
        "iter",
        "uprobe",
        "struct_ops",
    ],
    "sleepable-map": ["array", "hash", "ringbuf", "local storage"],
    "helper-not-allowed": ["xdp"],
    "helper-attach": ["fentry", "fexit", "fmod_ret"],
    "kfunc-argument": ["scalar, or struct with scalar"],
    "field-offset": ["byte 0, where the bpf_spin_lock is"],
    "legacy-load-type": ["socket_filter", "sched_cls", "sched_act"],
    "btf-functions": ["one for each function: 2"],
}
TOLD = {  # which numbers of a picture are compared
    "section": ("fails",),
    "stages": ("found", "wanted"),
    "aligned": ("at", "unit"),
    "depth": ("frames", "limit"),
    "rights": ("asked",),
    "bounds": ("low", "proved", "first"),
    "fields": ("of", "off"),
    "needs": ("found",),
}
TOLD_BY_ROWS = {  # of other pictures, the rows that are wrong
    "range": lambda shown: shown["possible"],
    "jumps": lambda shown: [[pc, mark] for pc, _, mark in shown["rows"] if mark],
    "encoding": lambda shown: [
        [name, value, allowed] for name, _, value, bad, allowed in shown["rows"] if bad
    ],
}


@pytest.fixture(scope="module")
def verdicts() -> dict[str, tuple[lab.Program, lab.Verdict]]:
    """Return one rejection of each kind, with its program."""
    if reason := lab.linux.available():
        pytest.skip(reason)
    found: dict[str, tuple[lab.Program, lab.Verdict]] = {}
    for _, kind, row in reason_programs.rows():
        if kind in SLOW:
            continue
        program = reason_programs.program_of(row)
        verdict = lab.linux.verify(program, privileged=row.get("privileged", True))
        if verdict.rejection:
            found.setdefault(verdict.rejection.kind, (program, verdict))
    assert len(found) >= AT_LEAST
    return found


def proof(verdict: lab.Verdict) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(explain(verdict, tries=0).data)["proof"]
    return made


@pytest.mark.parametrize(("kind", "told"), NEW_PICTURES.items())
def test_the_picture_has_the_verifiers_numbers(
    verdicts: dict[str, Any], kind: str, told: tuple[Any, ...]
) -> None:
    picture, *numbers = told
    shown = proof(verdicts[kind][1])
    assert shown["picture"] == picture
    if rows := TOLD_BY_ROWS.get(picture):
        assert rows(shown) == numbers
    else:
        assert [shown[name] for name in TOLD[picture]] == numbers


@pytest.mark.parametrize(("kind", "wanted"), WANTED.items())
def test_what_is_wanted_is_what_the_kernel_names(
    verdicts: dict[str, Any], kind: str, wanted: list[str]
) -> None:
    assert proof(verdicts[kind][1])["wanted"] == wanted


def test_what_was_known_before_is_known(verdicts: dict[str, Any]) -> None:
    """Also where the first instruction is refused already."""
    holds = proof(verdicts["uninitialized"][1])["holds"]
    assert holds == ["", "ctx()", *[""] * 8, "fp0"]


def test_how_r10_came_to_be_is_not_told(verdicts: dict[str, Any]) -> None:
    views = [explain(verdict, tries=0) for _, verdict in verdicts.values()]
    assert "r10" not in {json.loads(view.data).get("slot") for view in views}


def test_every_kind_has_a_picture_of_its_own(verdicts: dict[str, Any]) -> None:
    plain = {k for k, (_, v) in verdicts.items() if proof(v)["picture"] == "plain"}
    assert plain == set()


def test_a_log_alone_has_pictures_too(verdicts: dict[str, Any]) -> None:
    """What a pasted log cannot tell is left out; nothing breaks."""
    drawn = {k: proof(lab.explain(v.log))["picture"] for k, (_, v) in verdicts.items()}
    plain = [kind for kind, picture in drawn.items() if picture == "plain"]
    assert len(plain) < len(drawn) * 0.2
    assert drawn["packet-range"] == "bounds"


@pytest.mark.parametrize("language", ["en", "fr"])
def test_all_of_them_are_opened_and_nothing_is_cut(
    browser: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    verdicts: dict[str, Any],
    language: str,
) -> None:
    monkeypatch.setenv("EBPFLAB_LANG", language)
    kinds = list(verdicts)
    views = [explain(verdict, tries=0) for _, verdict in verdicts.values()]
    path = tmp_path / "all.html"
    body = "\n".join(view.html() for view in views)
    path.write_text(whole_page(body, "all", language), encoding="utf-8")
    page, errors = browser.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(path.as_uri())
    page.wait_for_function(
        "count => document.querySelectorAll('.ebpflab.rejection').length === count",
        arg=len(kinds),
    )
    assert page.locator(".ebpflab.broken").count() == 0
    leads = page.locator(".rejection .lead").all_text_contents()
    assert [
        k for k, lead in zip(kinds, leads, strict=True) if "{" in lead or not lead
    ] == []
    found: dict[Any, Any] = {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.evaluate(DRAWN)
        for name, check in CHECKS.items():
            faults = page.evaluate(for_each(check))
            found |= {(kinds[i], width, name): f for i, f in enumerate(faults) if f}
    page.close()
    assert found == {}
    assert errors == []
