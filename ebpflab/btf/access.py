"""A load through a pointer to a structure: which member is read, and what does it give?

    task->real_parent->pid      offset 8 of task_struct may be a pointer, a number,
                                a structure inside, an array's element, or nothing

A number may be read in parts and, from an array, beyond one element; a pointer only
whole. The last member may be an array of no declared length: any element is there.

Source: what Linux 6.18 accepts, refuses and writes (kernel: btf_struct_access).
"""

import errno
from dataclasses import dataclass
from enum import Enum, auto

from ebpflab.btf.layout import MAX_DEPTH, Kind
from ebpflab.btf.reader import Btf
from ebpflab.btf.types import Member, Type

COMPOSITE = (Kind.STRUCT, Kind.UNION)


class Found(Enum):
    """What stands where a program reads."""

    NUMBER = auto()
    STRUCT_POINTER = auto()
    OTHER_POINTER = auto()  # to a number, a function, nothing in particular


@dataclass(frozen=True, slots=True)
class Place:
    """What a read gives."""

    found: Found
    type: int = 0  # the structure that a pointer leads to
    member: str = ""  # the pointer's name
    tag: str = ""  # of the pointer: user, percpu, rcu
    in_union: bool = False  # other members may have been stored there


@dataclass(eq=False)
class NoAccess(Exception):
    """Nothing that may be read stands there; `text` is the kernel's line."""

    errno: int
    text: str


def struct_access(btf: Btf, type: int, offset: int, size: int) -> Place:
    """Return what `size` bytes at an offset of a structure are.

    Raises:  NoAccess: nothing that may be read so.
    """
    walk = _Walk(btf, size)
    place: Place | None = None
    inside = (btf.resolve(type), offset)
    while place is None:
        found = walk.step(*inside)
        if isinstance(found, Place):
            place = found
        else:
            inside = found
    return place


def _name(type: Type) -> str:
    return type.name or "(anon)"


def structure_at(btf: Btf, type: Type, offset: int) -> Type | None:
    """Return the structure that begins at an offset of another; None: there is none.

    Raises:  NoAccess: not even a byte may be read there.
    """
    walk = _Walk(btf, 1)
    inside = (type, offset)
    while True:
        found = walk.step(*inside)
        if isinstance(found, Place):
            return None
        inside = found
        if not inside[1]:
            return inside[0]


@dataclass(slots=True)
class _Walk:
    """The way down into a structure."""

    btf: Btf
    size: int  # bytes read
    in_union: bool = False
    depth: int = 0  # a broken type may contain itself

    def step(self, owner: Type, offset: int) -> Place | tuple[Type, int]:
        """Go one structure deeper, or say what is there."""
        self.depth += 1
        if owner.kind not in COMPOSITE or self.depth > MAX_DEPTH:
            raise NoAccess(errno.EINVAL, f"Type '{_name(owner)}' is not a struct")
        if owner.kind is Kind.UNION and len(owner.members) != 1:
            self.in_union = True
        if offset + self.size > owner.size:
            return self._behind(owner, offset)
        for member in owner.members:
            if offset + self.size <= member.offset:
                break
            if member.bit_size:
                if self._covers(member, offset):
                    return Place(Found.NUMBER)
                continue
            if offset < member.offset:
                break
            if offset < member.offset + self.btf.size_of(member.type):
                return self._member(owner, member, offset)
        text = f"struct {_name(owner)} doesn't have field at offset {offset}"
        raise NoAccess(errno.EINVAL, text)

    def _covers(self, member: Member, offset: int) -> bool:
        """Tell whether all bytes of a bit-field are read."""
        end = -(-(member.bit_offset + member.bit_size) // 8)
        return offset <= member.offset and end <= offset + self.size

    def _behind(self, owner: Type, offset: int) -> Place | tuple[Type, int]:
        """Read beyond the end: from an array of no length, if it ends with one."""
        last = owner.members[-1] if owner.members else None
        array = self.btf.resolve(last.type) if last else None
        if last and array and array.kind is Kind.ARRAY and not array.count:
            element = self.btf.resolve(array.type)
            if offset >= last.offset and element.kind is Kind.INT:
                return Place(Found.NUMBER)
            if offset >= last.offset and element.kind in COMPOSITE and element.size:
                return element, (offset - last.offset) % element.size
        where = f"struct {_name(owner)} at off {offset} size {self.size}"
        raise NoAccess(errno.EACCES, f"access beyond {where}")

    def _member(
        self, owner: Type, member: Member, offset: int
    ) -> Place | tuple[Type, int]:
        start, end = member.offset, member.offset + self.btf.size_of(member.type)
        type = self.btf.resolve(member.type)
        while type.kind is Kind.ARRAY:
            type = self.btf.resolve(type.type)
        if end - start != (step := self.btf.size_of(type.id)):
            start += (offset - start) // step * step  # of the element
        if type.kind in COMPOSITE:
            return type, offset - start
        where = f"in struct {_name(owner)} with off {offset} size {self.size}"
        if type.kind is Kind.PTR:
            if self.size != step or offset != start:
                text = f"cannot access ptr member {member.name} with moff {start}"
                raise NoAccess(errno.EACCES, f"{text} {where}")
            return self._pointer(type, member)
        if offset + self.size > end and not self.in_union:
            text = f"access beyond the end of member {member.name} (mend:{end}) {where}"
            raise NoAccess(errno.EACCES, text)
        return Place(Found.NUMBER)

    def _pointer(self, pointer: Type, member: Member) -> Place:
        target = self.btf.resolve(pointer.type)
        if target.kind not in COMPOSITE:
            return Place(Found.OTHER_POINTER)
        tag = self.btf.type(pointer.type)
        is_tagged = tag.kind is Kind.TYPE_TAG and not tag.is_attribute
        return Place(
            Found.STRUCT_POINTER,
            target.id,
            member.name,
            tag.name if is_tagged else "",
            self.in_union,
        )
