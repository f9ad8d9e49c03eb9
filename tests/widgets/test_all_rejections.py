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
from ebpflab_widgets.proofs import PICTURES

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
}
TOLD = {  # which numbers of a picture are compared
    "section": ("fails",),
    "stages": ("found", "wanted"),
    "aligned": ("at", "unit"),
    "range": (),
    "depth": ("frames", "limit"),
    "rights": ("asked",),
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
    found = shown["possible"] if picture == "range" else None
    assert (found or [shown[name] for name in TOLD[picture]]) == numbers


def test_most_kinds_have_a_picture_of_their_own(verdicts: dict[str, Any]) -> None:
    plain = {k for k, (_, v) in verdicts.items() if proof(v)["picture"] == "plain"}
    assert not plain & (PICTURES.keys() - WITHOUT_NUMBERS)
    assert len(plain) < len(verdicts) * 0.4


WITHOUT_NUMBERS = {  # their message tells no number to draw
    "buffer-access",
    "context-negative",
    "struct-negative",
}


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
