"""What every map has: a blueprint, one buffer of values, and its two sides.

Programs reach a map through `find`, `store` and `remove`; userspace (Python, here)
through `lookup`, `update` and `delete`, which ask for the map's rights first. A map
hands programs no values: they stand in `values`, one buffer that programs see as a
memory region, and `find` tells at which byte a key's value stands.
Errors carry Linux's errno. Source: bpf(2); edge behavior as observed on Linux 6.18.
"""

from __future__ import annotations

import errno
from abc import abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from ebpflab.btf import Btf
from ebpflab.maps.described import Described, check_types
from ebpflab.maps.rights import (
    ENOTSUPP,
    FROM_PROGRAMS,
    FROM_USERSPACE,
    CreateFlag,
    UpdateFlag,
)
from ebpflab.maps.rows import Rows
from ebpflab.maps.userspace import Key, Userspace
from ebpflab.program import MapSpec

__all__ = ["Key", "Map", "map_type", "padded", "type_of_map"]

type_of_map: dict[str, type[Map]] = {}

ALIGNMENT = 8  # values stand at multiples of 8 bytes
LARGEST = 1 << 30  # bytes of values; Linux allows more where there is memory


class Map(Userspace):
    """One live map; `values` is the buffer that holds all its values."""

    type: ClassVar[str]
    value_access: ClassVar[bool] = True  # programs may hold pointers to its values
    flags_taken: ClassVar[int]  # CreateFlags; any other is EINVAL
    described: ClassVar[Described] = Described.KEYED  # what it makes of C types
    stride: int = 0  # bytes from one value to the next in `values`

    def __init__(self, spec: MapSpec) -> None:
        self.spec = spec
        self.frozen = False
        self.values = bytearray()
        self._check_flags()
        self.check_spec()
        check_types(spec, self.described, self._key_fits, self.refuse)

    @abstractmethod
    def check_spec(self) -> None:
        """Refuse a blueprint that Linux refuses.

        Raises:  MapError: with errno, and which number is wrong.
        """

    def _key_fits(self, btf: Btf) -> bool:
        """Tell whether the key's C type is one that Linux takes."""
        return True

    def _check_flags(self) -> None:
        flags = self.spec.flags
        contradiction = any(
            flags & pair == pair for pair in (FROM_USERSPACE, FROM_PROGRAMS)
        )
        if flags & ~int(self.flags_taken) or contradiction:
            raise self.refuse(errno.EINVAL, "map-create-flags", flags=f"{flags:#x}")

    # -- as programs reach it --

    @abstractmethod
    def find(self, key: bytes, cpu: int = 0) -> int | None:
        """Return where in `values` the value of `key` starts, or None."""

    @abstractmethod
    def store(self, key: bytes, value: bytes, flags: int = UpdateFlag.ANY) -> None:
        """Put a value. Raises MapError with Linux's errno."""

    @abstractmethod
    def remove(self, key: bytes) -> None:
        """Remove a key. Raises MapError with Linux's errno."""

    @abstractmethod
    def keys(self) -> Iterator[bytes]:
        """Go through the keys, in the order of BPF_MAP_GET_NEXT_KEY."""

    def rows(self) -> Rows:
        """Return what it holds now, for people; nobody's rights are asked for."""
        return {}

    @property
    def readable_by_programs(self) -> bool:
        return not self.spec.flags & CreateFlag.WRONLY_PROG

    @property
    def writable_by_programs(self) -> bool:
        return not self.spec.flags & CreateFlag.RDONLY_PROG

    # -- as userspace reaches it --

    def lookup(self, key: Key = b"") -> Any:
        """Return the value of `key`, or None. Raises MapError: no right to read."""
        data = self.key_bytes(key)
        self.check_readable()
        start = self.find(data)
        return None if start is None else self.value_at(start)

    def update(self, key: Key, value: Any, flags: int = UpdateFlag.ANY) -> None:
        """Put a value; flags 1 = only if new, 2 = only if there.

        Raises:  MapError: with Linux's errno.
        """
        data, content = self.key_bytes(key), self.value_bytes(value)
        self.check_writable()
        self.store(data, content, flags)

    def delete(self, key: Key) -> None:
        """Remove a key. Raises MapError with Linux's errno."""
        data = self.key_bytes(key)
        self.check_writable()
        self.remove(data)

    def pop(self, key: Key = b"") -> Any:
        """Take a value out. Raises MapError: nothing there, or not for this type."""
        self.check_readable()
        self.check_writable()
        raise self.refuse(ENOTSUPP, "map-no-pop")

    def freeze(self) -> None:
        """Forbid writing from userspace from now on. Raises MapError: it is frozen."""
        if self.frozen:
            raise self.refuse(errno.EPERM, "map-frozen-twice")
        self.check_writable()
        self.frozen = True

    def check_readable(self) -> None:
        if self.spec.flags & CreateFlag.WRONLY:
            raise self.refuse(errno.EPERM, "map-write-only")

    def check_writable(self) -> None:
        if self.spec.flags & CreateFlag.RDONLY or self.frozen:
            raise self.refuse(errno.EPERM, "map-read-only")

    def snapshot(self) -> Callable[[], None]:
        """Remember the contents; calling what is returned brings them back."""
        kept = bytes(self.values)

        def restore() -> None:
            self.values[:] = kept

        return restore

    def value_at(self, start: int) -> Any:
        """Return the value that starts at this byte of `values`."""
        return self.typed(self.values[start : start + self.spec.value_size], "value")

    def key_bytes(self, key: Key) -> bytes:
        """Return the key as bytes; an int is little-endian, as programs see it.

        Raises:  MapError: not `key_size` bytes.
        """
        return self.sized(key, self.spec.key_size, "key")

    def value_bytes(self, value: Any) -> bytes:
        """Return a value as bytes; see key_bytes."""
        return self.sized(value, self.spec.value_size, "value")

    def items(self) -> Iterator[tuple[bytes, Any]]:
        """Go through keys with their values; slots that hold nothing are left out."""
        self.check_readable()
        pairs = ((self.typed(key, "key"), self.lookup(key)) for key in self.keys())
        return ((key, value) for key, value in pairs if value is not None)


def padded(size: int) -> int:
    """Return how many bytes a value of this size takes among others."""
    return -(-size // ALIGNMENT) * ALIGNMENT


def map_type(cls: type[Map]) -> type[Map]:
    """Register a map class under its `type`; refuse a second one."""
    if cls.type in type_of_map:
        raise ValueError(f"map type {cls.type} is already {type_of_map[cls.type]}")
    type_of_map[cls.type] = cls
    return cls
