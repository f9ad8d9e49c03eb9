"""BTF, written: types by and by, each method returning the id of the new type.

    btf = BtfWriter()
    u32 = btf.integer("u32", 4)
    value = btf.struct("value", [("lock", lock), ("count", u32)])
    MapSpec("hash", 4, 8, 1, btf=btf.raw, key_type=u32, value_type=value)

Members of a structure stand where C puts them, unless an offset is given. What the
types say is not checked: that is the business of who reads them.
Source: Documentation/bpf/btf.rst.
"""

import struct
from collections.abc import Sequence

from ebpflab.btf.layout import (
    HEADER,
    MAGIC,
    PAIR,
    POINTER_SIZE,
    TRIPLE,
    TYPE,
    VERSION,
    Kind,
)

_WORD = struct.Struct("<I")
_SIGNED = 1 << 24
_FLAG = 1 << 31
STATIC, GLOBAL, EXTERN = 0, 1, 2
# name, type; where the place is not C's: its offset in bytes; of a bit-field in bits,
# and its size in bits
MemberRow = tuple[str, int] | tuple[str, int, int] | tuple[str, int, int, int]


class BtfWriter:
    """Types that are being written."""

    def __init__(self) -> None:
        self._types = bytearray()
        self._strings: dict[str, int] = {"": 0}
        self._end = 1
        self._sizes: list[tuple[int, int]] = [(0, 1)]  # size and alignment, by id

    @property
    def raw(self) -> bytes:
        """The BTF as Linux takes it."""
        strings = b"".join(text.encode() + b"\0" for text in self._strings)
        sizes = (0, len(self._types), len(self._types), len(strings))
        header = HEADER.pack(MAGIC, VERSION, 0, HEADER.size, *sizes)
        return header + bytes(self._types) + strings

    def integer(self, name: str, size: int, *, signed: bool = False) -> int:
        body = _WORD.pack(_SIGNED * signed | 8 * size)
        return self._add(Kind.INT, name, size, body, room=(size, size))

    def pointer(self, type: int) -> int:
        room = (POINTER_SIZE, POINTER_SIZE)
        return self._add(Kind.PTR, "", type, room=room)

    def array(self, type: int, count: int, index: int) -> int:
        size, alignment = self._sizes[type]
        body = TRIPLE.pack(type, index, count)
        return self._add(Kind.ARRAY, "", 0, body, room=(size * count, alignment))

    def struct(self, name: str, members: Sequence[MemberRow], size: int = 0) -> int:
        """Add a structure; `size` where it is not what the members take."""
        return self._composite(Kind.STRUCT, name, members, size)

    def union(self, name: str, members: Sequence[MemberRow], size: int = 0) -> int:
        placed = [(*row, 0) if len(row) == 2 else row for row in members]
        return self._composite(Kind.UNION, name, placed, size)

    def alias(self, kind: Kind, name: str, type: int) -> int:
        """Add a TYPEDEF, CONST, VOLATILE, RESTRICT or TYPE_TAG of a type."""
        return self._add(kind, name, type, room=self._sizes[type])

    def forward(self, name: str, *, is_union: bool = False) -> int:
        return self._add(Kind.FWD, name, 0, flag=is_union)

    def enum(self, name: str, members: Sequence[tuple[str, int]]) -> int:
        body = b"".join(PAIR.pack(self._string(n), value) for n, value in members)
        return self._add(Kind.ENUM, name, 4, body, len(members), room=(4, 4))

    def prototype(self, returns: int, parameters: Sequence[tuple[str, int]]) -> int:
        body = b"".join(PAIR.pack(self._string(n), type) for n, type in parameters)
        return self._add(Kind.FUNC_PROTO, "", returns, body, len(parameters))

    def function(self, name: str, prototype: int, linkage: int = GLOBAL) -> int:
        return self._add(Kind.FUNC, name, prototype, count=linkage)

    def variable(self, name: str, type: int, linkage: int = GLOBAL) -> int:
        body = _WORD.pack(linkage)
        return self._add(Kind.VAR, name, type, body, room=self._sizes[type])

    def section(self, name: str, variables: Sequence[tuple[int, int, int]]) -> int:
        """Add a DATASEC of (variable, offset, size), in bytes."""
        body = b"".join(TRIPLE.pack(*row) for row in variables)
        size = max((offset + size for _, offset, size in variables), default=0)
        return self._add(Kind.DATASEC, name, size, body, len(variables))

    def tag(self, name: str, type: int, component: int = -1) -> int:
        """Add a DECL_TAG of a type, or of its member or parameter `component`."""
        return self._add(Kind.DECL_TAG, name, type, struct.pack("<i", component))

    def _composite(
        self, kind: Kind, name: str, members: Sequence[MemberRow], size: int
    ) -> int:
        is_bits = any(len(row) == 4 for row in members)
        body, end, most = b"", 0, 1
        for row in members:
            room, alignment = self._room(row[1])
            start = -(-end // alignment) * alignment if len(row) == 2 else row[2]
            bits = row[3] if len(row) == 4 else 0
            place = start if bits else 8 * start
            body += TRIPLE.pack(self._string(row[0]), row[1], bits << 24 | place)
            end = max(end, -(-(place + bits) // 8) if bits else start + room)
            most = max(most, alignment)
        size = size or -(-end // most) * most
        count = len(members)
        return self._add(kind, name, size, body, count, flag=is_bits, room=(size, most))

    def _room(self, type: int) -> tuple[int, int]:
        """Return size and alignment; a type that is still to come takes no room."""
        return self._sizes[type] if type < len(self._sizes) else (0, 1)

    def _add(
        self,
        kind: Kind,
        name: str,
        number: int,
        body: bytes = b"",
        count: int = 0,
        *,
        flag: bool = False,
        room: tuple[int, int] = (0, 1),
    ) -> int:
        info = kind << 24 | count | _FLAG * flag
        self._types += TYPE.pack(self._string(name), info, number) + body
        self._sizes.append(room)
        return len(self._sizes) - 1

    def _string(self, text: str) -> int:
        if text not in self._strings:
            self._strings[text] = self._end
            self._end += len(text.encode()) + 1
        return self._strings[text]
