"""Linking: a program, and behind it every subprogram that it reaches.

Linux loads one piece of code at a time, so each program carries its own copy of the
subprograms. They are appended in the order in which they are met, depth first, as
libbpf does it; then calls and map references get their final numbers. Not
here: what a relocation puts where (relocations.py), line records (line_info.py).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ebpflab.btf import Btf, Kind
from ebpflab.btf.record_search import declaration_tags
from ebpflab.elf.btf_ext import BtfExt
from ebpflab.elf.file import ElfFile, Relocation, Symbol
from ebpflab.elf.functions import Function
from ebpflab.elf.kernel_symbols import UNKNOWN, KernelSymbol
from ebpflab.elf.maps import MapPlace
from ebpflab.elf.relocations import (
    CALL_OPCODE,
    Target,
    absent,
    fill,
    is_function_address,
    with_address,
)
from ebpflab.errors import ObjectError
from ebpflab.isa.codec import SLOT_BYTES
from ebpflab.isa.insn import Insn
from ebpflab.isa.uses import is_local_call
from ebpflab.program import MapSpec

EXCEPTION_CALLBACK = "exception_callback:"  # a tag: this, then the function's name
MAX_FUNCTIONS = 256  # what Linux takes (BPF_MAX_SUBPROGS)


@dataclass(frozen=True)
class Parts:
    """What linking reads: one object, taken apart."""

    elf: ElfFile
    functions: tuple[Function, ...]
    code: Mapping[int, Sequence[Insn | None]]  # by section
    maps: tuple[MapPlace, ...]
    btf: Btf | None = None
    btf_ext: BtfExt = field(default_factory=BtfExt)
    kernel_symbol: Callable[[str], KernelSymbol] = lambda name: UNKNOWN
    options: Mapping[str, int] = field(default_factory=dict)  # places in .kconfig
    kconfig: MapSpec | None = None
    fills: Mapping[str, str] = field(
        default_factory=dict
    )  # program: "structure.member"
    missing: tuple[str, ...] = ()  # what CO-RE did not find in the kernel

    def exception_callback(self, main: Function) -> Function | None:
        """Return the function that a tag of the program names for its exceptions."""
        type = self.btf.find(main.name, Kind.FUNC) if self.btf else None
        if not self.btf or not type:
            return None
        for tag in declaration_tags(self.btf).get((type.id, -1), ()):
            for f in self.functions:
                if tag == EXCEPTION_CALLBACK + f.name and f.is_subprogram:
                    return f
        return None

    def function_at(self, section: int, slot: int) -> Function | None:
        for function in self.functions:
            start, end = function.start, function.start + function.slots
            if function.section.index == section and start <= slot < end:
                return function
        return None

    def map_at(self, section: int, offset: int) -> MapPlace | None:
        for place in self.maps:
            if place.section == section and (place.is_data or place.offset == offset):
                return place
        return None


@dataclass
class Linker:
    """One program being put together."""

    parts: Parts
    out: list[Insn | None] = field(default_factory=list)
    placed: dict[Function, int] = field(default_factory=dict)  # first slot in `out`
    maps: list[MapSpec] = field(default_factory=list)

    def add(self, function: Function) -> None:
        """Append a function, and behind it whatever it reaches."""
        if len(self.placed) == MAX_FUNCTIONS:
            raise ObjectError.of("too-many-functions", limit=MAX_FUNCTIONS)
        base = self.placed[function] = len(self.out)
        code = self.parts.code[function.section.index]
        self.out += code[function.start : function.start + function.slots]
        waiting = self._relocations(function)
        for slot in range(function.slots):
            insn = self.out[base + slot]
            if insn is None:
                continue
            place = function.start + slot
            if relocation := waiting.get(place):
                filled = self._relocated(function, insn, base + slot, relocation)
            else:
                filled = self._called(function, insn, base + slot, place)
            self.out[base + slot] = filled

    def _relocations(self, function: Function) -> dict[int, Relocation]:
        rows = self.parts.elf.relocations.get(function.section.index, ())
        return {row.offset // SLOT_BYTES: row for row in rows}

    def _called(self, function: Function, insn: Insn, slot: int, place: int) -> Insn:
        """Fill in a call inside one section, which needs no relocation."""
        if not is_local_call(insn) and not is_function_address(insn):
            return insn
        target = place + insn.imm + 1
        return self._to_function(insn, slot, function.section.index, target)

    def _relocated(
        self, function: Function, insn: Insn, slot: int, relocation: Relocation
    ) -> Insn:
        symbol = relocation.symbol
        place = f"{function.name}, insn {slot}: {symbol.name}"
        if not insn.is_wide and insn.opcode != CALL_OPCODE:
            raise ObjectError.of("relocation-odd", at=place, type=relocation.type)
        if symbol.section == 0:
            return self._to_kernel(insn, symbol, place)
        section = self.parts.elf.sections[symbol.section]
        if section.is_code:
            distance = insn.imm // SLOT_BYTES if insn.is_wide else insn.imm + 1
            target = symbol.value // SLOT_BYTES + distance
            return self._to_function(insn, slot, section.index, target)
        return self._to_map(insn, symbol, place)

    def _to_function(self, insn: Insn, slot: int, section: int, target: int) -> Insn:
        function = self.parts.function_at(section, target)
        if function is None:
            raise ObjectError.of("call-to-nowhere", at=f"insn {slot}", slot=target)
        if function not in self.placed:
            self.add(function)
        inside = target - function.start
        distance = self.placed[function] + inside - slot - 1
        return fill(insn, Target.FUNCTION, distance)

    def _to_map(self, insn: Insn, symbol: Symbol, place: str) -> Insn:
        """Fill in a map, or a variable: the map of its section and an offset."""
        offset = symbol.value + insn.imm
        found = self.parts.map_at(symbol.section, offset)
        if found is None or not insn.is_wide:
            section = self.parts.elf.sections[symbol.section].name
            raise ObjectError.of("symbol-nowhere", at=place, section=section)
        target = Target.DATA if found.is_data else Target.MAP
        return fill(insn, target, self._index(found.spec), offset)

    def _index(self, spec: MapSpec) -> int:
        """Return the place of a map among the program's maps."""
        if spec not in self.maps:
            self.maps.append(spec)
        return self.maps.index(spec)

    def _to_kernel(self, insn: Insn, symbol: Symbol, place: str) -> Insn:
        """Fill in an extern: an option, a function or a variable of the kernel."""
        if self.parts.kconfig and symbol.name in self.parts.options:
            offset = self.parts.options[symbol.name]
            return fill(insn, Target.DATA, self._index(self.parts.kconfig), offset)
        found = self.parts.kernel_symbol(symbol.name)
        if found.id:
            return fill(insn, Target.KERNEL, found.id)
        if found.address and insn.is_wide:
            return with_address(insn, found.address)
        if symbol.bind == "STB_WEAK":
            return absent(insn)
        raise ObjectError.of("extern-unknown", at=place, name=symbol.name)
