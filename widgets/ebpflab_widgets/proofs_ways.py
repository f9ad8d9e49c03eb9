"""Proofs about the way through a program: held, open, or leading nowhere.

Each picture is the path to the refused instruction, as far as it matters. Not here: one
moment on it (`proofs_rules.py`), numbers on a scale (`proofs_numbers.py`).
"""

from typing import Any

from ebpflab.errors import EbpfLabError
from ebpflab.timeline import Line
from ebpflab_widgets.proofs_encoding import call_target
from ebpflab_widgets.rejection_case import QUICK, Case, Picture

MOST_WAYS = 6  # branches and calls shown of what lies between two ends
AROUND = 3  # instructions shown before and behind a jump that leads nowhere
PAIRS = {  # what opens a section, what closes it
    "bpf_spin_lock": "bpf_spin_unlock",
    "bpf_res_spin_lock": "bpf_res_spin_unlock",
    "bpf_rcu_read_lock": "bpf_rcu_read_unlock",
    "bpf_preempt_disable": "bpf_preempt_enable",
    "bpf_local_irq_save": "bpf_local_irq_restore",
}
_OPENS = {closes: opens for opens, closes in PAIRS.items()}
MARKS = {"unreachable": "never", "jump-into-load": "into", "call-target": "calls"}
OPEN, INSIDE, OUTSIDE = "open", "inside", "outside"


def way(case: Case) -> list[Line]:
    """Return the instructions of the refused path, in the order they were walked."""
    if case.state is None:
        return []
    timeline = case.verdict.timeline
    lines = {line.pc: line for line in timeline.listing}
    path = timeline.path(len(timeline.steps) - 1)
    pcs = [timeline.steps[index].pc for index in path]
    return [lines[pc] for pc in pcs if pc in lines]


def still_held(case: Case) -> Picture | None:
    start, lines = case.number("alloc"), way(case)
    taken = [index for index, line in enumerate(lines) if line.pc == start]
    if not taken:
        return None
    steps = lines[taken[-1] :]
    ways = [line for line in steps[1:-1] if line.kind in ("branch", "call")]
    shown = [steps[0], *ways[-MOST_WAYS:], *steps[1:][-1:]]
    return {
        "picture": "held",
        "steps": [[line.pc, line.text] for line in shown],
        "count": len(steps),
        "ends": shown[-1].kind == "exit",
    }


def callee(line: Line) -> str:
    """Return the name of what is called, or "": `call bpf_spin_lock#93`."""
    return line.text[5:].partition("#")[0] if line.text.startswith("call ") else ""


def section(case: Case) -> Picture | None:
    """What two calls enclose, and the instruction that has no place there."""
    lines = way(case)
    if not lines:
        return None
    opens = _OPENS.get(callee(lines[-1])) or _open_at(lines[:-1])
    if not opens:
        return None
    rows, depth = [], 0
    for line in lines[:-1]:
        name = callee(line)
        depth += (name == opens) - (name == PAIRS[opens] and depth > 0)
        mark = OPEN if name == opens else INSIDE if depth else OUTSIDE
        if mark == OPEN or line.kind in ("branch", "call"):
            rows.append([line.pc, line.text, mark])
    last, first = lines[-1], next((row for row in rows if row[2] == OPEN), None)
    start = rows.index(first) if first else 0
    kept = rows[start:]
    shown = [*kept[:1], *kept[1:][-MOST_WAYS:]]
    return {
        "picture": "section",
        "steps": [*shown, [last.pc, last.text, INSIDE if depth else OUTSIDE]],
        "opens": opens,
        "closes": PAIRS[opens],
        "from": first[0] if first and depth else -1,
        "fails": _failing(last, opens, depth),
    }


def _open_at(lines: list[Line]) -> str:
    """Return what opened the section that the last of these lines stands in."""
    still: list[str] = []
    for name in map(callee, lines):
        if name in PAIRS:
            still.append(name)
        elif _OPENS.get(name) in still:
            still.remove(_OPENS[name])
    return still[-1] if still else ""


def _failing(last: Line, opens: str, depth: int) -> str:
    """Tell which of four rules the last instruction breaks."""
    if callee(last) == PAIRS[opens]:
        return "other" if depth else "closed"
    return "exit" if last.kind == "exit" else "call"


def jumps(case: Case) -> Picture | None:
    """The place in the listing where a jump leads nowhere, or nothing leads."""
    if case.verdict.insns_processed > QUICK:
        return None
    try:
        told = case.verdict.timeline.listing
        listing: list[list[Any]] = [[line.pc, line.text] for line in told]
    except EbpfLabError:
        listing = []
    if case.program and not listing:
        listing = case.listing
    if not listing:
        return None
    at, target = case.number("insn"), case.number("target")
    kind = case.rejection.kind
    if kind == "call-target":
        at, target = call_target(case) or (None, None)
        if at is None:
            return None
    if kind == "falls-off" or at is None:
        at, target = listing[-1][0], listing[-1][0] + 1
    mark = MARKS.get(kind, "from")
    near = next((i for i, row in enumerate(listing) if row[0] >= at), len(listing) - 1)
    rows = [
        [pc, text, mark if index == near else ""]
        for index, (pc, text) in enumerate(listing)
        if abs(index - near) <= AROUND
    ]
    if target is not None and target > listing[-1][0]:
        rows.append([target, "", "missing"])
    elif target is not None and target < 0:
        rows.insert(0, [target, "", "missing"])
    return {"picture": "jumps", "rows": rows}
