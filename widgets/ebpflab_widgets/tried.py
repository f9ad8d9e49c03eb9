"""What was tried on a refused program: inputs on which it goes wrong, and a fix.

The engine searches, runs and verifies; this is what the rejection view keeps of it.
"""

from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import Any

import ebpflab as lab
from ebpflab.errors import EbpfLabError
from ebpflab.hooks import hook_of
from ebpflab.program import Program
from ebpflab.reasons.table import kinds
from ebpflab.remedy.inputs import Trial, trials
from ebpflab.remedy.outcome import Outcome, by_length, outcome_of
from ebpflab.remedy.witness import Witness
from ebpflab.results import Rejection, Verdict
from ebpflab_widgets.rejection_case import QUICK

TRIES = 500
COMPARED = 24  # inputs that a program and its fix are both run on
BEHIND = 20  # lengths behind the last byte that matters
LONGEST = 96  # inputs in a strip
SHOWN_BYTES = 128  # of one input
ENDLESS = "budget"  # the fault of a run that was stopped
CONTEXT_LINES = 2  # around a change
_DECIDED_BY_TEXT = ("policy", "program-structure")  # no input matters there
_BUT = ("return-range", "infinite-loop", "return-pointer")
_UNSEEN = (  # rules that no input breaks more than another, or that no run shows
    "stack-read",
    "stack-misaligned",
    "packet-misaligned",
    "value-misaligned",
    "access-misaligned",
    "rcu-held",
    "rcu-missing",
    "preempt-held",
    "preempt-missing",
    "irq-held",
    "sleep-in-preempt",
    "packet-write",
    "read-only-write",
    "special-field",
    "special-field-call",
    "kptr-access",
    "spill-size",
    "spill-corrupt",
    "context-modified",
    "context-negative",
    "context-variable",
    "frame-pointer-write",
    "pointer-operator",
    "pointer-bitwise",
    "pointer-plus-pointer",
    "pointer-32-bit",
    "pointer-fixed",
    "pointer-prohibited",
    "pointer-from-number",
    "pointer-sign-extend",
    "pointer-null-math",
    "stack-subtract",
    "same-insn-pointers",
    "return-pointer",
    "legacy-load-context",
    "arena-address",
    "reference-leak-call",
    "release-unowned",
    "release-offset",
    "dynptr-expected",
    "dynptr-memory",
    "iterator-expected",
    "iterator-initialized",
    "argument-not-constant",
    "string-not-constant",
    "string-not-terminated",
    "string-format",
    "helper-packet",
    "helper-unknown",
    "kfunc-argument",
    "kfunc-unknown",
    "timer-map",
)


def can_go_wrong(rejection: Rejection) -> bool:
    """Tell whether an input can show what the refusal is about."""
    kind = kinds().get(rejection.kind)
    if kind is None or not kind.is_about_insn or kind.key in _UNSEEN:
        return False
    return rejection.category not in _DECIDED_BY_TEXT or rejection.kind in _BUT


@dataclass(frozen=True)
class Search:
    """The search for a witness: how many tries, and the inputs to show."""

    witness: Witness
    by: str  # "length": the same bytes, cut; "trial": the inputs in their order
    cells: list[tuple[Trial, Outcome]]
    at: int  # which of them is the witness

    @classmethod
    def on(cls, program: Program, rejection: Rejection, tries: int) -> "Search":
        found = lab.witness(program, tries=tries)
        if found.trial is None:
            return cls(found, "trial", [], -1)
        if found.fault and found.fault.key == ENDLESS:  # once is long enough
            outcome = outcome_of(program, found.trial)
            return cls(found, "trial", [(found.trial, outcome)] if outcome else [], 0)
        cells, by = _lengths(program, found.trial, rejection), "length"
        if len({bool(outcome.problem) for _, outcome in cells}) < 2:
            cells, by = _in_order(program, found), "trial"
        data = found.trial.data
        same = (i for i, (trial, _) in enumerate(cells) if trial.data == data)
        return cls(found, by, cells, next(same, 0) if by == "length" else -1)

    def packed(self) -> dict[str, Any]:
        """Return what the drawing reads."""
        wrong = [i for i, (_, outcome) in enumerate(self.cells) if outcome.problem]
        at = self.at if self.at >= 0 else next(iter(wrong), 0)
        return {
            "found": self.witness.found,
            "tries": self.witness.tries,
            "said": str(self.witness),
            "by": self.by,
            "at": at,
            "cells": [_cell(trial, outcome) for trial, outcome in self.cells],
        }


