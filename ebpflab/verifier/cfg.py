"""The program as a graph: where control may go, what is never reached, where to prune.

Before any path is walked: every instruction can be reached, and nothing lands inside a
64-bit load. Loops are allowed; the walk decides whether they end. A prune point is
where paths may meet again, so that the second may stop there; a jump point is where a
path's history is more than "one after the other". Not here: the walk (`walk.py`), loops
(`loops.py`).

Source: what Linux 6.18 refuses, and where its log shows states being kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ebpflab.isa.insn import Insn
from ebpflab.verifier.control import (
    calls_back,
    calls_back_later,
    is_call,
    is_exit,
    is_goto,
    is_jump,
    is_legacy_load,
    is_local_call,
    is_may_goto,
    is_tail_call,
    target,
)
from ebpflab.verifier.refusal import EINVAL, Refusal
from ebpflab.verifier.subprogs import Subprogs, is_func_address


@dataclass(slots=True)
class Graph:
    """The successors of each instruction in its function, and where states matter."""

    next: list[tuple[int, ...]]  # by slot; () for exit and for second slots
    prune_points: set[int] = field(default_factory=set)
    jump_points: set[int] = field(default_factory=set)
    checkpoints: set[int] = field(default_factory=set)  # a state is kept at each visit
    callbacks: set[int] = field(default_factory=set)  # calls that call back
    may_gotos: set[int] = field(default_factory=set)
    iterators: set[int] = field(default_factory=set)  # calls that ask for the next one


def check_cfg(insns: Sequence[Insn | None], subprogs: Subprogs) -> Graph:
    """Return the program's graph; refuse what cannot be reached."""
    graph = Graph([successors(insn, idx) for idx, insn in enumerate(insns)])
    for idx, insn in enumerate(insns):
        if insn:
            _mark_points(graph, insn, idx)
    roots = (0, subprogs[subprogs.exception_callback].start)
    reached = _reachable(graph, insns, roots)
    for idx, insn in enumerate(insns):
        if insn is None:
            continue
        if idx not in reached:
            raise Refusal(EINVAL, f"unreachable insn {idx}")
        if insn.is_wide and idx + 1 in reached:
            text = f"jump into the middle of ldimm64 insn {idx}"
            raise Refusal(EINVAL, text)
    _add_abnormal_returns(graph, insns, subprogs)
    return graph


def _add_abnormal_returns(
    graph: Graph, insns: Sequence[Insn | None], subprogs: Subprogs
) -> None:
    """Tail calls and legacy loads may end their function."""
    for subprog in subprogs:
        if subprog.has_tail_call or subprog.has_ld_abs:
            for idx in range(subprog.start, subprog.end):
                insn = insns[idx]
                if insn and (is_tail_call(insn) or is_legacy_load(insn)):
                    graph.next[idx] = (idx + 1, subprog.exit)


def successors(insn: Insn | None, idx: int) -> tuple[int, ...]:
    """Return where control goes from here: straight on first, then the jump."""
    if insn is None or is_exit(insn):
        return ()
    if is_goto(insn):
        return (target(insn, idx),)
    if is_jump(insn):
        return idx + 1, target(insn, idx)
    return (idx + insn.slots,)


def _callee(insn: Insn, idx: int) -> int:
    """Return the first slot of the function that this calls or points to; -1: none."""
    if is_local_call(insn) or is_func_address(insn):
        return idx + 1 + insn.imm
    return -1


def _reachable(
    graph: Graph, insns: Sequence[Insn | None], roots: Sequence[int]
) -> set[int]:
    """Return the slots that some path from the roots reaches, calls included."""
    reached, waiting = set(roots), list(roots)
    while waiting:
        idx = waiting.pop()
        insn = insns[idx]
        ways = graph.next[idx] if insn else (idx + 1,)  # from a load's middle, on
        callee = _callee(insn, idx) if insn else -1
        for to in ways if callee < 0 else (*ways, callee):
            if to not in reached:
                reached.add(to)
                waiting.append(to)
    return reached


def _mark_points(graph: Graph, insn: Insn, idx: int) -> None:
    if is_call(insn) or is_func_address(insn):
        _mark_call(graph, insn, idx)
    elif is_jump(insn):
        if not is_goto(insn):
            graph.prune_points.add(idx)
        if is_may_goto(insn):
            graph.checkpoints.add(idx)
            graph.may_gotos.add(idx)
        graph.prune_points.add(target(insn, idx))
        graph.jump_points.add(target(insn, idx))


def _mark_call(graph: Graph, insn: Insn, idx: int) -> None:
    """A path comes back behind a call from elsewhere; callbacks come back to it."""
    graph.prune_points.add(idx + insn.slots)
    graph.jump_points.add(idx + insn.slots)
    callee = _callee(insn, idx)
    if callee >= 0:
        graph.prune_points.update((idx, callee))
        graph.jump_points.add(callee)
    if calls_back_later(insn):
        graph.prune_points.add(idx)
    if calls_back(insn):
        graph.prune_points.add(idx)
        graph.jump_points.add(idx)
        graph.checkpoints.add(idx)
        graph.callbacks.add(idx)


def postorder(graph: Graph, start: int) -> list[int]:
    """Return the slots of a function, each behind those that it leads to.

    Of two ways the jump's is followed first: Linux solves its equations in this order,
    and tells of it at level 2.
    """
    order, waiting, seen, left = [], [start], {start}, set[int]()
    while waiting:
        top = waiting[-1]
        if top in left:
            order.append(waiting.pop())
            continue
        for to in graph.next[top]:
            if to not in seen:
                seen.add(to)
                waiting.append(to)
        left.add(top)
    return order
