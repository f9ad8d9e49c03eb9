"""Memory in compiled code: where an access goes, and that it may go there.

A fact needs no check: the place is known while compiling. A hint is one comparison
with the region it names. All else is looked up in the table of regions. What none of
these finds goes to Python, which knows the context's pointers, and every fault.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ebpflab.hooks.hook import Hook
from ebpflab.jit import places as known
from ebpflab.jit.frame_ir import PACKET, PACKET_HOST, PACKET_SIZE, Frame, tag
from ebpflab.jit.layout import MAP, PROGRAM, REGION
from ebpflab.jit.llvm_words import Word
from ebpflab.jit.places import Place
from ebpflab.jit.together import Reached
from ebpflab.maps.base import Map
from ebpflab.vm.machine import STACK_BYTES
from ebpflab.vm.memory import OFFSET_MASK, REGION_SHIFT


@dataclass(frozen=True, slots=True)
class Found:
    """Where an access goes: `pointer`, if `inside` (None: it always is)."""

    kind: str
    pointer: str
    inside: Word | None = None


@dataclass(frozen=True, slots=True)
class MemoryWriter:
    """Writes accesses of one function."""

    frame: Frame
    hook: Hook
    maps: tuple[Map, ...]
    checked: bool = True
    stack_places: set[int] = field(default_factory=set)  # from its end: those reached
    checked_spans: dict[int, Found | None] = field(default_factory=dict)

    def find_in(
        self, access: Reached, place: Place | None, address: Word
    ) -> Found | None:
        """Write where an access of a span is; its check is written once."""
        span = access.span
        if span.first not in self.checked_spans:
            start = address - address.constant(access.at)
            found = self.find(place, start, 0, span.size, span.rights)
            self.checked_spans[span.first] = found
        found = self.checked_spans[span.first]
        if found is None or not access.at:
            return found
        return replace(found, pointer=self.frame.inside(found.pointer, access.at))

    def find(
        self, place: Place | None, address: Word, off: int, size: int, rights: str
    ) -> Found | None:
        """Write where `size` bytes at an address are; None: only Python knows.

        Args:    place: of the register that the access goes through.
                 address: that register plus `off`. rights: "r", "w" or "rw".
        """
        if place and place.offset is not None:
            return self._fact(place, place.offset + off, size, rights)
        if place and place.kind == known.PACKET:
            return self._in_packet(address, size)
        if place and place.kind == known.VALUES:
            return self._in_values(
                self.maps[place.map], place.map, address, size, rights
            )
        return self._in_regions(address, size, rights)

    def _fact(self, place: Place, at: int, size: int, rights: str) -> Found | None:
        if place.kind == known.STACK and -STACK_BYTES <= at <= -size:
            self.stack_places.add(at)
            return Found("stack", self.frame.inside("%stack", STACK_BYTES + at))
        if place.kind != known.CTX or not 0 <= at <= self.hook.context_size - size:
            return None
        if "w" in rights:
            plain = self.hook.context_writable
        else:
            plain = not any(
                row.pointer and row.offset < at + size and at < row.offset + row.size
                for row in self.hook.fields
            )
        if not plain or rights == "rw":
            return None
        host = self.frame.pointer(self.frame.core("ctx_host"))
        return Found("ctx", self.frame.inside(host, at))

    def _in_packet(self, address: Word, size: int) -> Found:
        frame = self.frame
        offset = address - frame.get(PACKET)
        host = frame.pointer(frame.get(PACKET_HOST))
        pointer = frame.inside(host, offset)
        if not self.checked:
            return Found("packet", pointer)
        return Found(
            "packet", pointer, offset < self._room(frame.get(PACKET_SIZE), size)
        )

    def _room(self, length: Word, size: int) -> Word:
        """Return how many places an access of `size` bytes has in `length` bytes."""
        if size == 1:
            return length
        call = f"call i64 @llvm.usub.sat.i64(i64 {length.name}, i64 {size - 1})"
        return Word(length.lines, length.lines.value(call), 64)

    def _in_values(
        self, map: Map, index: int, address: Word, size: int, rights: str
    ) -> Found | None:
        element, stride, length = map.spec.value_size, map.stride, len(map.values)
        allowed = ("w" not in rights or map.writable_by_programs) and (
            "r" not in rights or map.readable_by_programs
        )
        if not allowed or size > element or not map.value_access:
            return None
        offset = address - self.map_word(index, "values")
        host = self.frame.pointer(self.map_word(index, "host"))
        pointer = self.frame.inside(host, offset)
        if not self.checked:
            return Found("values", pointer)
        last = min(length, element) if length <= stride else length
        inside = offset <= offset.constant(last - size)
        if length > stride > 0:
            in_element = offset._op("urem", stride)
            inside = inside & (in_element <= in_element.constant(element - size))
        return Found("values", pointer, inside)

    def _in_regions(self, address: Word, size: int, rights: str) -> Found:
        """Look the region up; a row outside of the table is that of region 0."""
        frame = self.frame
        self.stack_places.add(-STACK_BYTES)  # it may be any of it
        number = address >> address.constant(REGION_SHIFT)
        offset = address & OFFSET_MASK
        there = number < frame.core("region_count")
        number = there.chosen(number, number.constant(0))
        row = self._row(frame.core("regions"), number)
        end = offset + offset.constant(size)
        inside = None
        for right, name in (("r", "reads"), ("w", "writes")):
            if right in rights:
                here = end <= self._entry(row, name)
                inside = here if inside is None else inside & here
        host = self.frame.pointer(self._entry(row, "host"))
        return Found("any", frame.inside(host, offset), inside)

    def _row(self, table: Word, number: Word) -> str:
        words = number * number.constant(REGION["words"])
        base = self.frame.pointer(table)
        return table.lines.value(f"getelementptr i64, ptr {base}, i64 {words.name}")

    def _entry(self, row: str, name: str) -> Word:
        lines = self.frame.lines
        place = lines.value(f"getelementptr i64, ptr {row}, i64 {REGION[name]}")
        return Word(lines, lines.value(f"load i64, ptr {place}, {tag('core')}"), 64)

    def map_word(self, index: int, name: str) -> Word:
        """Read a word of a map's row."""
        lines = self.frame.lines
        at = PROGRAM["maps"] + index * MAP["words"] + MAP[name]
        place = lines.value(f"getelementptr i64, ptr %prog, i64 {at}")
        return Word(lines, lines.value(f"load i64, ptr {place}, {tag('core')}"), 64)
