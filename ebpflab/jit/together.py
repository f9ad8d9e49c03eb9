"""Accesses of one block through one pointer: checked together, once.

All of them run if the first does and none faults. So one comparison for the span from
the lowest to the highest byte stands for all; where it fails, each access is Python's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ebpflab.isa.insn import Insn, is_atomic, is_memory_class
from ebpflab.isa.operations import SIZE_BY_CODE, InsnClass, Mode
from ebpflab.isa.uses import registers_lost, registers_written
from ebpflab.jit.cfg import Block


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes that a block reaches through one value of one register."""

    first: int  # slot of the first access
    low: int  # offsets from the register
    high: int
    rights: str

    @property
    def size(self) -> int:
        return self.high - self.low


def spans(insns: Sequence[Insn | None], block: Block) -> dict[int, Span]:
    """Return the span of each load and store of a block, by slot."""
    open_: dict[int, list[int]] = {}  # by register: the slots of its accesses so far
    groups: list[list[int]] = []
    for pc in block.pcs:
        insn = insns[pc]
        assert insn
        if _is_plain(insn):
            base = _base(insn)
            if base not in open_:
                open_[base] = []
                groups.append(open_[base])
            open_[base].append(pc)
        for register in registers_written(insn) + registers_lost(insn):
            open_.pop(register, None)
    return {pc: span for group in groups for pc, span in _spanned(insns, group)}


def _is_plain(insn: Insn) -> bool:
    plain = insn.mode in (Mode.MEM, Mode.MEMSX) and not is_atomic(insn)
    return is_memory_class(insn) and plain and insn.insn_class is not InsnClass.LD


def _base(insn: Insn) -> int:
    return insn.src if insn.insn_class is InsnClass.LDX else insn.dst


def _spanned(insns: Sequence[Insn | None], group: list[int]) -> list[tuple[int, Span]]:
    members = [insn for pc in group if (insn := insns[pc])]
    low = min(insn.off for insn in members)
    high = max(insn.off + SIZE_BY_CODE[insn.size_code].bytes for insn in members)
    loads = {insn.insn_class is InsnClass.LDX for insn in members}
    rights = "".join(
        right for right, is_load in (("r", True), ("w", False)) if is_load in loads
    )
    return [(pc, Span(group[0], low, high, rights)) for pc in group]
