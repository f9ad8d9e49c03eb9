"""Looking through a type for the parts that are the kernel's.

Every member, and what stands in its members and arrays; not what a union holds.
Source: what Linux 6.18 takes as a map's value.
"""

import errno
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ebpflab.btf.kernel import kernel_btf
from ebpflab.btf.layout import MAX_DEPTH, Kind
from ebpflab.btf.reader import Btf
from ebpflab.btf.special import (
    BY_NAME,
    BY_TAG,
    MAY_REPEAT,
    NODES,
    ONLY_ONE,
    RELEASED,
    ROOTS,
    SIZES,
    Special,
)
from ebpflab.btf.types import Member, Type

MOST_FIELDS = 11


@dataclass(frozen=True, slots=True)
class RecordField:
    """One special part of a value."""

    kind: Special
    offset: int  # bytes
    type: int = 0  # what a kptr points to, what a list or tree holds: id in this BTF
    node_offset: int = 0  # of a list or tree: where its nodes stand in what it holds

    @property
    def size(self) -> int:
        return SIZES[self.kind][0]


@dataclass(eq=False)
class Wrong(Exception):
    """Types that Linux takes for no value."""

    errno: int


def _is_released(name: str) -> bool:
    """Tell whether a structure may be owned by a map: also any of the program's own."""
    kernel = kernel_btf()
    known = kernel.find(name, Kind.STRUCT) if kernel else None
    return known is None or name in RELEASED


class Search:
    """One look through a type and all inside it."""

    def __init__(self, btf: Btf, wanted: frozenset[Special]) -> None:
        self.btf, self.wanted = btf, wanted
        self.seen: set[Special] = set()

    def of(self, type: Type) -> tuple[RecordField, ...]:
        found = sorted(self._inside(type, 0), key=lambda field: field.offset)
        return tuple(found)

    def _inside(self, owner: Type, depth: int) -> list[RecordField]:
        if owner.kind not in (Kind.STRUCT, Kind.DATASEC):
            return []
        if depth > MAX_DEPTH:
            raise Wrong(errno.E2BIG)
        found: list[RecordField] = []
        for index, member in enumerate(owner.members):
            type = self._type_of(owner, member)
            if owner.kind is not Kind.DATASEC and member.bit_offset % 8:
                raise Wrong(errno.EINVAL)
            found += self._at(type, member, owner, index, depth)
            if len(found) > MOST_FIELDS:
                raise Wrong(errno.E2BIG)
        return found

    def _type_of(self, owner: Type, member: Member) -> Type:
        type = self.btf.type(member.type)
        return self.btf.type(type.type) if owner.kind is Kind.DATASEC else type

    def _at(
        self, type: Type, member: Member, owner: Type, index: int, depth: int
    ) -> list[RecordField]:
        """Return the special parts of one member; of an array, of all elements."""
        count = 1
        while type.kind is Kind.ARRAY:
            count, type = count * type.count, self.btf.type(type.type)
        if not count:
            return []
        found = self._named(type, member, owner, index)
        if found is None and type.kind is Kind.STRUCT:
            inside = self._inside(type, depth + 1)
            moved = [replace(f, offset=f.offset + member.offset) for f in inside]
            return self._repeated(moved, count, type.size)
        if found is None:
            return []
        return self._repeated([found], count, found.size)

    def _repeated(
        self, fields: list[RecordField], count: int, step: int
    ) -> list[RecordField]:
        if count == 1 or not fields:
            return fields
        if any(field.kind not in MAY_REPEAT for field in fields):
            raise Wrong(errno.EINVAL)
        if count * len(fields) > MOST_FIELDS:
            raise Wrong(errno.E2BIG)
        return [
            replace(field, offset=field.offset + i * step)
            for i in range(count)
            for field in fields
        ]

    def _named(
        self, type: Type, member: Member, owner: Type, index: int
    ) -> RecordField | None:
        """Return what a type's name or tag says that it is."""
        kind = BY_NAME.get(type.name)
        if kind not in self.wanted:
            kind = None
        if kind is None and type.kind is not Kind.STRUCT:
            return self._pointer(type, member.offset)
        if kind is None:
            return None
        if kind in ONLY_ONE and kind in self.seen:
            raise Wrong(errno.E2BIG)
        self.seen.add(kind)
        size, alignment = SIZES[kind]
        if type.size != size or member.offset % alignment:
            return None
        if kind in ROOTS:
            return self._root(kind, member, owner, index)
        return RecordField(kind, member.offset)

    def _pointer(self, type: Type, offset: int) -> RecordField | None:
        if type.kind is Kind.VOLATILE:
            type = self.btf.type(type.type)
        tag = self.btf.type(type.type) if type.kind is Kind.PTR else type
        if type.kind is not Kind.PTR or tag.kind is not Kind.TYPE_TAG or offset % 8:
            return None
        if tag.is_attribute:
            return None
        if self.btf.type(tag.type).kind is Kind.TYPE_TAG or tag.name not in BY_TAG:
            raise Wrong(errno.EINVAL)
        kind = BY_TAG[tag.name]
        target = self.btf.resolve(tag.type)
        if kind not in self.wanted:
            return None
        if target.kind is not Kind.STRUCT:
            raise Wrong(errno.EINVAL)
        if kind is Special.KPTR_REF and not _is_released(target.name):
            raise Wrong(errno.ENOENT)
        return RecordField(kind, offset, target.id)

    def _root(
        self, kind: Special, member: Member, owner: Type, index: int
    ) -> RecordField:
        """Return a list or tree: `contains:node:link` says what stands in it."""
        tagged, component = owner.id, index
        if owner.kind is Kind.DATASEC:
            tagged, component = member.type, -1
        text = next(self._tags(tagged, component, "contains:"), None)
        if text is None or ":" not in text:
            raise Wrong(errno.EINVAL)
        name, link = text.split(":", 1)
        held = self.btf.find(name, Kind.STRUCT)
        if held is None:
            raise Wrong(errno.ENOENT)
        node = NODES[ROOTS.index(kind)]
        for inner in held.members:
            type = self.btf.type(inner.type)
            if inner.name == link and type.name == node.value:
                return RecordField(kind, member.offset, held.id, inner.offset)
        raise Wrong(errno.ENOENT)

    def _tags(self, type: int, component: int, prefix: str) -> Iterator[str]:
        for tag in declaration_tags(self.btf).get((type, component), ()):
            if tag.startswith(prefix):
                yield tag.removeprefix(prefix)


def declaration_tags(btf: Btf) -> dict[tuple[int, int], list[str]]:
    """Return the texts of all DECL_TAGs, by type and component (-1: the type)."""
    found: dict[tuple[int, int], list[str]] = {}
    for type in btf:
        if type.kind is Kind.DECL_TAG:
            found.setdefault((type.type, type.component), []).append(type.name)
    return found
