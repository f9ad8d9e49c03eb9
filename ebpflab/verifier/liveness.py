"""Which registers may still be read: what is dead need not be equal.

Solved backwards over the program, before any path is walked:

    live before = (live after, without what is written) and what is read

Not here: stack slots (`stack_liveness.py`).

Source: the textbook's liveness analysis; what counts as read, as listed by Linux 6.18
(`Live regs before insn:`).
"""

from collections.abc import Callable, Sequence

from ebpflab.isa.insn import Insn
from ebpflab.isa.operations import InsnClass
from ebpflab.isa.uses import LOST_IN_A_CALL, registers_read, registers_written
from ebpflab.verifier.cfg import Graph
from ebpflab.verifier.control import is_call

_ALL = (1 << 10) - 1
_LOST = 1 | sum(1 << reg for reg in LOST_IN_A_CALL)  # r0 is the result


def live_registers(
    insns: Sequence[Insn | None], graph: Graph, arguments: Callable[[Insn], int]
) -> list[int]:
    """Return the registers live before each slot, as bits; `fp` is not among them.

    Args:    arguments: how many registers a call reads.
    """
    reads, writes = [0] * len(insns), [0] * len(insns)
    for idx, insn in enumerate(insns):
        if insn:
            count = arguments(insn) if is_call(insn) else 0
            reads[idx] = _bits(registers_read(insn, count))
            lost = _LOST if is_call(insn) else 0
            writes[idx] = _bits(registers_written(insn)) | lost
            if insn.insn_class is InsnClass.LD and not insn.is_wide:
                reads[idx], writes[idx] = _ALL, 0  # Linux does not look closer
    return _solved(graph, reads, writes)


def _bits(registers: Sequence[int]) -> int:
    return sum(1 << reg for reg in set(registers) if reg < 10)


def _solved(graph: Graph, reads: list[int], writes: list[int]) -> list[int]:
    """Solve the equation, going backwards until nothing changes."""
    live = [0] * len(reads)
    changed = True
    while changed:
        changed = False
        for idx in range(len(reads) - 1, -1, -1):
            after = 0
            for to in graph.next[idx]:
                after |= live[to]
            before = after & ~writes[idx] | reads[idx]
            if before != live[idx]:
                live[idx], changed = before, True
    return live
