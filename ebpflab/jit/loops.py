"""The small loops of a function: those whose rounds are written several at a time.

A loop is what comes back to one block, its head, by backward jumps, and is entered
there alone. Innermost ones without calls are taken, as long as the function does not
grow much. Not here: what is written (rounds_ir.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from ebpflab.isa.insn import Insn
from ebpflab.isa.operations import Control, InsnClass
from ebpflab.jit.cfg import Block, Function, Insns, is_call, target_of

ROUNDS = ((12, 4), (16, 2))  # up to so many instructions: rounds at a time
_ROOM = 64  # instructions that a function may grow by, beside its own size


@dataclass(frozen=True, slots=True)
class Loop:
    """Blocks that come back to `head`, in an order in which they may run."""

    head: int
    blocks: tuple[Block, ...]
    rounds: int  # at a time

    @property
    def size(self) -> int:
        """Its instructions: no round executes more, for none runs twice in it."""
        return sum(len(block.pcs) for block in self.blocks)

    @property
    def is_straight(self) -> bool:
        """Tell whether each block is reached only from the one before it."""
        order = [block.start for block in self.blocks]
        ways = [(b.start, n) for b in self.blocks for n in b.next if n in order]
        return ways == list(zip(order, [*order[1:], self.head], strict=True))


def small_loops(insns: Insns, function: Function) -> dict[int, Loop]:
    """Return a function's small loops, by their heads."""
    loops: dict[int, Loop] = {}
    room = _ROOM + function.size
    for head, ends in sorted(_ends(insns, function).items()):
        loop = _loop(insns, function, head, ends)
        if loop and loop.size * loop.rounds <= room:
            room -= loop.size * loop.rounds
            loops[head] = loop
    return loops


def _ends(insns: Insns, function: Function) -> dict[int, list[int]]:
    """Return the blocks that jump backward, by where they jump."""
    found: dict[int, list[int]] = {}
    for block in function.blocks.values():
        target = _backward(insns, block)
        if target is not None:
            found.setdefault(target, []).append(block.start)
    return found


def _backward(insns: Insns, block: Block) -> int | None:
    """Return where a block jumps backward, if it does."""
    pc = block.pcs[-1] if block.pcs else 0
    insn = insns[pc] if block.pcs else None
    if insn is None or not _jumps(insn):
        return None
    target = target_of(insn, pc)
    return target if target <= pc else None


def _jumps(insn: Insn) -> bool:
    is_jump = insn.insn_class in (InsnClass.JMP, InsnClass.JMP32)
    return is_jump and insn.code not in (Control.CALL, Control.EXIT)


def _loop(insns: Insns, function: Function, head: int, ends: list[int]) -> Loop | None:
    inside = _inside(function, head, ends)
    blocks = tuple(function.blocks[start] for start in sorted(inside))
    size = sum(len(block.pcs) for block in blocks)
    rounds = next((rounds for most, rounds in ROUNDS if size <= most), 0)
    entered_elsewhere = function.entry in inside and function.entry != head
    if not rounds or entered_elsewhere:
        return None
    for block in blocks:
        target = _backward(insns, block)
        if target in inside and target != head:
            return None
        if any(_asks_python(insns[pc]) for pc in block.pcs):
            return None
    return Loop(head, blocks, rounds)


def _inside(function: Function, head: int, ends: list[int]) -> set[int]:
    """Return the blocks from which a loop's ends are reached without its head."""
    coming: dict[int, list[int]] = {}
    for block in function.blocks.values():
        for following in block.next:
            coming.setdefault(following, []).append(block.start)
    inside, due = {head}, list(ends)
    while due:
        start = due.pop()
        if start not in inside:
            inside.add(start)
            due += coming.get(start, [])
    return inside


def _asks_python(insn: Insn | None) -> bool:
    """Tell whether the budget or the packet may be others after an instruction."""
    assert insn
    legacy = insn.insn_class is InsnClass.LD and not insn.is_wide
    return legacy or is_call(insn)
