"""Which registers are live before each instruction: the textbook's equation.

live before  =  (live after, without what is written)  and  what is read
"""

from collections.abc import Iterator, Sequence

from ebpflab.isa.insn import Insn
from ebpflab.isa.operations import Control, InsnClass
from ebpflab.isa.uses import (
    is_exit,
    is_helper_call,
    is_local_call,
    registers_lost,
    registers_read,
    registers_written,
)

_JUMPS = (InsnClass.JMP, InsnClass.JMP32)


def live_before(insns: Sequence[Insn | None]) -> list[int]:
    """Return the registers live before each slot, as bits (r10 is always)."""
    reads = [_bits(registers_read(insn)) if insn else 0 for insn in insns]
    writes = [_bits(_written(insn)) if insn else 0 for insn in insns]
    live, changed = [0] * len(insns), True
    while changed:
        changed = False
        for pc in reversed(range(len(insns))):
            after = 0
            for to in _next(insns[pc], pc):
                after |= live[to] if to < len(insns) else 0
            before = after & ~writes[pc] | reads[pc]
            changed |= before != live[pc]
            live[pc] = before
    return live


def _bits(registers: Sequence[int]) -> int:
    return sum(1 << number for number in set(registers) if number < 10)


def _written(insn: Insn) -> tuple[int, ...]:
    return (*registers_written(insn), *registers_lost(insn))


def _next(insn: Insn | None, pc: int) -> Iterator[int]:
    """Yield the slots that may come next."""
    if insn is None:
        yield pc + 1
    elif not is_exit(insn):
        is_jump = insn.insn_class in _JUMPS and not (
            is_helper_call(insn) or is_local_call(insn) or insn.code == Control.CALL
        )
        always = is_jump and insn.code == Control.JA
        if is_jump:
            far = always and insn.insn_class is InsnClass.JMP32
            yield pc + 1 + (insn.imm if far else insn.off)
        if not always:
            yield pc + insn.slots
