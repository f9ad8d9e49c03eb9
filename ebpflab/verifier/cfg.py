"""The program as a graph: where control may go, what is never reached, where to prune.

Before any path is walked: every jump lands on an instruction, every instruction can be
reached. Loops are allowed; the walk decides whether they end. A prune point is where
paths may meet again, so that the second may stop there; a jump point is where a path's
history is more than "one after the other". Not here: the walk (`check.py`).

Source: what Linux 6.18 refuses, and where its log shows states being kept.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ebpflab.isa.insn import Insn
from ebpflab.isa.operations import CallKind, Control, InsnClass
from ebpflab.verifier.refusal import EINVAL, Refusal

JUMP_CLASSES = (InsnClass.JMP, InsnClass.JMP32)


@dataclass(slots=True)
class Graph:
    """The successors of each instruction, and the points where states matter."""

    next: list[tuple[int, ...]]  # by slot; () for exit and for second slots
    prune_points: set[int] = field(default_factory=set)
    jump_points: set[int] = field(default_factory=set)


def is_jump(insn: Insn) -> bool:
    """Tell whether this goes to another place: not a call, not exit."""
    if insn.insn_class not in JUMP_CLASSES:
        return False
    return insn.code not in (Control.CALL, Control.EXIT)


def is_goto(insn: Insn) -> bool:
    return is_jump(insn) and insn.code == Control.JA


def target(insn: Insn, idx: int) -> int:
    """Return the slot that a jump goes to; `gotol` keeps its distance in the imm."""
    far = insn.code == Control.JA and insn.insn_class == InsnClass.JMP32
    return idx + 1 + (insn.imm if far else insn.off)


def is_exit(insn: Insn) -> bool:
    return insn.insn_class == InsnClass.JMP and insn.code == Control.EXIT


def is_call(insn: Insn) -> bool:
    return insn.insn_class == InsnClass.JMP and insn.code == Control.CALL


def check_subprogs(insns: Sequence[Insn | None]) -> None:
    """Check that jumps stay in the program, and that it does not run off its end."""
    for idx, insn in enumerate(insns):
        if insn and is_jump(insn):
            to = target(insn, idx)
            if not 0 <= to < len(insns):
                text = f"jump out of range from insn {idx} to {to}"
                raise Refusal(EINVAL, text)
    last = insns[-1]
    if last is None or not (is_exit(last) or is_goto(last)):
        raise Refusal(EINVAL, "last insn is not an exit or jmp")


def check_cfg(insns: Sequence[Insn | None]) -> Graph:
    """Return the program's graph; refuse what cannot be reached."""
    graph = Graph([successors(insn, idx) for idx, insn in enumerate(insns)])
    for idx, insn in enumerate(insns):
        if insn:
            _mark_points(graph, insn, idx)
    reached = reachable(graph)
    for idx, insn in enumerate(insns):
        if insn is None:
            continue
        if idx not in reached:
            raise Refusal(EINVAL, f"unreachable insn {idx}")
        if insn.is_wide and idx + 1 in reached:
            text = f"jump into the middle of ldimm64 insn {idx}"
            raise Refusal(EINVAL, text)
    return graph


def successors(insn: Insn | None, idx: int) -> tuple[int, ...]:
    """Return where control goes from here: straight on first, then the jump."""
    if insn is None or is_exit(insn):
        return ()
    if is_goto(insn):
        return (target(insn, idx),)
    if is_jump(insn):
        return idx + 1, target(insn, idx)
    return (idx + insn.slots,)


def reachable(graph: Graph) -> set[int]:
    """Return the slots that some path from the entry reaches."""
    reached, waiting = {0}, [0]
    while waiting:
        for to in graph.next[waiting.pop()]:
            if to not in reached:
                reached.add(to)
                waiting.append(to)
    return reached


def _mark_points(graph: Graph, insn: Insn, idx: int) -> None:
    if is_call(insn):
        graph.prune_points.add(idx + 1)
        graph.jump_points.add(idx + 1)
    elif is_jump(insn):
        if not is_goto(insn):
            graph.prune_points.add(idx)
        graph.prune_points.add(target(insn, idx))
        graph.jump_points.add(target(insn, idx))


def components(graph: Graph) -> list[int]:
    """Return the loop that each slot lies in: 0 = none, else its number from 1.

    Tarjan's algorithm, without recursion. Loops are numbered in the order in which
    their last instruction is left.
    """
    search = _Search(graph)
    for start in range(len(graph.next)):
        if graph.next[start] and start not in search.order:
            search.visit(start)
    return search.numbers


class _Search:
    """The state of one search for loops."""

    def __init__(self, graph: Graph) -> None:
        self.next = graph.next
        self.order: dict[int, int] = {}
        self.low: dict[int, int] = {}
        self.stack: list[int] = []
        self.numbers = [0] * len(graph.next)
        self.found = 0

    def visit(self, start: int) -> None:
        """Walk depth first from a slot."""
        work: list[tuple[int, Iterator[int]]] = [self._enter(start)]
        while work:
            at, rest = work[-1]
            to = next(rest, None)
            if to is None:
                work.pop()
                self._leave(at)
                if work:
                    above = work[-1][0]
                    self.low[above] = min(self.low[above], self.low[at])
            elif to not in self.order:
                work.append(self._enter(to))
            elif to in self.stack:
                self.low[at] = min(self.low[at], self.order[to])

    def _enter(self, at: int) -> tuple[int, Iterator[int]]:
        self.order[at] = self.low[at] = len(self.order)
        self.stack.append(at)
        return at, iter(self.next[at])

    def _leave(self, at: int) -> None:
        """Close a component when its first slot is left."""
        if self.low[at] != self.order[at]:
            return
        start = self.stack.index(at)
        members, self.stack = self.stack[start:], self.stack[:start]
        if len(members) > 1 or at in self.next[at]:
            self.found += 1
            for member in members:
                self.numbers[member] = self.found


def is_local_call(insn: Insn) -> bool:
    return is_call(insn) and insn.src == CallKind.LOCAL
