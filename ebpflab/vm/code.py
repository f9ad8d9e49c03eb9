"""A program as the machine runs it: blocks of actions, made when they are reached.

A block is a stretch of instructions that run one after the other; its last one may
jump. So the loop asks "where now?" once a block instead of once an instruction.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ebpflab.errors import VmFault
from ebpflab.isa.insn import Insn
from ebpflab.vm.actions import Action, action_of, ends_block


@dataclass(frozen=True, slots=True)
class Block:
    """Actions that run one after the other, and the slot after the last one."""

    actions: tuple[Action, ...]
    end: int
    size: int


@dataclass(slots=True)
class Code:
    """All blocks of one program so far; `longest` limits how many actions one has."""

    insns: Sequence[Insn | None]
    longest: int = 1_000
    blocks: dict[int, Block] = field(default_factory=dict)

    def block_at(self, start: int) -> Block:
        """Make the block that begins in slot `start`.

        Raises:  VmFault: there is no instruction.
        """
        actions: list[Action] = []
        pc = start
        while pc < len(self.insns) and len(actions) < self.longest:
            insn = self.insns[pc]
            if insn is None:
                break
            actions.append(action_of(insn, pc))
            pc += insn.slots
            if ends_block(insn):
                break
        if not actions:
            raise VmFault.of("ran-past-end", pc=start, last=len(self.insns) - 1)
        self.blocks[start] = Block(tuple(actions), pc, len(actions))
        return self.blocks[start]
