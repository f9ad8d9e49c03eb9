"""Local variables and their bytes on the stack, from DWARF.

A variable is given only where the compiler says for certain that its bytes lie in the
frame; what lives in registers has no place here, and neither have two variables that
share bytes. DWARF counts from the frame's lowest byte (see stack_sizes.py).
Source: the DWARF 4 standard, sections 2.6, 3.4 and 5.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from ebpflab.broken import ANYTHING, reading
from ebpflab.elf.file import ElfFile
from ebpflab.elf.functions import Function
from ebpflab.elf.stack_sizes import stack_sizes
from ebpflab.errors import ObjectError
from ebpflab.isa.codec import SLOT_BYTES
from ebpflab.program import Variable

VARIABLES = ("DW_TAG_variable", "DW_TAG_formal_parameter")
SCOPES = ("DW_TAG_lexical_block", "DW_TAG_inlined_subroutine")
QUALIFIERS = (
    "DW_TAG_typedef",
    "DW_TAG_const_type",
    "DW_TAG_volatile_type",
    "DW_TAG_restrict_type",
)
FRAME_BASES = ("DW_OP_fbreg", "DW_OP_breg10")  # both count from the same byte here
SIGNED = (5, 6)  # DW_ATE_signed, DW_ATE_signed_char
POINTER_BYTES = 8
MAX_DEPTH = 16
MAX_ENTRIES = 100_000  # more than a program has: broken DWARF may go in circles


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes of a variable that lie in the frame."""

    inside: int  # the first of them, counted in the variable
    frame: int  # where it lies, from the frame's lowest byte
    size: int | None  # None = up to the variable's end


def find_variables(
    elf: ElfFile, functions: tuple[Function, ...]
) -> dict[Function, tuple[Variable, ...]]:
    """Return the variables of each function; none where DWARF is missing or broken."""
    found = {}
    with suppress(ObjectError), reading("DWARF", ANYTHING):
        sizes = stack_sizes(elf) if elf.section(".debug_info") else {}
        dwarf = _Dwarf(elf) if sizes else None
        entries = dwarf.functions() if dwarf else {}
        for f in functions:
            size = sizes.get((f.section.index, f.start * SLOT_BYTES))
            if dwarf and size and f.name in entries:
                groups = [
                    tuple(dwarf.rows(variable, size))
                    for variable in dwarf.locals(entries[f.name], MAX_DEPTH)
                ]
                found[f] = _undisputed([rows for rows in groups if rows])
    return found


def _undisputed(groups: list[tuple[Variable, ...]]) -> tuple[Variable, ...]:
    """Keep the variables whose bytes are no other variable's too."""
    spans = [{b for row in g for b in _bytes(row)} for g in groups]
    return tuple(
        row
        for i, group in enumerate(groups)
        if not any(spans[i] & other for other in spans[:i] + spans[i + 1 :])
        for row in group
    )


def _bytes(row: Variable) -> range:
    return range(row.offset, row.offset + row.size)


