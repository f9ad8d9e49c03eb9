"""Where C puts the members of a kernel's structure, and whether the kernel does, too.

The rules are those of the System V ABI on 64 bits, which clang follows for eBPF: a
member begins at a multiple of its alignment; a bit-field follows the one before it,
unless it would cross a boundary of its type. Places and sizes are in bits.
Source: System V ABI, AMD64 supplement, 3.1.2.
"""

from ebpflab.btf import Btf, Kind, Type

_BYTE, _POINTER = 8, 64


class Layout:
    """The types of a kernel, with what C makes of them; answers are kept."""

    def __init__(self, btf: Btf) -> None:
        self.btf = btf
        self._types: dict[int, Type] = {}
        self._bits: dict[int, int] = {}
        self._alignments: dict[int, int] = {}
        self._natural: dict[int, bool] = {}

    def type(self, id: int) -> Type:
        """Return one type of the kernel."""
        if id not in self._types:
            self._types[id] = self.btf.type(id)
        return self._types[id]

    def bits(self, id: int) -> int:
        """Return the size of a type."""
        if id not in self._bits:
            self._bits[id] = _BYTE * self.btf.size_of(id)
        return self._bits[id]

    def alignment(self, id: int) -> int:
        """Return at a multiple of which C puts something of this type."""
        if id not in self._alignments:
            self._alignments[id] = self._alignment(self.btf.resolve(id))
        return self._alignments[id]

    def _alignment(self, type: Type) -> int:
        match type.kind:
            case Kind.ARRAY:
                return self.alignment(type.type)
            case Kind.STRUCT | Kind.UNION:
                rows = [self.alignment(member.type) for member in type.members]
                most = max(rows, default=_BYTE)
                if self.is_natural(type) or self._fits(type, most):
                    return most
                return _BYTE
            case Kind.PTR:
                return _POINTER
            case _:
                return _BYTE * max(type.size, 1)

    def _fits(self, type: Type, alignment: int) -> bool:
        """Tell whether a structure with holes of its own is aligned nevertheless."""
        whole = (m for m in type.members if not m.bit_size)
        places = [m.bit_offset % self.alignment(m.type) for m in whole]
        return not any(places) and not _BYTE * type.size % alignment

    def is_natural(self, type: Type) -> bool:
        """Tell whether C puts each member where the kernel has it."""
        if type.id not in self._natural:
            self._natural[type.id] = self._is_natural(type)
        return self._natural[type.id]

    def _is_natural(self, type: Type) -> bool:
        end, most = 0, _BYTE
        for member in type.members:
            size, alignment = self.bits(member.type), self.alignment(member.type)
            if type.kind is Kind.UNION:
                start = 0
            elif not member.bit_size or _crosses(end, member.bit_size, size):
                start = -(-end // alignment) * alignment
            else:
                start = end
            if start != member.bit_offset:
                return False
            end = max(end, start + (member.bit_size or size))
            most = max(most, alignment)
        return -(-end // most) * most == _BYTE * type.size


def _crosses(start: int, size: int, unit: int) -> bool:
    """Tell whether a bit-field from here would cross a boundary of its type."""
    return start // unit != (start + size - 1) // unit
