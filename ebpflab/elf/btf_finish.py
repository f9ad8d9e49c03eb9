"""BTF as the compiler leaves it, finished: what only the whole object knows.

The compiler writes no sizes of data sections and no places of global variables; Linux
takes BTF only with them. A subprogram that is hidden outside its object is static for
the verifier: judged where it is called, not by itself. And what is only declared here
(an extern) has to look like the rest; options of the kernel get their place. Nothing
moves: numbers are filled in where they stand.
Source: Documentation/bpf/btf.rst, section 2; what Linux 6.18 accepts.
"""

import struct

from ebpflab.broken import reading
from ebpflab.btf import Btf, Kind, Member, Type
from ebpflab.btf.layout import TRIPLE, TYPE
from ebpflab.elf.file import ElfFile, Section
from ebpflab.elf.kconfig import SECTION as OPTIONS
from ebpflab.elf.kconfig import Option, options

WORD = struct.Struct("<I")
STATIC, GLOBAL, EXTERN = 0, 1, 2
KERNEL_SYMBOLS = ".ksyms"


def finish(btf: Btf, section: Section, elf: ElfFile) -> Btf:
    """Return the BTF of an object, ready for Linux.

    Raises:  ObjectError: a relocation or a type that reaches outside.
    """
    draft = _Draft(btf, elf)
    with reading(f"section {section.name}"):
        draft.relocate(section)
        for type in btf:
            draft.finish(type)
    return Btf(bytes(draft.raw), btf.types, btf.strings)


class _Draft:
    """BTF whose numbers are being filled in."""

    def __init__(self, btf: Btf, elf: ElfFile) -> None:
        self.raw, self.btf, self.elf = bytearray(btf.raw), btf, elf
        self.options = options(btf)
        self.option_ids = {option.variable for option in self.options}
        self.hidden = {s.name for s in elf.symbols if s.hidden and s.type == "STT_FUNC"}
        ints = sorted((t.size, t.id) for t in btf if t.kind is Kind.INT)
        self.smallest = ints[0][1] if ints else 0
        self.int = next((id for size, id in ints if size == 4), 0)

    def relocate(self, section: Section) -> None:
        """Write the places of variables, and of functions in .BTF.ext."""
        for row in self.elf.relocations.get(section.index, ()):
            if row.symbol.section:
                (addend,) = WORD.unpack_from(self.raw, row.offset)
                WORD.pack_into(self.raw, row.offset, addend + row.symbol.value)

    def finish(self, type: Type) -> None:
        place = self.btf.places[type.id]
        match type.kind:
            case Kind.DATASEC if type.name == KERNEL_SYMBOLS:
                self._as_structure(place, len(type.members))
            case Kind.DATASEC if type.name == OPTIONS:
                self._place_options(place, self.options)
            case Kind.DATASEC:
                self._data_section(place, type)
            case Kind.FUNC if type.linkage == EXTERN:
                self._linkage(place, GLOBAL)
                self._name_parameters(place, type)
            case Kind.FUNC if type.name in self.hidden:
                self._linkage(place, STATIC)
            case Kind.VAR if type.linkage == EXTERN:
                WORD.pack_into(self.raw, place + TYPE.size, GLOBAL)
                if type.id not in self.option_ids:
                    WORD.pack_into(self.raw, place + 8, self.int)

    def _data_section(self, place: int, type: Type) -> None:
        """Write a data section's size; order its variables by place."""
        if section := self.elf.section(type.name):
            WORD.pack_into(self.raw, place + 8, section.size)
        start = place + TYPE.size
        end = start + TRIPLE.size * len(type.members)
        for variable in type.members:
            self._not_larger(variable)
        rows = sorted(TRIPLE.iter_unpack(self.raw[start:end]), key=lambda row: row[1])
        self.raw[start:end] = b"".join(TRIPLE.pack(*row) for row in rows)

    def _not_larger(self, variable: Member) -> None:
        """Where the compiler kept a part of a variable, call that part an int."""
        if 8 * self.btf.size_of(variable.type) > variable.bit_size:
            place = self.btf.places[variable.type]
            WORD.pack_into(self.raw, place + 8, self.smallest)

    def _place_options(self, place: int, placed: tuple[Option, ...]) -> None:
        """Write where each option of the kernel stands in its map."""
        for i, option in enumerate(placed):
            row = place + TYPE.size + TRIPLE.size * i
            TRIPLE.pack_into(self.raw, row, option.variable, option.offset, option.size)
        end = max((option.offset + option.size for option in placed), default=0)
        WORD.pack_into(self.raw, place + 8, end)

    def _as_structure(self, place: int, count: int) -> None:
        """Make externs, which take no room, a nameless structure of as many ints."""
        info = Kind.STRUCT << 24 | count
        TYPE.pack_into(self.raw, place, 0, info, 4 * count)
        for i in range(count):
            row = place + TYPE.size + TRIPLE.size * i
            TRIPLE.pack_into(self.raw, row, 0, self.int, 32 * i)

    def _linkage(self, place: int, linkage: int) -> None:
        """A FUNC keeps its linkage where others count their members."""
        (info,) = WORD.unpack_from(self.raw, place + 4)
        WORD.pack_into(self.raw, place + 4, info & 0xFFFF0000 | linkage)

    def _name_parameters(self, place: int, function: Type) -> None:
        """Give a declaration's nameless parameters a name: that of the function."""
        (name,) = WORD.unpack_from(self.raw, place)
        prototype = self.btf.type(function.type)
        for i, parameter in enumerate(prototype.members):
            if parameter.type and not parameter.name:
                row = self.btf.places[prototype.id] + TYPE.size + 8 * i
                WORD.pack_into(self.raw, row, name)
