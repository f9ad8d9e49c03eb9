"""Loads, stores and atomics in compiled code: the plain way, and the rare one.

Where an access goes is written by memory_ir.py; here, what is done there, and how both
ways come together again. Source: RFC 9669, section 5.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ebpflab.hooks.hook import Hook
from ebpflab.isa.insn import Insn
from ebpflab.isa.operations import (
    ATOMIC_BY_IMM,
    LOAD_ACQUIRE,
    SIZE_BY_CODE,
    STORE_RELEASE,
    InsnClass,
    Mode,
)
from ebpflab.isa.words import signed
from ebpflab.jit import places as known
from ebpflab.jit.calls_ir import CallWriter
from ebpflab.jit.frame_ir import Frame
from ebpflab.jit.llvm_words import Word
from ebpflab.jit.memory_ir import Found, MemoryWriter
from ebpflab.jit.places import Place, Places
from ebpflab.jit.together import Reached


@dataclass(slots=True)
class AccessWriter:
    """Writes the accesses of one function."""

    frame: Frame
    memory: MemoryWriter
    calls: CallWriter
    hook: Hook
    reached: dict[int, Reached] = field(default_factory=dict)  # by slot, in this block
    granted: dict[int, tuple[Found, int]] = field(default_factory=dict)  # is inside
    written: set[str] = field(default_factory=set)  # the kinds of memory stored to

    def _address(self, insn: Insn, base: int) -> Word:
        address = self.frame.get(base)
        return address + address.constant(insn.off) if insn.off else address

    def load(self, insn: Insn, pc: int, places: Places) -> None:
        size = SIZE_BY_CODE[insn.size_code].bytes
        place = places.registers.get(insn.src)
        address = self._address(insn, insn.src)
        value = self._pointer_field(place, insn.off, size)
        if value is None:
            found = self._found(insn, pc, place, address, size, "r")
            value = self._loaded(found, pc, address, size)
        if insn.mode == Mode.MEMSX:
            value = signed(value, 8 * size)
        self.frame.put(insn.dst, value)

    def _found(
        self,
        insn: Insn,
        pc: int,
        place: Place | None,
        address: Word,
        size: int,
        rights: str,
    ) -> Found | None:
        """Find one access, with those of its block through the same pointer."""
        if pc in self.granted:
            found, distance = self.granted[pc]
            return replace(found, pointer=self.frame.inside(found.pointer, distance))
        hinted = place is not None and place.offset is None
        known_kind = place is not None and place.kind in (known.PACKET, known.VALUES)
        if hinted and known_kind and self.reached[pc].span.size > size:
            together = self.memory.find_in(self.reached[pc], place, address)
            if together:
                return together
        return self.memory.find(place, address, insn.off, size, rights)

    def _pointer_field(self, place: Place | None, off: int, size: int) -> Word | None:
        """Return what a pointer field of the context yields, if this reads one."""
        if place is None or place.kind != known.CTX or place.offset is None:
            return None
        rows = [row for row in self.hook.fields if row.pointer]
        for index, row in enumerate(rows):
            if (row.offset, row.size) == (place.offset + off, size):
                return self.frame.core("pointers", index)
        return None

    def _loaded(self, found: Found | None, pc: int, address: Word, size: int) -> Word:
        """Load from where it was found, or let Python load."""
        if found is None:
            return self.calls.access(pc, address, address)
        if found.inside is None:
            return self.frame.load(found.pointer, size, found.kind)
        fast, slow, after = (self.frame.lines.new_label() for _ in range(3))
        self.frame.expect(found.inside, fast, slow)
        self.frame.lines.label(slow)
        rare = self.calls.access(pc, address, address)
        slow_end = self.calls.last_label
        self.frame.lines.add(f"br label %{after}")
        self.frame.lines.label(fast)
        usual = self.frame.load(found.pointer, size, found.kind)
        self.frame.lines.add(f"br label %{after}")
        self.frame.lines.label(after)
        both = f"[ {usual.name}, %{fast} ], [ {rare.name}, %{slow_end} ]"
        return Word(self.frame.lines, self.frame.lines.value(f"phi i64 {both}"), 64)

    def store(self, insn: Insn, pc: int, places: Places) -> None:
        size = SIZE_BY_CODE[insn.size_code].bytes
        place = places.registers.get(insn.dst)
        address = self._address(insn, insn.dst)
        if insn.insn_class is InsnClass.ST:
            value = Word(self.frame.lines, str(insn.imm), 64)
        else:
            value = self.frame.get(insn.src)
        found = self._found(insn, pc, place, address, size, "w")
        if found:
            self.written.add(found.kind)
        if found is None:
            self.calls.access(pc, address, value)
        elif found.inside is None:
            self.frame.store(found.pointer, size, value, found.kind)
        else:
            fast, slow, after = (self.frame.lines.new_label() for _ in range(3))
            self.frame.expect(found.inside, fast, slow)
            self.frame.lines.label(slow)
            self.calls.access(pc, address, value)
            self.frame.lines.add(f"br label %{after}")
            self.frame.lines.label(fast)
            self.frame.store(found.pointer, size, value, found.kind)
            self.frame.lines.add(f"br label %{after}")
            self.frame.lines.label(after)

    def atomic(self, insn: Insn, pc: int, places: Places) -> None:
        """Where the place is plain, do it here; else Python does the instruction."""
        ordered = insn.imm in (LOAD_ACQUIRE, STORE_RELEASE)
        size = SIZE_BY_CODE[insn.size_code].bytes
        place = places.registers.get(insn.dst)
        address = self._address(insn, insn.dst)
        found = None
        if not ordered:
            found = self.memory.find(place, address, insn.off, size, "rw")
        if found is None:
            self.calls.instead(insn, pc)
            return
        self.frame.flush()
        fast, slow, after = (self.frame.lines.new_label() for _ in range(3))
        if found.inside is None:
            self.frame.lines.add(f"br label %{fast}")
        else:
            self.frame.expect(found.inside, fast, slow)
            self.frame.lines.label(slow)
            remembered = dict(self.frame.current)
            self.calls.instead(insn, pc)
            self.frame.go(after)
            self.frame.current = remembered
        self.frame.lines.label(fast)
        self._at_once(insn, found, size)
        self.frame.go(after)
        self.frame.lines.label(after)
        self.frame.forget()

    def _at_once(self, insn: Insn, found: Found, size: int) -> None:
        """Read, compute, write: no other thread of the program runs here."""
        op = ATOMIC_BY_IMM[insn.imm]
        old = self.frame.load(found.pointer, size, found.kind)
        src = self.frame.get(insn.src).resized(8 * size).resized(64)
        new = op.meaning(old, src)
        if op.compares:
            wanted = self.frame.get(0).resized(8 * size).resized(64)
            new = (old == wanted).chosen(new, old)
        self.frame.store(found.pointer, size, new, found.kind)
        self.written.add(found.kind)
        if op.fetch:
            self.frame.put(0 if op.compares else insn.src, old)
