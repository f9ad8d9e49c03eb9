"""BTF, the types that travel with a program: read from bytes, type by type.

A type's id is its position, from 1; 0 is void. Types are decoded when asked for, so
that the kernel's own BTF (a hundred thousand types) opens in a moment. Not here:
writing BTF (writer.py). Source: Documentation/bpf/btf.rst.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice
from typing import Any

from ebpflab.broken import reading
from ebpflab.btf.layout import (
    HEADER,
    MAGIC,
    MAX_DEPTH,
    MAX_FIELDS,
    PAIR,
    POINTER_SIZE,
    SAME_AS_TARGET,
    SIZED,
    TAILS,
    TRIPLE,
    TYPE,
    Kind,
)
from ebpflab.btf.types import VOID, Field, Member, Type


@dataclass(frozen=True)
class Btf:
    """The types of one object, or of the kernel."""

    raw: bytes
    types: tuple[int, int]  # where the types stand in raw: from, to
    strings: tuple[int, int]

    @classmethod
    def parse(cls, raw: bytes) -> "Btf":
        """Open BTF; a type is read when asked for.

        Raises:  ObjectError: not BTF, or cut.
        """
        with reading("BTF header"):
            magic, _, _, length, *parts = HEADER.unpack_from(raw)
            if magic != MAGIC:
                raise ValueError(f"magic {magic:#06x}, not {MAGIC:#06x}")
            types, strings = (
                (length + offset, length + offset + size)
                for offset, size in (parts[:2], parts[2:])
            )
            if max(types[1], strings[1]) > len(raw):
                raise ValueError(f"{len(raw)} bytes, the header promises more")
        return cls(raw, types, strings)

    @cached_property
    def places(self) -> list[int]:
        """Where each type starts in `raw`, by id; id 0 (void) has no place."""
        places, (place, end) = [0], self.types
        unpack = TYPE.unpack_from
        with reading("BTF types"):
            while place < end:
                places.append(place)
                _, info, _ = unpack(self.raw, place)
                once, each = TAILS[info >> 24 & 0x1F]
                place += 12 + once + each * (info & 0xFFFF)
        return places

    def string(self, offset: int) -> str:
        """Return the text at `offset` of the string part."""
        with reading("BTF strings"):
            start, end = self.strings
            if not 0 <= offset < end - start:
                raise ValueError(f"offset {offset} of {end - start}")
            stop = self.raw.index(b"\0", start + offset, end)
            return self.raw[start + offset : stop].decode()

    def __len__(self) -> int:
        return len(self.places)

    def type(self, id: int) -> Type:
        """Return one type; id 0 is void.

        Raises:  ObjectError: no such type.
        """
        if id == 0:
            return VOID
        if id in self._decoded:
            return self._decoded[id]
        with reading(f"BTF type {id}"):
            if not 0 < id < len(self.places):
                raise ValueError(f"there are {len(self.places) - 1} types")
            type = self._decode(id, self.places[id])
        self._decoded[id] = type
        return type

    @cached_property
    def _decoded(self) -> dict[int, Type]:
        return {}

    def __iter__(self) -> Iterator[Type]:
        with reading("BTF types"):
            for id in range(1, len(self.places)):
                yield self._decode(id, self.places[id])

    def _decode(self, id: int, place: int) -> Type:
        name, info, number = TYPE.unpack_from(self.raw, place)
        kind, count, flag = Kind(info >> 24 & 0x1F), info & 0xFFFF, bool(info >> 31)
        fields: dict[str, Any] = {"size" if kind in SIZED else "type": number}
        if kind in _READERS:
            fields |= _READERS[kind](self, place + TYPE.size, count, flag)
        if kind is Kind.FUNC:
            fields["linkage"] = count
        return Type(id, kind, self.string(name), **fields)

    def _int(self, body: int, count: int, flag: bool) -> dict[str, Any]:
        (data,) = struct.unpack_from("<I", self.raw, body)
        return {"signed": bool(data >> 24 & 1), "bits": data & 0xFF}

    def _array(self, body: int, count: int, flag: bool) -> dict[str, Any]:
        type, index, length = TRIPLE.unpack_from(self.raw, body)
        return {"type": type, "index_type": index, "count": length}

    def _var(self, body: int, count: int, flag: bool) -> dict[str, Any]:
        return {"linkage": struct.unpack_from("<I", self.raw, body)[0]}

    def _struct(self, body: int, count: int, flag: bool) -> dict[str, Any]:
        return {"members": tuple(self._members(body, count, flag))}

    def _enum(self, body: int, count: int, flag: bool) -> dict[str, Any]:
        rows = (PAIR.unpack_from(self.raw, body + 8 * i) for i in range(count))
        found = tuple(Member(self.string(name), value=value) for name, value in rows)
        return {"members": found, "signed": flag}

    def _enum64(self, body: int, count: int, flag: bool) -> dict[str, Any]:
        rows = (TRIPLE.unpack_from(self.raw, body + 12 * i) for i in range(count))
        found = []
        for name, low, high in rows:
            value = high << 32 | low
            value -= (value >> 63 & flag) << 64
            found.append(Member(self.string(name), value=value))
        return {"members": tuple(found), "signed": flag}

    def _prototype(self, body: int, count: int, flag: bool) -> dict[str, Any]:
        rows = (PAIR.unpack_from(self.raw, body + 8 * i) for i in range(count))
        return {"members": tuple(Member(self.string(n), type) for n, type in rows)}

    def _forward(self, body: int, count: int, flag: bool) -> dict[str, Any]:
        return {"is_union": flag}

    def _decl_tag(self, body: int, count: int, flag: bool) -> dict[str, Any]:
        return {"component": struct.unpack_from("<i", self.raw, body)[0]}

    def _type_tag(self, body: int, count: int, flag: bool) -> dict[str, Any]:
        return {"is_attribute": flag}

    def _datasec(self, body: int, count: int, flag: bool) -> dict[str, Any]:
        return {"members": tuple(self._variables(body, count))}

    def _members(self, body: int, count: int, bit_fields: bool) -> Iterator[Member]:
        for i in range(count):
            name, type, place = TRIPLE.unpack_from(self.raw, body + 12 * i)
            size = place >> 24 if bit_fields else 0
            offset = place & 0xFFFFFF if bit_fields else place
            yield Member(self.string(name), type, offset, size)

    def _variables(self, body: int, count: int) -> Iterator[Member]:
        for i in range(count):
            type, offset, size = TRIPLE.unpack_from(self.raw, body + 12 * i)
            name = self.type(type).name if type < len(self.places) else ""
            yield Member(name, type, offset * 8, size * 8)

    @cached_property
    def _ids_by_name(self) -> dict[int, list[int]]:
        """Ids by the place of their name: names are compared as bytes, once."""
        ids: dict[int, list[int]] = {}
        for id in range(1, len(self.places)):
            (name,) = struct.unpack_from("<I", self.raw, self.places[id])
            ids.setdefault(name, []).append(id)
        return ids

    def find(self, name: str, kind: Kind | None = None) -> Type | None:
        """Return the first type of this name (and kind), or None."""
        return next(self.find_all(name, kind), None)

    def find_all(self, name: str, kind: Kind | None = None) -> Iterator[Type]:
        """Yield every type of this name (and kind), by rising id; "" finds none."""
        found: list[int] = []
        for offset in self._places_of(name) if name else ():
            found += self._ids_by_name.get(offset, ())
        for id in sorted(found):
            if kind is None or self._kind(id) is kind:
                yield self.type(id)

    def _kind(self, id: int) -> Kind:
        (info,) = struct.unpack_from("<I", self.raw, self.places[id] + 4)
        return Kind(info >> 24 & 0x1F)

    @cached_property
    def _places_of_names(self) -> dict[str, list[int]]:
        """What was looked for already."""
        return {}

    def _places_of(self, name: str) -> list[int]:
        """Return the offsets of a whole string (a name may be the tail of another)."""
        if name in self._places_of_names:
            return self._places_of_names[name]
        start, end = self.strings
        wanted, places = name.encode() + b"\0", []
        place = self.raw.find(wanted, start, end)
        while place >= 0:
            places.append(place - start)
            place = self.raw.find(wanted, place + 1, end)
        self._places_of_names[name] = places
        return places

    def resolve(self, id: int) -> Type:
        """Follow typedef, const, volatile, restrict and tags to the type itself."""
        type = self.type(id)
        for _ in range(MAX_DEPTH):
            if type.kind not in SAME_AS_TARGET:
                return type
            type = self.type(type.type)
        with reading(f"BTF type {id}"):
            raise ValueError("a type that leads back to itself")

    def size_of(self, id: int) -> int:
        """Return a type's size in bytes; 0 for what has none (void, a function)."""
        factor = 1
        for _ in range(MAX_DEPTH):
            type = self.resolve(id)
            if type.kind in SIZED:
                return factor * type.size
            if type.kind is Kind.PTR:
                return factor * POINTER_SIZE
            if type.kind not in (Kind.ARRAY, Kind.VAR):
                return 0
            factor, id = factor * (type.count or (type.kind is Kind.VAR)), type.type
        return 0

    def fields(self, id: int) -> tuple[Field, ...]:
        """Return the scalars inside a type, by offset: `a`, `b.c`, `d[0]`, ...

        A plain scalar gives one field without a name; arrays of bytes stay whole,
        and of very large types the first 4096 fields are given.
        """
        found: list[Field] = []
        waiting = [(id, "", 0)]
        for _ in range(2 * MAX_FIELDS):  # a broken type may contain itself
            if not waiting or len(found) == MAX_FIELDS:
                break
            id, path, offset = waiting.pop()
            inside = list(islice(self._inside(id, path, offset), MAX_FIELDS))
            if inside and len(waiting) < MAX_FIELDS:
                waiting += reversed(inside)
            else:
                type = self.resolve(id)
                size = self.size_of(id)
                found.append(Field(path, offset, size, type.signed, type.id))
        return tuple(found)

    def _inside(
        self, id: int, path: str, offset: int
    ) -> Iterator[tuple[int, str, int]]:
        """Yield (type, name, offset) of what a struct or an array is made of."""
        type = self.resolve(id)
        if type.kind in (Kind.STRUCT, Kind.UNION):
            for m in type.members:
                yield m.type, f"{path}.{m.name}".strip("."), offset + m.offset
        elif type.kind is Kind.ARRAY and not self._is_text(type):
            step = self.size_of(type.type)
            for i in range(type.count):
                yield type.type, f"{path}[{i}]", offset + i * step

    def _is_text(self, array: Type) -> bool:
        return self.size_of(array.type) == 1


# Kinds with more behind their first 12 bytes.
_READERS = {
    Kind.INT: Btf._int,
    Kind.ARRAY: Btf._array,
    Kind.STRUCT: Btf._struct,
    Kind.UNION: Btf._struct,
    Kind.ENUM: Btf._enum,
    Kind.ENUM64: Btf._enum64,
    Kind.FWD: Btf._forward,
    Kind.FUNC_PROTO: Btf._prototype,
    Kind.VAR: Btf._var,
    Kind.DATASEC: Btf._datasec,
    Kind.DECL_TAG: Btf._decl_tag,
    Kind.TYPE_TAG: Btf._type_tag,
}


@lru_cache(maxsize=64)
def btf_of(raw: bytes) -> Btf:
    """Open BTF that may have been opened before.

    Raises:  ObjectError: not BTF, or cut.
    """
    return Btf.parse(raw)
