"""A verifier's exploration, made ready to be followed: where a step leads on to.

From a step the walk goes to the steps that name it as their parent, or stops before an
instruction because a state covers it. Which state that was, our own verifier tells; a
log does not say: one of the earlier visits of that instruction, behind the same calls.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from ebpflab.logs.states import Slot, Value
from ebpflab.results.exploration import EXIT, FORK, SAFE, Exploration
from ebpflab.timeline import Line, Step

Known = dict[str, str]  # r0 ... r10, fp-8, frame1:fp-8 -> the claim's text
Claims = dict[str, Value | Slot]
_ID = re.compile(r"[(,]id=(\d+)")


@dataclass(frozen=True, slots=True)
class Way:
    """One way on: to a step, or (covered) to the instruction of an earlier one."""

    pc: int
    index: int  # the step; of a covered way, the number of steps walked before it
    is_covered: bool = False
    after: int = -1  # the step that leads there
    by: int = -1  # the step before which the covering state was kept; -1 = unknown


@dataclass
class Walked:
    """The steps of an exploration, with the ways between them."""

    exploration: Exploration
    ways: dict[int, list[Way]] = field(init=False)  # by step, -1 = the start
    visits: dict[int, list[int]] = field(init=False)  # steps, by slot
    forks: set[int] = field(init=False)  # steps after which several ways lead on
    untold: set[int] = field(init=False)  # steps whose effect the log does not print
    claims: dict[int, Claims] = field(default_factory=dict)  # by step, parsed once
    _known: dict[int, tuple[Known, frozenset[str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.steps = self.exploration.timeline.steps
        self.lines: dict[int, Line] = {
            line.pc: line for line in self.exploration.timeline.listing
        }
        self.ways, self.visits = defaultdict(list), defaultdict(list)
        self.calls: list[tuple[int, ...]] = []  # by step: the calls that led there
        for index, step in enumerate(self.steps):
            self.calls.append(self._calls_behind(step.parent, step.frame))
            self.ways[step.parent].append(Way(step.pc, index))
            self.visits[step.pc].append(index)
        nodes = self.exploration.nodes
        for node in nodes:
            if node.ended == SAFE:
                last = node.first + node.count - 1
                above = nodes[node.parent] if node.parent >= 0 else None
                if not node.count:
                    last = above.first + above.count - 1 if above else -1
                index, by = node.first + node.count, node.covering_step
                self.ways[last].append(Way(node.pruned_at, index, True, last, by))
        self.untold = {
            n.first + n.count - 1 for n in nodes if n.ended not in (FORK, EXIT)
        }
        self.forks = {n.first + n.count - 1 for n in nodes if n.ended == FORK}

    def known(self, index: int) -> Known:
        """Return all that is claimed after a step; not to be changed."""
        return self._told(index)[0]

    def refined_since(self, index: int) -> frozenset[str]:
        """Return the slots of which more is known after a step than was told of them.

        A branch tells of the register that it tests; the copies of that one shrink too.
        """
        return self._told(index)[1]

    def _told(self, index: int) -> tuple[Known, frozenset[str]]:
        path, at = [], index
        while at >= 0 and at not in self._known:
            path.append(at)
            at = self.steps[at].parent
        before, refined = self._known[at] if at >= 0 else ({}, frozenset())
        known = dict(before)
        for number in reversed(path):
            step = self.steps[number]
            copies = self._copies(known, step)
            refined = (refined | copies) - {change.slot for change in step.changes}
            self._change(known, step)
        self._known[index] = known, refined
        return known, refined

    def _copies(self, known: Known, step: Step) -> frozenset[str]:
        """Return the copies of what a branch tells of."""
        ids: set[str] = set()
        if self.kind(step.pc) == "branch":
            ids = {_id_of(known.get(change.slot, "")) for change in step.changes}
        ids.discard("")
        if not ids:
            return frozenset()
        return frozenset(slot for slot, text in known.items() if _id_of(text) in ids)

    def _change(self, known: Known, step: Step) -> None:
        for change in step.changes:
            known.pop(change.slot, None)
            if change.new is not None:
                known[change.slot] = change.new

    def following(self, index: int, pc: int) -> Iterator[Way]:
        """Yield the ways from a step to an instruction.

        Passed over are steps that no run makes: an instruction that is judged twice
        because its value was split, a call judged again when its callback returned.
        """
        for way in self.ways[index]:
            if way.pc == pc:
                yield way
            elif not way.is_covered and self._is_judged_again(index, way.index):
                yield from self.following(way.index, pc)
            elif way.is_covered and self._is_call_again(index, way.pc):
                for visit in self.covering(way, self.steps[index].frame - 1):
                    yield from self.following(visit, pc)

    def _is_judged_again(self, index: int, child: int) -> bool:
        pc = self.steps[child].pc
        if self.steps[index].pc == pc:
            return self.kind(pc) == "alu"
        return self._is_call_again(index, pc)

    def _is_call_again(self, index: int, pc: int) -> bool:
        """Tell whether a callback returns to the call that has it called."""
        step = self.steps[index]
        is_return = bool(step.frame) and self.kind(step.pc) == "exit"
        return is_return and self.kind(pc) == "call"

    def kind(self, pc: int) -> str:
        """Return the sort of instruction in a slot; "" if none was looked at."""
        line = self.lines.get(pc)
        return line.kind if line else ""

    def covering(self, way: Way, frame: int) -> Iterator[int]:
        """Yield the visits whose states may have covered a way, latest first."""
        if way.by >= 0:
            yield way.by
            return
        calls = self._calls_behind(way.after, frame)
        for visit in reversed(self.visits[way.pc]):
            if visit < way.index and self.calls[visit] == calls:
                yield visit

    def _calls_behind(self, index: int, frame: int) -> tuple[int, ...]:
        """Return the slots of the calls that are open behind a step, outermost first.

        Args:    frame: the call depth there: one more behind a call of a function.
        """
        calls = self.calls[index] if index >= 0 else ()
        return calls[:frame] if frame <= len(calls) else (*calls, self.steps[index].pc)


def _id_of(text: str) -> str:
    """Return the id in a claim's text; "" if it has none."""
    found = _ID.search(text)
    return found[1] if found else ""
