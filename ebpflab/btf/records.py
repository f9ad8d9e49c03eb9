"""What a map's value holds for the kernel: locks, timers, pointers, lists, trees.

    struct value {
        struct bpf_spin_lock lock;              found by the name of its type
        struct task_struct __kptr *task;        found by the tag of its type
        struct bpf_list_head head __contains(node, link);
    };

A program never touches these bytes itself; what may be done with them is done by
helpers and kfuncs. Names are the kernel's (enum btf_field_type).

Where such parts do not fit together (two timers, a pointer to no structure), Linux
makes the map all the same, and knows of no special part in it. But it takes no BTF in
which a structure with a lock, a list or a pointer is wrong.

Source: Documentation/bpf/graph_ds_impl.rst; what Linux 6.18 takes as a map.
"""

import errno
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from ebpflab.btf.layout import Kind
from ebpflab.btf.reader import Btf, btf_of
from ebpflab.btf.record_search import RecordField, Search, Wrong
from ebpflab.btf.special import (
    ALLOCATED,
    BY_NAME,
    BY_TAG,
    IN_VALUES,
    KPTRS,
    LOCKS,
    NODES,
    ROOTS,
    Special,
)
from ebpflab.btf.types import Type
from ebpflab.errors import ObjectError
from ebpflab.program import MapSpec

_LOCKABLE = "hash array cgroup_storage sk_storage inode_storage task_storage"
_LOCKABLE += " cgrp_storage"
_TIMED = "hash lru_hash array"
_POINTING = "hash percpu_hash lru_hash lru_percpu_hash array percpu_array sk_storage"
_POINTING += " inode_storage task_storage cgrp_storage"
MAP_TYPES = {  # in which maps each may stand
    **dict.fromkeys(LOCKS, _LOCKABLE.split()),
    **dict.fromkeys(
        (Special.TIMER, Special.WORKQUEUE, Special.TASK_WORK), _TIMED.split()
    ),
    **dict.fromkeys((*KPTRS[:3], Special.REFCOUNT), _POINTING.split()),
    Special.UPTR: ["task_storage"],
    **dict.fromkeys(ROOTS, _TIMED.split()),
}


@dataclass(frozen=True)
class Record:
    """All special parts of a type, by offset.

    `errno`: with which number Linux refuses the type; what that means depends on where
    it is used.
    """

    fields: tuple[RecordField, ...] = ()
    errno: int = 0

    def __bool__(self) -> bool:
        return bool(self.fields)

    def at(self, offset: int) -> RecordField | None:
        """Return the field that begins at an offset."""
        return self._by_offset.get(offset)

    def of(self, *kinds: Special) -> RecordField | None:
        """Return the first field of these kinds."""
        return next((f for f in self.fields if f.kind in kinds), None)

    def touched(self, start: int, end: int) -> Iterator[RecordField]:
        """Yield the fields that bytes from `start` to `end` have a part in."""
        for field in self.fields:
            if start < field.offset + field.size and field.offset < end:
                yield field

    @cached_property
    def _by_offset(self) -> dict[int, RecordField]:
        return {field.offset: field for field in self.fields}


EMPTY = Record()


def record_of(spec: MapSpec) -> Record:
    """Return the special parts of a map's values.

    `errno` says with which number Linux refuses to make a map of these values; 0 where
    it makes one.
    """
    if spec.btf is None or not spec.value_type:
        return EMPTY
    if wrong := btf_errno(spec.btf):
        return Record(errno=wrong)
    record = type_record(spec.btf, spec.value_type, IN_VALUES)
    if record.errno or not record:
        return EMPTY
    if spec.flags & _ONE_SIDED:
        return replace(record, errno=errno.EACCES)
    misplaced = any(spec.type not in MAP_TYPES[f.kind] for f in record.fields)
    return replace(record, errno=errno.EOPNOTSUPP) if misplaced else record


_ONE_SIDED = 0x80 | 0x100  # BPF_F_RDONLY_PROG, BPF_F_WRONLY_PROG


@lru_cache(maxsize=64)
def btf_errno(raw: bytes) -> int:
    """Return the errno for structures in BTF that hold their special parts wrongly.

    Only a structure with a special part among its own members is looked at, and then
    it must have a record.
    """
    btf = btf_of(raw)
    special = {type.id for type in btf if _is_special(btf, type)}
    for type in btf:
        if type.kind is not Kind.STRUCT:
            continue
        if any(member.type in special for member in type.members):
            record = type_record(raw, type.id, ALLOCATED)
            if record.errno or not record:
                return record.errno or errno.EFAULT
    return 0


def _is_special(btf: Btf, type: Type) -> bool:
    if type.kind is Kind.STRUCT:
        kind = BY_NAME.get(type.name)
        return kind in ALLOCATED and kind is not Special.RES_SPIN_LOCK
    tag = btf.type(type.type) if type.kind is Kind.PTR else type
    if tag.kind is not Kind.TYPE_TAG or tag.is_attribute:
        return False
    is_struct = btf.type(tag.type).kind is Kind.STRUCT
    return is_struct and BY_TAG.get(tag.name) in ALLOCATED


@lru_cache(maxsize=256)
def type_record(
    raw: bytes, type: int, wanted: frozenset[Special] = frozenset(Special)
) -> Record:
    """Return the special parts of any structure or section, of the kinds `wanted`."""
    try:
        btf = btf_of(raw)
        fields = Search(btf, wanted).of(btf.resolve(type))
    except Wrong as wrong:
        return Record(errno=wrong.errno)
    except ObjectError:
        return Record(errno=errno.EINVAL)
    return Record(fields, _wrong_together(fields))


def _wrong_together(fields: tuple[RecordField, ...]) -> int:
    """Return the errno for parts that do not fit together; 0: they do."""
    kinds = {f.kind for f in fields}
    before = 0
    for field in fields:
        if field.offset < before:
            return errno.EEXIST
        before = field.offset + field.size
    if {*LOCKS} <= kinds:
        return errno.EINVAL
    if kinds & {*ROOTS} and not kinds & {*LOCKS}:
        return errno.EINVAL
    if kinds >= {*NODES} and Special.REFCOUNT not in kinds:
        return errno.EINVAL
    return 0
