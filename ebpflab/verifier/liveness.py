"""Which registers and stack slots may still be read: what is dead need not be equal.

Registers: one pass backwards over the program, before any path is walked.

    live before = (live after, without what is written) and what is read

Stack slots: an instruction's slots are known only once the walk has seen its pointers,
so reads and writes are noted on the way, and the same equation is solved whenever they
changed. A slot counts as written only if every visit wrote all of it.

Source: the textbook's liveness analysis; what counts as read, as listed by Linux 6.18
(`Live regs before insn:`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ebpflab.isa.insn import Insn
from ebpflab.isa.uses import LOST_IN_A_CALL, registers_read, registers_written
from ebpflab.verifier.cfg import Graph, is_call

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


@dataclass(slots=True)
class StackLiveness:
    """The stack slots that may be read behind each instruction, as bits; one frame."""

    graph: Graph
    reads: list[int] = field(init=False)
    writes: list[int] = field(init=False)  # -1: never visited
    live: list[int] = field(init=False)
    is_stale: bool = False

    def __post_init__(self) -> None:
        count = len(self.graph.next)
        self.reads, self.writes, self.live = [0] * count, [-1] * count, [0] * count

    def visited(self, idx: int, reads: int, writes: int) -> None:
        """Note what one visit of an instruction read, and what it wrote whole."""
        written, read = self.writes[idx] & writes, self.reads[idx] | reads
        if written != self.writes[idx] or read != self.reads[idx]:
            self.writes[idx], self.reads[idx] = written, read
            self.is_stale = True

    def before(self, idx: int) -> int:
        """Return the slots that may be read from here on."""
        if self.is_stale:
            writes = [max(written, 0) for written in self.writes]
            self.live = _solved(self.graph, self.reads, writes)
            self.is_stale = False
        return self.live[idx]
