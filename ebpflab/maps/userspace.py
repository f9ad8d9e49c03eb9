"""How userspace reaches a map: by key, as with a dict; ours and Linux's alike.

A map says how it looks up, puts and removes; what follows from that stands here, with
the sizes that keys and values must have and the errors when they have others.
"""

import errno
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, SupportsBytes

from ebpflab.errors import MapError
from ebpflab.maps.rights import errno_name
from ebpflab.program import MapSpec, as_bytes

Key = bytes | SupportsBytes | int


class Userspace(ABC):
    """A map as userspace sees it; `m[key]`, `m[key] = value`, `del m[key]`, `in`."""

    spec: MapSpec

    @property
    def name(self) -> str:
        return self.spec.name

    @abstractmethod
    def lookup(self, key: Key) -> Any:
        """Return the value of `key`, or None. Raises MapError for anything else."""

    @abstractmethod
    def update(self, key: Key, value: Any, flags: int = 0) -> None:
        """Put a value. Raises MapError with Linux's errno."""

    @abstractmethod
    def delete(self, key: Key) -> None:
        """Remove a key. Raises MapError with Linux's errno."""

    @abstractmethod
    def keys(self) -> Iterator[bytes]:
        """Go through the keys, in the order of BPF_MAP_GET_NEXT_KEY."""

    def refuse(self, number: int, key: str, **values: object) -> MapError:
        """Make the error of the catalogue row `key` with `number` as its errno."""
        at = f"{self.name or 'map'} ({self.spec.type})"
        code = errno_name(number)
        return MapError.of(key, at=at, errno=number, code=code, **values)

    def sized(self, value: Key, size: int, what: str) -> bytes:
        """Return `size` bytes; an int is little-endian, as programs see it.

        Raises:  MapError: it has another size.
        """
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

    def __getitem__(self, key: Key) -> Any:
        value = self.lookup(key)
        if value is None:
            raise self.refuse(errno.ENOENT, "map-no-such-key", shown=repr(key))
        return value

    def __setitem__(self, key: Key, value: Any) -> None:
        self.update(key, value)

    def __delitem__(self, key: Key) -> None:
        self.delete(key)

    def __contains__(self, key: Key) -> bool:
        return self.lookup(key) is not None

    def __iter__(self) -> Iterator[bytes]:
        return self.keys()

    def __len__(self) -> int:
        return sum(1 for _ in self.keys())