class _Dwarf:
    """The debug information of one object, opened through pyelftools."""

    def __init__(self, elf: ElfFile) -> None:
        from elftools.dwarf.dwarf_expr import DWARFExprParser
        from elftools.elf.elffile import ELFFile

        file = ELFFile(BytesIO(elf.raw))
        self.info: Any = file.get_dwarf_info(relocate_dwarf_sections=False)
        self.lists: Any = self.info.location_lists()
        self.parser: Any = DWARFExprParser(self.info.structs)
        self.left = MAX_ENTRIES

    def functions(self) -> dict[str, Any]:
        """Return the entry of each function that has code; same names leave out."""
        found: dict[str, list[Any]] = {}
        for unit in self.info.iter_CUs():
            for entry in self._children(unit.get_top_DIE()):
                has_code = "DW_AT_low_pc" in entry.attributes
                if entry.tag == "DW_TAG_subprogram" and has_code:
                    found.setdefault(self._name(entry), []).append(entry)
        return {name: rows[0] for name, rows in found.items() if len(rows) == 1}

    def locals(self, entry: Any, depth: int) -> Iterator[Any]:
        """Yield the variables of a function, and of what was inlined into it."""
        for child in self._children(entry):
            if child.tag in VARIABLES and "DW_AT_location" in child.attributes:
                yield child
            elif child.tag in SCOPES and depth:
                yield from self.locals(child, depth - 1)

    def rows(self, entry: Any, frame_size: int) -> Iterator[Variable]:
        """Yield a variable as a whole, and each member, as far as in the frame."""
        pieces = [p for e in self._expressions(entry) for p in self._pieces(e)]
        type, name = self._type(entry), self._name(entry)
        if len({p.frame - p.inside for p in pieces}) != 1 or type is None or not name:
            return
        base = pieces[0].frame - pieces[0].inside - frame_size
        whole = ("", 0, self._size(type, MAX_DEPTH), self._is_signed(type))
        for member, offset, size, signed in (whole, *self._members(type, "", 0)):
            if size and _covered(offset, size, pieces):
                yield Variable(name, member, base + offset, size, signed)

    def _children(self, entry: Any) -> Iterator[Any]:
        for child in entry.iter_children():
            self.left -= 1
            if self.left < 0:
                raise ValueError("DWARF without end")
            yield child

    def _name(self, entry: Any) -> str:
        """Return the name of an entry, or of the one that it is a copy of."""
        if "DW_AT_abstract_origin" in entry.attributes:
            entry = entry.get_DIE_from_attribute("DW_AT_abstract_origin")
        name = entry.attributes.get("DW_AT_name")
        return name.value.decode() if name else ""

    def _type(self, entry: Any) -> Any | None:
        """Return the type of an entry without its names and qualifiers."""
        if "DW_AT_abstract_origin" in entry.attributes:
            entry = entry.get_DIE_from_attribute("DW_AT_abstract_origin")
        for _ in range(MAX_DEPTH):
            if "DW_AT_type" not in entry.attributes:
                return None
            entry = entry.get_DIE_from_attribute("DW_AT_type")
            if entry.tag not in QUALIFIERS:
                return entry
        return None

    def _expressions(self, entry: Any) -> Iterator[Any]:
        location = entry.attributes["DW_AT_location"]
        if location.form != "DW_FORM_sec_offset":
            yield location.value
            return
        for row in self.lists.get_location_list_at_offset(location.value, entry):
            if hasattr(row, "loc_expr"):
                yield row.loc_expr

    def _pieces(self, expression: Any) -> Iterator[Piece]:
        """Yield the parts of a location that are plainly bytes of the frame."""
        inside, operations = 0, []
        for operation in self.parser.parse_expr(expression):
            if operation.op_name != "DW_OP_piece":
                operations.append(operation)
                continue
            (size,) = operation.args
            if len(operations) == 1 and operations[0].op_name in FRAME_BASES:
                yield Piece(inside, operations[0].args[0], size)
            inside, operations = inside + size, []
        if len(operations) == 1 and operations[0].op_name in FRAME_BASES:
            yield Piece(inside, operations[0].args[0], None)

    def _members(
        self, type: Any, path: str, offset: int, depth: int = MAX_DEPTH
    ) -> Iterator[tuple[str, int, int, bool]]:
        """Yield name, offset, size and sign of what a structure is made of."""
        if type.tag != "DW_TAG_structure_type" or not depth:
            return
        for member in self._children(type):
            inner, place = self._type(member), member.attributes
            if inner is None or "DW_AT_data_member_location" not in place:
                continue  # a bit-field has no bytes of its own
            name = f"{path}.{self._name(member)}".strip(".")
            start = offset + place["DW_AT_data_member_location"].value
            if "DW_AT_bit_size" in place:
                continue
            if inner.tag == "DW_TAG_structure_type":
                yield from self._members(inner, name, start, depth - 1)
            elif name:
                size = self._size(inner, MAX_DEPTH)
                yield name, start, size, self._is_signed(inner)

    def _size(self, type: Any | None, depth: int) -> int:
        """Return bytes; 0 = not known."""
        if type is None or not depth:
            return 0
        if size := type.attributes.get("DW_AT_byte_size"):
            return int(size.value)
        if type.tag == "DW_TAG_pointer_type":
            return POINTER_BYTES
        if type.tag != "DW_TAG_array_type":
            return 0
        size = self._size(self._type(type), depth - 1)
        for range_ in self._children(type):
            count = range_.attributes.get("DW_AT_count")
            size *= count.value if count else 0
        return int(size)

    def _is_signed(self, type: Any) -> bool:
        encoding = type.attributes.get("DW_AT_encoding")
        return bool(encoding and encoding.value in SIGNED)


def _covered(offset: int, size: int, pieces: list[Piece]) -> bool:
    """Tell whether these bytes of a variable all lie in pieces of the frame."""
    return all(
        any(
            p.inside <= byte and (p.size is None or byte < p.inside + p.size)
            for p in pieces
        )
        for byte in range(offset, offset + min(size, 512))
    )
