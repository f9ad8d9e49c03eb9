"""CO-RE, first half: which member is meant, and where another kernel keeps it.

The compiler names a member by positions in the types that it saw ("0:3:1": the fourth
member's second). Positions differ from kernel to kernel, names do not: positions become
names here, and names are looked up in the kernel's types. Members of nameless
structures count as their owner's. Not here: what is done with the place (core.py).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ebpflab.elf.btf import MAX_DEPTH, Btf, Kind, Member, Type

COMPOSITE = (Kind.STRUCT, Kind.UNION)
SCALAR = (Kind.INT, Kind.ENUM, Kind.ENUM64)


@dataclass(frozen=True, slots=True)
class Access:
    """A place inside a type."""

    steps: tuple[str | int, ...]  # names of members, indices of arrays
    bit_offset: int
    type: int  # of what stands there
    bit_size: int = 0  # of a bit-field


def essential(name: str) -> str:
    """Drop what follows `___`: programs tell flavors of one type apart so."""
    before, mark, _ = name.rpartition("___")
    return before if mark and before else name


def by_positions(btf: Btf, root: int, positions: Sequence[int]) -> Access:
    """Follow positions through types.

    Raises:  LookupError: there is no such position.
    """
    first, *rest = positions
    place, type, bit_size = first * btf.size_of(root) * 8, root, 0
    steps: list[str | int] = [first]
    for position in rest:
        owner = btf.resolve(type)
        if owner.kind in COMPOSITE:
            member = owner.members[position]
            place += member.bit_offset
            type, bit_size = member.type, member.bit_size
            if member.name:
                steps.append(member.name)
        elif owner.kind is Kind.ARRAY:
            type, bit_size = owner.type, 0
            place += position * btf.size_of(type) * 8
            steps.append(position)
        else:
            raise LookupError(f"{owner.kind.name} has no position {position}")
    return Access(tuple(steps), place, type, bit_size)


def by_names(btf: Btf, root: int, wanted: Access) -> Access | None:
    """Follow the names of `wanted` through other types; None if they lead nowhere."""
    first, *rest = wanted.steps
    place, type, bit_size = int(first) * btf.size_of(root) * 8, root, 0
    for step in rest:
        owner = btf.resolve(type)
        if isinstance(step, int):
            if owner.kind is not Kind.ARRAY or 0 < owner.count <= step:
                return None
            type, bit_size = owner.type, 0
            place += step * btf.size_of(type) * 8
            continue
        found = next(_members(btf, owner, step, 0, MAX_DEPTH), None)
        if found is None:
            return None
        offset, member = found
        place, type, bit_size = place + offset, member.type, member.bit_size
    return Access(wanted.steps, place, type, bit_size)


def _members(
    btf: Btf, owner: Type, name: str, base: int, depth: int
) -> Iterator[tuple[int, Member]]:
    """Yield the member of this name with its bit offset, nameless owners included."""
    if owner.kind not in COMPOSITE or not depth:
        return
    for member in owner.members:
        offset = base + member.bit_offset
        if member.name == name:
            yield offset, member
        elif not member.name:
            inner = btf.resolve(member.type)
            yield from _members(btf, inner, name, offset, depth - 1)


def alike(one: Kind, other: Kind) -> bool:
    """Tell whether two kinds can stand for the same thing in two kernels."""
    groups = (COMPOSITE, SCALAR)
    return one is other or any(one in g and other in g for g in groups)
