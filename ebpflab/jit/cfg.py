"""The functions of a program, and the blocks of each: what a compiler walks over.

A block is a stretch of instructions of which only the last may jump, cut exactly where
the interpreter cuts (vm/actions.py), so that all tiers count alike. A function is all
that its entry reaches without a call; code that two functions share belongs to both.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ebpflab.isa.insn import Insn
from ebpflab.isa.operations import (
    JUMP_BY_CODE,
    CallKind,
    Control,
    InsnClass,
    Wide,
)
from ebpflab.vm.actions import ends_block

Insns = Sequence[Insn | None]


@dataclass(frozen=True, slots=True)
class Block:
    """Instructions that run one after the other; none where the program ran out."""

    start: int  # slot
    pcs: tuple[int, ...]  # slots of its instructions
    next: tuple[
        int, ...
    ]  # starts of the blocks that may follow; a branch's target last


@dataclass(frozen=True, slots=True)
class Function:
    """The blocks that one entry reaches, in the order of their slots."""

    entry: int
    blocks: dict[int, Block]

    @property
    def size(self) -> int:
        """How many instructions it has."""
        return sum(len(block.pcs) for block in self.blocks.values())


def entries(insns: Insns) -> tuple[int, ...]:
    """Return the slots where functions begin: the program's, those called or named."""
    found = {0}
    for pc, insn in enumerate(insns):
        if insn and (is_local(insn) or (insn.is_wide and insn.src == Wide.FUNC)):
            found.add(pc + 1 + insn.imm)
    return tuple(sorted(found))


def is_local(insn: Insn) -> bool:
    """Tell whether this calls a function of the program itself."""
    return is_call(insn) and insn.src == CallKind.LOCAL


def is_call(insn: Insn) -> bool:
    return insn.insn_class is InsnClass.JMP and insn.code == Control.CALL


def target_of(insn: Insn, pc: int) -> int:
    """Return where a jump goes when it is taken."""
    far = insn.insn_class is InsnClass.JMP32 and insn.code == Control.JA
    return pc + 1 + (insn.imm if far else insn.off)


def function_at(insns: Insns, entry: int) -> Function:
    """Return the function that begins in slot `entry`."""
    starts, reached = {entry}, [entry]
    followers: dict[int, tuple[int, ...]] = {}
    while reached:
        pc = reached.pop()
        last = _end_of_stretch(insns, pc)
        insn = insns[last] if last < len(insns) else None
        if last not in followers:
            followers[last] = tuple(_followers(insn, last)) if insn else ()
            new = [] if insn else [last]
            new += [start for start in followers[last] if start not in starts]
            starts.update(new)
            reached += new
    blocks = {
        start: _block(insns, start, starts, followers) for start in sorted(starts)
    }
    return Function(entry, blocks)


def _end_of_stretch(insns: Insns, pc: int) -> int:
    """Return the slot of the next instruction that ends a block, or where none is."""
    while pc < len(insns) and (insn := insns[pc]) is not None:
        if ends_block(insn):
            return pc
        pc += insn.slots
    return pc


def _followers(insn: Insn, pc: int) -> Iterator[int]:
    """Yield the slots that may come after an instruction that ends a block."""
    jumps = insn.insn_class in (InsnClass.JMP, InsnClass.JMP32)
    conditional = insn.code in JUMP_BY_CODE or insn.code == Control.JCOND
    if not jumps or insn.code == Control.CALL or conditional:
        yield pc + 1
    if jumps and (conditional or insn.code == Control.JA):
        yield target_of(insn, pc)


def _block(
    insns: Insns, start: int, starts: set[int], followers: dict[int, tuple[int, ...]]
) -> Block:
    pcs: list[int] = []
    pc = start
    while pc < len(insns) and (insn := insns[pc]) is not None:
        pcs.append(pc)
        if ends_block(insn):
            return Block(start, tuple(pcs), followers[pc])
        pc += insn.slots
        if pc in starts:
            return Block(start, tuple(pcs), (pc,))
    return Block(start, (), ())
