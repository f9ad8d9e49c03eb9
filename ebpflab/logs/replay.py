"""A timeline and an exploration out of a log that was read.

Each step's changes are the differences between what was known before and after it; at
the start of a path, what the branch told is among the changes of its first step. The
registers are those of the frame that is walked.
"""

import re
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import Any

from ebpflab.logs.known import Known, walk
from ebpflab.logs.log import Log, Pruning
from ebpflab.logs.operands import operands
from ebpflab.results.exploration import (
    EXIT,
    FORK,
    LOOP,
    REJECTED,
    SAFE,
    Exploration,
    Node,
)
from ebpflab.timeline import EXPLORATION, Change, Line, Outcome, Step, Timeline

LOOP_REASON = "infinite loop detected"


def timeline_of(log: Log, title: str = "", type: str = "") -> Timeline:
    """Return the walk that a log tells, step by step."""
    return Timeline(
        title=title,
        type=type,
        listing=_listing(log),
        steps=_steps(log),
        outcome=_outcome(log),
        kind=EXPLORATION,
    )


def exploration_of(
    log: Log, title: str = "", type: str = "", covered: Sequence[int] = ()
) -> Exploration:
    """Return the tree of paths that a log tells.

    Args:    covered: for each pruning, the step before which the state was kept that
             covers it; a log does not tell that.
    """
    return Exploration(timeline_of(log, title, type), _nodes(log, covered))


# ---- the timeline --------------------------------------------------------------


def _steps(log: Log) -> tuple[Step, ...]:
    steps, ends = [], {-1: Known()}
    last_of_many = _last_uses(log)
    for index, before, after in walk(log):
        step = log.steps[index]
        start = ends.get(step.parent, before)
        steps.append(
            Step(
                parent=step.parent,
                frame=step.frame,
                pc=step.pc,
                changes=_changes(start, after),
                reads=operands(step.code, step.text).reads,
            )
        )
        ends[index] = after
        for done in last_of_many.get(index, ()):
            ends.pop(done, None)
    return tuple(steps)


def _last_uses(log: Log) -> Mapping[int, list[int]]:
    """Tell at which step each step's state is wanted for the last time."""
    last = {step.parent: index for index, step in enumerate(log.steps)}
    ended: dict[int, list[int]] = {}
    for index in range(len(log.steps)):
        ended.setdefault(last.get(index, index), []).append(index)
    return ended


def _changes(before: Known, after: Known) -> tuple[Change, ...]:
    slots = dict.fromkeys((*before, *after))
    return tuple(
        Change(slot, before.get(slot), after.get(slot))
        for slot in slots
        if before.get(slot) != after.get(slot)
    )


def _listing(log: Log) -> tuple[Line, ...]:
    """Return the log's listing, or the instructions that were looked at."""
    seen = {step.pc: (step.code, step.text) for step in log.steps}
    listed = {pc: (row.code, row.text) for pc, row in log.listing.items()}
    lines = {step.pc: step.source.line for step in log.steps if step.source}
    return tuple(
        _line(pc, code, text, lines.get(pc, 0))
        for pc, (code, text) in sorted({**seen, **listed}.items())
    )


def _line(pc: int, code: int, text: str, source_line: int) -> Line:
    doing = operands(code, text)
    target = None
    if doing.kind == "branch" and doing.jump is not None:
        target = pc + 1 + doing.jump
    return Line(pc, text, source_line, target, doing.kind)


def _outcome(log: Log) -> Outcome:
    if not log.reason:
        return Outcome()
    return Outcome(fault="\n".join(log.reason), fault_pc=fault_pc(log))


def fault_pc(log: Log) -> int:
    """Return the slot that was looked at when the reason was said; -1 = none."""
    if log.reason and log.reason[0].startswith(LOOP_REASON):
        number = log.reason[0].rpartition(" ")[2]
        return int(number) if re.fullmatch(r"\d{1,9}", number) else -1
    return log.steps[-1].pc if log.steps else -1


# ---- the tree ------------------------------------------------------------------


def _nodes(log: Log, covered: Sequence[int]) -> tuple[Node, ...]:
    """Cut the walk at its forks, in the order in which it was walked."""
    if len(covered) != len(log.prunings):
        covered = [-1] * len(log.prunings)
    tree, prunings = _Tree(log), deque(zip(log.prunings, covered, strict=True))
    for index in range(len(log.steps) + 1):
        while prunings and prunings[0][0].after <= index:
            tree.prune(*prunings.popleft())
        if index < len(log.steps):
            tree.add(index)
    tree.end()
    return tuple(Node(**fields) for fields in tree.made)


class _Tree:
    """The nodes made so far; the current path, to count its rounds."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.made: list[dict[str, Any]] = []
        self.node_of: list[int] = []  # by step
        self.ways = Counter(step.parent for step in log.steps)
        self.ways.update(pruning.parent for pruning in log.prunings)
        self.path: list[int] = []  # nodes from the start to here
        self.seen: Counter[int] = Counter()  # how often the path came to each slot

    def add(self, index: int) -> None:
        """Put a step into the node of the step before it, or into a new one."""
        step = self.log.steps[index]
        if self._goes_straight_on(index, step.parent):
            self.made[self.node_of[step.parent]]["count"] += 1
            self.node_of.append(self.node_of[step.parent])
        else:
            self._open(step.parent, step.pc, index, 1)
            self.node_of.append(len(self.made) - 1)
        self.seen[step.pc] += 1
        if step.ends_program:
            self.made[self.node_of[index]]["ended"] = EXIT
        elif self.ways[index] > 1:
            self.made[self.node_of[index]]["ended"] = FORK

    def prune(self, pruning: Pruning, step: int) -> None:
        """The path stops: at the end of a node, or before a new one has a step.

        The state that was kept before `step` covers it; -1 = nobody says which.
        """
        parent, ended = pruning.parent, {"ended": SAFE, "pruned_at": pruning.pc}
        if 0 <= step < len(self.node_of) and self.log.steps[step].pc == pruning.pc:
            ended |= {"covered_by": self.node_of[step], "covering_step": step}
        if self._goes_straight_on(pruning.after, parent):
            self.made[self.node_of[parent]] |= ended
        else:
            self._open(parent, pruning.pc, pruning.after, 0)
            self.made[-1] |= ended

    def end(self) -> None:
        """The program was refused where the walk ended, if it did not end well."""
        if not (self.log.reason and self.node_of):
            return
        last, steps = self.log.prunings[-1:], len(self.log.steps)
        if self.log.reason[0].startswith(LOOP_REASON):
            self.made[self.node_of[-1]]["ended"] = LOOP
        elif not (last and last[0].after == steps):
            self.made[self.node_of[-1]]["ended"] = REJECTED

    def _goes_straight_on(self, index: int, parent: int) -> bool:
        return parent >= 0 and parent == index - 1 and self.ways[parent] == 1

    def _open(self, parent: int, pc: int, first: int, count: int) -> None:
        above = self.node_of[parent] if parent >= 0 else -1
        self._back_to(above)
        fields = {"parent": above, "pc": pc, "first": first, "count": count}
        self.made.append({**fields, "round": self.seen[pc] + 1})
        self.path.append(len(self.made) - 1)

    def _back_to(self, above: int) -> None:
        """Leave the nodes that are not on the way to `above`."""
        while self.path and self.path[-1] != above:
            left = self.made[self.path.pop()]
            last = left["first"] + left["count"]
            steps = self.log.steps[left["first"] : last]
            self.seen.subtract(step.pc for step in steps)
