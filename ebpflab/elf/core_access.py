"""CO-RE, first half: which member is meant, and where another kernel keeps it.

The compiler names a member by positions in the types that it saw ("0:3:1": the fourth
member's second). Positions differ from kernel to kernel, names do not: positions become
names here, and names are looked up in the kernel's types. Members of nameless
structures count as their owner's. Not here: what is done with the place (core.py).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ebpflab.btf import Btf, Kind, Member, Type
from ebpflab.btf.layout import MAX_DEPTH
from ebpflab.elf.core_match import COMPOSITE, fields_alike


@dataclass(frozen=True, slots=True)
class Access:
    """A place inside a type."""

    steps: tuple[str | int, ...]  # names of members, indices of arrays
    types: tuple[int, ...]  # what stands at each step
    bit_offset: int
    type: int  # of what stands there
    bit_size: int = 0  # of a bit-field


def by_positions(btf: Btf, root: int, positions: Sequence[int]) -> Access:
    """Follow positions through types.

    Raises:  LookupError: there is no such position.
    """
    first, *rest = positions
    place, type, bit_size = first * btf.size_of(root) * 8, root, 0
    steps: list[str | int] = [first]
    types = [root]
    for position in rest:
        owner = btf.resolve(type)
        if owner.kind in COMPOSITE:
            member = owner.members[position]
            place += member.bit_offset
            type, bit_size = member.type, member.bit_size
            if not member.name:
                continue
            steps.append(member.name)
        elif owner.kind is Kind.ARRAY:
            type, bit_size = owner.type, 0
            place += position * btf.size_of(type) * 8
            steps.append(position)
        else:
            raise LookupError(f"{owner.kind.name} has no position {position}")
        types.append(type)
    return Access(tuple(steps), tuple(types), place, type, bit_size)


def by_names(btf: Btf, root: int, wanted: Access, local: Btf) -> Access | None:
    """Follow the names of `wanted` through other types.

    Returns: None if they lead nowhere, or to a member of another kind.
    """
    first, *rest = wanted.steps
    place, type, bit_size = int(first) * btf.size_of(root) * 8, root, 0
    for step, ours in zip(rest, wanted.types[1:], strict=True):
        owner = btf.resolve(type)
        if isinstance(step, int):
            if owner.kind is not Kind.ARRAY or 0 < owner.count <= step:
                return None
            type, bit_size = owner.type, 0
            place += step * btf.size_of(type) * 8
            continue
        found = next(_members(btf, owner, step, 0, MAX_DEPTH), None)
        if found is None or not fields_alike(local, ours, btf, found[1].type):
            return None
        offset, member = found
        place, type, bit_size = place + offset, member.type, member.bit_size
    return Access(wanted.steps, wanted.types, place, type, bit_size)


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
