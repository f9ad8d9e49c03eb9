"""sk_, task_, inode_ and cgrp_storage: a value that belongs to a socket, a task, ...

The key is the owner itself, where Linux takes a descriptor of it. A program asks by the
owner's address (bpf_task_storage_get). With its owner a value goes.

Kernel differs: there is room for 256 owners; an owner here never goes.
Source: docs.kernel.org/bpf/map_sk_storage.html and map_cgrp_storage.html; errno as
observed on Linux 6.18.
"""

import errno
from collections.abc import Iterator
from typing import Any, ClassVar

from ebpflab.btf import Btf
from ebpflab.maps.base import Map, map_type
from ebpflab.maps.described import int_key
from ebpflab.maps.owners import Cgroup, Inode, Owner, Socket, Task
from ebpflab.maps.rights import ENOTSUPP, CreateFlag, UpdateFlag
from ebpflab.maps.rows import Row, Rows
from ebpflab.maps.slots import SlotMap

KEY_SIZE = 4  # bytes: a descriptor
OWNERS = 256
LARGEST_VALUE = 65_407  # bytes


class LocalStorage(SlotMap):
    """Values by owner."""

    flags_taken = CreateFlag.NO_PREALLOC | CreateFlag.CLONE
    full = errno.ENOMEM
    room = OWNERS
    owner: ClassVar[type]
    other = errno.EBADF  # for an owner of another kind

    def check_spec(self) -> None:
        spec = self.spec
        sized = spec.key_size == KEY_SIZE and spec.value_size > 0 == spec.max_entries
        described = spec.btf and spec.key_type and spec.value_type
        if not (sized and described and spec.flags & CreateFlag.NO_PREALLOC):
            raise self.refuse(errno.EINVAL, "storage-spec")
        if spec.value_size > LARGEST_VALUE:
            raise self.refuse(errno.E2BIG, "map-too-big", largest=LARGEST_VALUE)

    def _key_fits(self, btf: Btf) -> bool:
        return int_key(btf, self.spec)

    def same_key(self, key: Any) -> Any:
        return key

    def owner_of(self, key: Any) -> Owner:
        """Return the owner that userspace names. Raises MapError: it is none."""
        if not isinstance(key, Owner):
            self.key_bytes(key)
        elif isinstance(key, self.owner):
            return key
        number = self.other if isinstance(key, Owner) else errno.EBADF
        raise self.refuse(number, "storage-owner", wanted=self.owner.__name__)

    def lookup(self, key: Any = b"") -> Any:
        """Return the value of an owner, or None. Raises MapError: it is no owner."""
        self.check_readable()
        start = self.find(self.owner_of(key))
        return None if start is None else self.value_at(start)

    def update(self, key: Any, value: Any, flags: int = UpdateFlag.ANY) -> None:
        """Put a value for an owner. Raises MapError with Linux's errno."""
        content = self.value_bytes(value)
        self.check_writable()
        self.store(self.owner_of(key), content, flags)

    def delete(self, key: Any) -> None:
        """Forget the value of an owner. Raises MapError with Linux's errno."""
        self.check_writable()
        self.remove(self.owner_of(key))

    def keys(self) -> Iterator[bytes]:
        raise self.refuse(ENOTSUPP, "storage-no-keys")

    def pop(self, key: Any = b"") -> Any:
        """Refuse: a value cannot be taken out. Raises MapError."""
        return Map.pop(self, b"")

    def rows(self) -> Rows:
        """Return the values by the number of their owner."""
        size = self.slot_size
        slots = self.slots.items()
        return {o.number: Row(self.value_at(at), at // size) for o, at in slots}


@map_type
class TaskStorage(LocalStorage):
    """Values of tasks."""

    type = "task_storage"
    owner = Task


@map_type
class SkStorage(LocalStorage):
    """Values of sockets."""

    type = "sk_storage"
    owner = Socket
    other = errno.ENOTSOCK


@map_type
class InodeStorage(LocalStorage):
    """Values of files."""

    type = "inode_storage"
    owner = Inode


@map_type
class CgrpStorage(LocalStorage):
    """Values of control groups."""

    type = "cgrp_storage"
    owner = Cgroup
