"""What every map has: a blueprint, one buffer of values, and the four operations.

A map never hands out its values one by one: they stand in `values`, one buffer that
programs see as a memory region, and `find` tells at which byte a key's value stands.
Errors carry Linux's errno. Source: bpf(2); edge behavior as observed on Linux 6.18.
"""

from __future__ import annotations

import errno
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from enum import IntEnum, IntFlag
from typing import ClassVar, SupportsBytes

from ebpflab.errors import MapError
from ebpflab.program import MapSpec, as_bytes

type_of_map: dict[str, type[Map]] = {}

Key = bytes | SupportsBytes | int


class UpdateFlag(IntEnum):
    """What `update` may do (UAPI: BPF_ANY, BPF_NOEXIST, BPF_EXIST)."""

    ANY = 0
    NOEXIST = 1
    EXIST = 2


class CreateFlag(IntFlag):
    """How a map is made (UAPI: BPF_F_*)."""

    NO_PREALLOC = 0x1
    NUMA_NODE = 0x4
    RDONLY = 0x8
    WRONLY = 0x10
    ZERO_SEED = 0x40
    RDONLY_PROG = 0x80
    WRONLY_PROG = 0x100
    MMAPABLE = 0x400
    PRESERVE_ELEMS = 0x800
    INNER_MAP = 0x1000


FROM_USERSPACE = CreateFlag.RDONLY | CreateFlag.WRONLY
FROM_PROGRAMS = CreateFlag.RDONLY_PROG | CreateFlag.WRONLY_PROG


class Map(ABC):
    """One live map; `values` is the buffer that holds all its values."""

    type: ClassVar[str]
    value_access: ClassVar[bool] = True  # programs may hold pointers to its values
    flags_taken: ClassVar[int]  # CreateFlags; any other is EINVAL

    def __init__(self, spec: MapSpec) -> None:
        self.spec = spec
        self._check_flags()
        self.check_spec()
        self.values = bytearray()

    @abstractmethod
    def check_spec(self) -> None:
        """Refuse a blueprint that Linux refuses.

        Raises:  MapError: with errno, and which number is wrong.
        """

    def _check_flags(self) -> None:
        flags = self.spec.flags
        contradiction = any(
            flags & pair == pair for pair in (FROM_USERSPACE, FROM_PROGRAMS)
        )
        if flags & ~self.flags_taken or contradiction:
            shown = f"{flags:#x}"
            raise self.refuse(errno.EINVAL, "map-create-flags", flags=shown)

    @abstractmethod
    def find(self, key: bytes) -> int | None:
        """Return where in `values` the value of `key` starts, or None."""

    @abstractmethod
    def update(self, key: bytes, value: bytes, flags: int = UpdateFlag.ANY) -> None:
        """Put a value. Raises MapError with Linux's errno."""

    @abstractmethod
    def delete(self, key: bytes) -> None:
        """Remove a key. Raises MapError with Linux's errno."""

    @abstractmethod
    def keys(self) -> Iterator[bytes]:
        """Go through the keys, in the order of BPF_MAP_GET_NEXT_KEY."""

    @property
    def name(self) -> str:
        return self.spec.name

    def refuse(self, number: int, key: str, **values: object) -> MapError:
        """Make the error of the catalogue row `key` with `number` as its errno."""
        at = f"{self.name or 'map'} ({self.type})"
        code = errno.errorcode[number]
        return MapError.of(key, at=at, errno=number, code=code, **values)

    def snapshot(self) -> Callable[[], None]:
        """Remember the contents; calling what is returned brings them back."""
        kept = bytes(self.values)

        def restore() -> None:
            self.values[:] = kept

        return restore

    def key_bytes(self, key: Key) -> bytes:
        """Return the key as bytes; an int is little-endian, as programs see it.

        Raises:  MapError: not `key_size` bytes.
        """
        return self._sized(key, self.spec.key_size, "key")

    def _sized(self, value: Key, size: int, what: str) -> bytes:
        if isinstance(value, int):
            try:
                return value.to_bytes(size, "little", signed=value < 0)
            except OverflowError as error:
                raise self.refuse(
                    errno.EINVAL, "map-number-too-big", what=what, size=size
                ) from error
        data = as_bytes(value, what)
        if len(data) != size:
            raise self.refuse(
                errno.EINVAL, "map-wrong-size", what=what, size=size, found=len(data)
            )
        return data

    def __getitem__(self, key: Key) -> bytes:
        start = self.find(self.key_bytes(key))
        if start is None:
            raise self.refuse(errno.ENOENT, "map-no-such-key", shown=repr(key))
        return bytes(self.values[start : start + self.spec.value_size])

    def __setitem__(self, key: Key, value: Key) -> None:
        self.update(
            self.key_bytes(key), self._sized(value, self.spec.value_size, "value")
        )

    def __delitem__(self, key: Key) -> None:
        self.delete(self.key_bytes(key))

    def __contains__(self, key: Key) -> bool:
        return self.find(self.key_bytes(key)) is not None

    def __iter__(self) -> Iterator[bytes]:
        return self.keys()

    def __len__(self) -> int:
        return sum(1 for _ in self.keys())

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """Go through keys with their values."""
        return ((key, self[key]) for key in self.keys())


def map_type(cls: type[Map]) -> type[Map]:
    """Register a map class under its `type`; refuse a second one."""
    if cls.type in type_of_map:
        raise ValueError(f"map type {cls.type} is already {type_of_map[cls.type]}")
    type_of_map[cls.type] = cls
    return cls
