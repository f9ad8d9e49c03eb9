"""How userspace reaches a map: by key, as with a dict; ours and Linux's alike.

A map says how it looks up, puts and removes; what follows from that stands here, with
the sizes that keys and values must have and the errors when they have others.
"""

import errno
import struct
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, SupportsBytes

from ebpflab.errors import MapError
from ebpflab.maps.rights import errno_name
from ebpflab.maps.typed import Layout, Value, layout_of, prefix_bytes
from ebpflab.program import MapSpec, as_bytes

Key = bytes | SupportsBytes | int | str | Mapping[str, Any] | list[Any]


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

    def layout(self, what: str) -> Layout | None:
        """Return the C type of the map's "key" or "value"; None: it is not known."""
        spec = self.spec
        if what == "key":
            return layout_of(spec.btf, spec.key_type, spec.key_size)
        return layout_of(spec.btf, spec.value_type, spec.value_size)

    def typed(self, data: bytes | bytearray, what: str) -> bytes:
        """Return the bytes of a "key" or "value", with its C type if known."""
        layout = self.layout(what)
        fits = layout is not None and len(data) == layout.size
        return Value.of(bytes(data), layout) if layout and fits else bytes(data)

    def sized(self, value: Any, size: int, what: str) -> bytes:
        """Return `size` bytes; an int is little-endian, as programs see it.

        A text, a dict or a list is written by the map's C type; so is a number of a
        type in network byte order.

        Raises:  MapError: it has another size, or does not fit the type.
        """
        layout = self.layout(what) if size in self._sizes else None
        if isinstance(value, str | Mapping | list | tuple) or (
            layout and isinstance(value, int) and layout.is_big_endian
        ):
            return self._spelled(value, size, what, layout)
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

    @property
    def _sizes(self) -> tuple[int, int]:
        return self.spec.key_size, self.spec.value_size

    def _spelled(
        self, value: Any, size: int, what: str, layout: Layout | None
    ) -> bytes:
        """Write what is no bytes and no plain number, by the C type."""
        try:
            if (
                isinstance(value, str)
                and self.spec.type == "lpm_trie"
                and what == "key"
            ):
                return prefix_bytes(value, size)
            if layout is None:
                raise self.refuse(errno.EINVAL, "map-untyped", what=what)
            return layout.encode(value)
        except (ValueError, TypeError, OverflowError, struct.error) as error:
            raise self.refuse(
                errno.EINVAL, "map-not-of-type", what=what, error=error
            ) from error

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
        return (self.typed(key, "key") for key in self.keys())

    def __len__(self) -> int:
        return sum(1 for _ in self.keys())
