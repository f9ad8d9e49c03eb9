"""Accesses through one pointer that run one after the other: checked together, once.

A pointer that is moved or that a constant is added to stays the same pointer, at
another distance. Where all accesses run if the first does, one comparison for the span
from the lowest to the highest byte stands for all: where it fails, each is Python's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ebpflab.isa.insn import Insn, is_atomic, is_memory_class
from ebpflab.isa.operations import (
    ALU_BY_CODE,
    SIZE_BY_CODE,
    InsnClass,
    Mode,
    Source,
)
from ebpflab.isa.uses import registers_lost, registers_written

_REGISTERS = 11


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes that instructions reach through one pointer."""

    first: int  # which of the instructions reaches them first
    register: int  # that held the pointer before all of them; -1: none did
    low: int  # distances from the pointer
    high: int
    rights: str

    @property
    def size(self) -> int:
        return self.high - self.low


@dataclass(frozen=True, slots=True)
class Reached:
    """One access of a span; `at` is its distance from the span's lowest byte."""

    span: Span
    at: int


@dataclass(frozen=True, slots=True)
class _Access:
    number: int
    pointer: int  # a register's number, or 11 + that of the instruction that made it
    low: int
    high: int
    right: str


def reached(insns: Sequence[Insn]) -> dict[int, Reached]:
    """Return what each load and store among these instructions reaches."""
    groups: dict[int, list[_Access]] = {}
    for access in _accesses(insns):
        groups.setdefault(access.pointer, []).append(access)
    found: dict[int, Reached] = {}
    for pointer, group in groups.items():
        span = _span(pointer, group)
        found |= {a.number: Reached(span, a.low - span.low) for a in group}
    return found


def _accesses(insns: Sequence[Insn]) -> Iterable[_Access]:
    """Yield the accesses, following their pointers through moves and additions."""
    holds = {register: (register, 0) for register in range(_REGISTERS)}
    for number, insn in enumerate(insns):
        if is_plain(insn):
            loads = insn.insn_class is InsnClass.LDX
            pointer, distance = holds[insn.src if loads else insn.dst]
            low = distance + insn.off
            high = low + SIZE_BY_CODE[insn.size_code].bytes
            yield _Access(number, pointer, low, high, "r" if loads else "w")
        moved = _moved(insn, holds)
        for register in registers_written(insn) + registers_lost(insn):
            holds[register] = moved or (_REGISTERS + number, 0)


def _moved(insn: Insn, holds: dict[int, tuple[int, int]]) -> tuple[int, int] | None:
    """Return the pointer that a move or an addition gives, and its distance."""
    if insn.insn_class is not InsnClass.ALU64:
        return None
    op = ALU_BY_CODE.get((insn.code, insn.off))
    by_register = insn.source is Source.X
    if op is None or by_register != (op.name == "mov"):
        return None
    pointer, distance = holds[insn.src if by_register else insn.dst]
    by = {"mov": 0, "add": insn.imm, "sub": -insn.imm}.get(op.name)
    return None if by is None else (pointer, distance + by)


def is_plain(insn: Insn) -> bool:
    """Tell whether this is a load or a store, and no more."""
    plain = insn.mode in (Mode.MEM, Mode.MEMSX) and not is_atomic(insn)
    return is_memory_class(insn) and plain and insn.insn_class is not InsnClass.LD


def _span(pointer: int, group: list[_Access]) -> Span:
    return Span(
        first=group[0].number,
        register=pointer if pointer < _REGISTERS else -1,
        low=min(access.low for access in group),
        high=max(access.high for access in group),
        rights="".join(sorted({access.right for access in group})),
    )
