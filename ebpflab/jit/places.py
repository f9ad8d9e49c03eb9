"""What each register points to, as far as a compiler can tell: facts and hints.

A *fact* is exact: the frame pointer, the context or a map's name, plus a constant that
only moves and additions have made. A *hint* says which region a pointer probably lies
in; compiled code looks first there, and asks in general when it does not. So a hint may
be wrong, and costs time only. Not here: what a verifier proves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ebpflab.hooks.hook import Hook
from ebpflab.isa.insn import Insn, is_atomic
from ebpflab.isa.operations import (
    ALU_BY_CODE,
    SIZE_BY_CODE,
    InsnClass,
    Mode,
    Source,
    Wide,
)
from ebpflab.isa.uses import is_helper_call, registers_lost, registers_written
from ebpflab.jit.cfg import Block, Function, Insns, is_call
from ebpflab.maps.base import Map

CTX, STACK, PACKET, VALUES, HANDLE = "ctx", "stack", "packet", "values", "handle"
PACKET_FIELDS = ("data", "data_end", "data_meta")
LOOKUP = 1  # bpf_map_lookup_elem
_WORD = 8
_NAMED = {
    Wide.MAP_FD: HANDLE,
    Wide.MAP_IDX: HANDLE,
    Wide.MAP_VALUE: VALUES,
    Wide.MAP_IDX_VALUE: VALUES,
}


@dataclass(frozen=True, slots=True)
class Place:
    """A kind of region; `offset` is None where it is only a hint."""

    kind: str
    offset: int | None = None  # bytes from the region's start, or from the stack's end
    map: int = -1  # of VALUES and HANDLE: the program's map

    def moved(self, distance: int | None) -> Place | None:
        """Return the place some bytes further; None: nobody knows how many."""
        if self.kind == HANDLE:
            return None
        known = self.offset is not None and distance is not None
        return replace(self, offset=self.offset + distance if known else None)  # type: ignore[operator]


@dataclass(slots=True)
class Places:
    """What registers and stack slots point to before one instruction."""

    registers: dict[int, Place]
    slots: dict[int, Place]  # by offset from the frame pointer; hints

    def copy(self) -> Places:
        return Places(dict(self.registers), dict(self.slots))

    def joined(self, other: Places) -> Places:
        """Return what holds on both ways."""
        registers = _joined(self.registers, other.registers)
        return Places(registers, _joined(self.slots, other.slots))


def _joined(one: dict[int, Place], other: dict[int, Place]) -> dict[int, Place]:
    both = {}
    for key, place in one.items():
        second = other.get(key)
        if second == place:
            both[key] = place
        elif second and (second.kind, second.map) == (place.kind, place.map):
            if place.kind != HANDLE:
                both[key] = replace(place, offset=None)
    return both


@dataclass(frozen=True, slots=True)
class Walk:
    """Follows places through the instructions of one program."""

    insns: Insns
    hook: Hook
    maps: Sequence[Map]

    def function(self, function: Function, start: Places) -> dict[int, Places]:
        """Return the places at the start of each block."""
        known = {function.entry: start}
        due = [function.entry]
        while due:
            block = function.blocks[due.pop()]
            after = self._through(block, known[block.start].copy())
            for following in block.next:
                old = known.get(following)
                new = old.joined(after) if old else after.copy()
                if new != old:
                    known[following] = new
                    due.append(following)
        return known

    def _through(self, block: Block, places: Places) -> Places:
        for pc in block.pcs:
            insn = self.insns[pc]
            assert insn
            self.after(insn, places)
        return places

    def after(self, insn: Insn, places: Places) -> None:
        """Bring `places` behind an instruction."""
        registers = places.registers
        new = self._result(insn, places)
        if insn.insn_class in (InsnClass.ST, InsnClass.STX):
            self._stored(insn, places)
        changed = registers_written(insn) + registers_lost(insn)
        if is_call(insn):
            changed = (0, 1, 2, 3, 4, 5)
        for register in changed:
            registers.pop(register, None)
        if new and changed:
            registers[changed[0]] = new

    def _result(self, insn: Insn, places: Places) -> Place | None:
        """Return what the register that is written points to."""
        if insn.is_wide:
            return self._named(insn)
        if is_helper_call(insn):
            handle = places.registers.get(1)
            found = insn.imm == LOOKUP and handle and handle.kind == HANDLE
            return Place(VALUES, None, handle.map) if found and handle else None
        if insn.insn_class is InsnClass.LDX:
            return self._loaded(insn, places)
        return self._computed(insn, places.registers)

    def _named(self, insn: Insn) -> Place | None:
        kind = _NAMED.get(Wide(insn.src))
        if kind is None or not 0 <= insn.imm < len(self.maps):
            return None
        return Place(kind, 0 if kind == HANDLE else None, insn.imm)

    def _loaded(self, insn: Insn, places: Places) -> Place | None:
        base = places.registers.get(insn.src)
        if base is None or base.offset is None or insn.mode != Mode.MEM:
            return None
        at, size = base.offset + insn.off, SIZE_BY_CODE[insn.size_code].bytes
        if base.kind == STACK and size == _WORD:
            return places.slots.get(at)
        if base.kind == CTX:
            fields = (f for f in self.hook.fields if (f.offset, f.size) == (at, size))
            row = next(fields, None)
            return Place(PACKET) if row and row.pointer in PACKET_FIELDS else None
        return None

    def _computed(self, insn: Insn, registers: dict[int, Place]) -> Place | None:
        if insn.insn_class is not InsnClass.ALU64:
            return None
        op = ALU_BY_CODE.get((insn.code, insn.off))
        by_register = insn.source is Source.X
        dst, src = registers.get(insn.dst), registers.get(insn.src)
        match op.name if op else "":
            case "mov":
                return src if by_register else None
            case "add" if by_register:
                pointer = dst or src
                return pointer.moved(None) if pointer else None
            case "add":
                return dst.moved(insn.imm) if dst else None
            case "sub":
                return dst.moved(None if by_register else -insn.imm) if dst else None
            case _:
                return None

    def _stored(self, insn: Insn, places: Places) -> None:
        """Keep what is spilled, as a hint."""
        base = places.registers.get(insn.dst)
        if base is None or base.kind != STACK or base.offset is None:
            return
        at, size = base.offset + insn.off, SIZE_BY_CODE[insn.size_code].bytes
        for slot in [s for s in places.slots if at - _WORD < s < at + size]:
            del places.slots[slot]
        spilled = places.registers.get(insn.src)
        whole = size == _WORD and insn.insn_class is InsnClass.STX
        if spilled and whole and not is_atomic(insn):
            hint = spilled.moved(None)
            if hint:
                places.slots[at] = hint


Start = Callable[[int], Places]