def _lengths(
    program: Program, trial: Trial, rejection: Rejection
) -> list[tuple[Trial, Outcome]]:
    hook, end = hook_of(program.type), rejection.values.get("end", 0)
    if not hook.has_packet:
        return []
    matters = end if isinstance(end, int) and rejection.kind == "packet-range" else 0
    most = min(max(matters, len(trial.data)) + BEHIND, hook.data_max)
    first = max(hook.data_min, most - LONGEST)
    return list(by_length(program, trial, range(first, most + 1)))


def _in_order(program: Program, found: Witness) -> list[tuple[Trial, Outcome]]:
    """Return the last inputs up to the witness, and some that come after it."""
    first = max(0, found.tries - LONGEST // 2)
    tried = islice(trials(program), first, found.tries + BEHIND)
    ended = ((trial, outcome_of(program, trial)) for trial in tried)
    return [(trial, outcome) for trial, outcome in ended if outcome]


def _cell(trial: Trial, outcome: Outcome) -> dict[str, Any]:
    return {
        "size": len(trial.data),
        "data": trial.data[:SHOWN_BYTES].hex(),
        "ctx": ", ".join(f"{name} = {value:#x}" for name, value in trial.ctx.items()),
        "said": str(outcome),
        "wrong": bool(outcome.problem),
        "pc": outcome.pc,
        "byte": outcome.byte,
    }


def fix_of(
    program: Program, verdict: Verdict, search: Search | None
) -> dict[str, Any] | None:
    """Return a fix that the verifier accepts, as it was tried; None: none is known."""
    if verdict.insns_processed > QUICK:
        return None
    does: tuple[str, ...]
    try:
        in_c = lab.fix_source(program, verdict)
        mended = None if in_c else lab.fix(program, verdict)
    except EbpfLabError:
        return None
    if in_c:
        diff = _c_diff(program.source, in_c.line.line, in_c.source)
        after, accepted, does = in_c.after, in_c.verdict, (str(in_c),)
    elif mended and mended.found:
        diff = _near([list(row) for row in mended.diff])
        after, accepted, does = mended.after, mended.verdict, mended.steps
    else:
        return None
    return {
        "does": list(does),
        "diff": diff,
        "message": accepted.log.strip().splitlines()[-1] if accepted.log else "",
        "inputs": _compared(program, after, search),
    }


def _c_diff(source: str, at: int, after: str) -> list[list[str]]:
    new = after.split("\n")
    low, high = max(0, at - 1 - CONTEXT_LINES), at + CONTEXT_LINES
    return [["+" if n == at - 1 else " ", new[n]] for n in range(low, high)]


def _near(rows: list[list[str]]) -> list[list[str]]:
    """Leave out what is far from any change."""
    changed = [index for index, (sign, _) in enumerate(rows) if sign != " "]
    shown: list[list[str]] = []
    for index, row in enumerate(rows):
        if any(abs(index - at) <= CONTEXT_LINES for at in changed):
            shown.append(row)
        elif shown and shown[-1] != ["…", ""]:
            shown.append(["…", ""])
    return shown


def _compared(
    before: Program, after: Program, search: Search | None
) -> list[dict[str, Any]]:
    """Run both programs on the same inputs; equal pairs of outcomes are one row."""
    witness = search.witness.trial if search else None
    inputs = [*([witness] if witness else []), *islice(trials(before), COMPARED)]
    pairs: Counter[tuple[bool, Outcome, Outcome]] = Counter()
    for trial in inputs:
        was, now = outcome_of(before, trial), outcome_of(after, trial)
        if was and now:
            pairs[trial is witness, was, now] += 1
    return [
        {
            "witness": is_witness,
            "count": count,
            "before": str(was),
            "after": str(now),
            "became": was.became(now),
        }
        for (is_witness, was, now), count in pairs.most_common()
    ]
