"""Whether the C types of a map's keys and values are those that Linux takes for it.

Source: errno as observed on Linux 6.18.
"""

import errno
from collections.abc import Callable
from enum import Enum, auto

from ebpflab.btf import Btf, Kind, Type, btf_of
from ebpflab.errors import MapError
from ebpflab.maps.rights import ENOTSUPP
from ebpflab.program import MapSpec

INT_SIZE, ID_SIZE = 4, 8  # bytes

Refuse = Callable[..., MapError]


class Described(Enum):
    """What a map type makes of C types."""

    KEYED = auto()  # both, or none
    OPEN = auto()  # the key's may be missing
    NEVER = auto()  # it takes none
    UNREAD = auto()  # the kernel's own types count


def check_types(
    spec: MapSpec, how: Described, fits: Callable[[Btf], bool], refuse: Refuse
) -> None:
    """Refuse C types that do not fit. Raises MapError, made by `refuse`."""
    if not spec.btf or not (spec.key_type or spec.value_type):
        return
    if how is Described.UNREAD:
        return
    btf = btf_of(spec.btf)
    key, value = (btf.size_of(t) for t in (spec.key_type, spec.value_type))
    missing = not spec.key_type and how is Described.KEYED
    if missing or value != spec.value_size or (spec.key_type and key != spec.key_size):
        raise refuse(errno.EINVAL, "map-types")
    if how is Described.NEVER:
        raise refuse(ENOTSUPP, "map-types")
    if not fits(btf):
        raise refuse(errno.EINVAL, "map-types")


def int_key(btf: Btf, spec: MapSpec) -> bool:
    return _is_int(btf.resolve(spec.key_type), INT_SIZE)


def index_key(btf: Btf, spec: MapSpec) -> bool:
    """Take an int; or none, where the one value is a section of variables."""
    if spec.key_type:
        return int_key(btf, spec)
    section = btf.resolve(spec.value_type).kind is Kind.DATASEC
    return section and spec.max_entries == 1


def struct_key(btf: Btf, spec: MapSpec) -> bool:
    return btf.resolve(spec.key_type).kind is Kind.STRUCT


def cgroup_key(btf: Btf, spec: MapSpec) -> bool:
    """Take a 64-bit id, or struct bpf_cgroup_storage_key with the attach type too."""
    type = btf.resolve(spec.key_type)
    if spec.key_size == ID_SIZE:
        return _is_int(type, ID_SIZE)
    places = [(m.offset, btf.size_of(m.type)) for m in type.members]
    return type.kind is Kind.STRUCT and places == [(0, ID_SIZE), (ID_SIZE, INT_SIZE)]


def _is_int(type: Type, size: int) -> bool:
    return type.kind is Kind.INT and type.size == size
