"""array: values by index, all of them there from the start, zeroed.

Source: docs.kernel.org/bpf/map_array.html; errno as observed on Linux 6.18.
"""

import errno
from collections.abc import Iterator

from ebpflab.maps.base import (
    FROM_PROGRAMS,
    FROM_USERSPACE,
    CreateFlag,
    Map,
    UpdateFlag,
    map_type,
)
from ebpflab.program import MapSpec

INDEX_SIZE = 4  # bytes: a 32-bit index
_ALIGNMENT = 8  # values stand at multiples of 8 bytes


@map_type
class Array(Map):
    """An array; the key is a 32-bit index."""

    type = "array"
    flags_taken = (
        CreateFlag.NUMA_NODE
        | CreateFlag.MMAPABLE
        | CreateFlag.INNER_MAP
        | FROM_USERSPACE
        | FROM_PROGRAMS
    )

    def __init__(self, spec: MapSpec) -> None:
        super().__init__(spec)
        self.stride = -(-spec.value_size // _ALIGNMENT) * _ALIGNMENT
        self.values = bytearray(self.stride * spec.max_entries)

    def check_spec(self) -> None:
        spec = self.spec
        if spec.key_size != INDEX_SIZE or spec.value_size <= 0 or spec.max_entries <= 0:
            raise self.refuse(errno.EINVAL, "array-spec")
        if spec.value_size * spec.max_entries > _LARGEST:
            raise self.refuse(errno.E2BIG, "map-too-big", largest=_LARGEST)

    def find(self, key: bytes) -> int | None:
        index = int.from_bytes(key, "little")
        return index * self.stride if index < self.spec.max_entries else None

    def update(self, key: bytes, value: bytes, flags: int = UpdateFlag.ANY) -> None:
        start = self.find(key)
        if flags not in tuple(UpdateFlag):
            raise self.refuse(errno.EINVAL, "map-unknown-flags", flags=flags)
        if start is None:
            raise self.refuse(
                errno.E2BIG, "array-index", last=self.spec.max_entries - 1
            )
        if flags == UpdateFlag.NOEXIST:
            raise self.refuse(errno.EEXIST, "array-all-exist")
        self.values[start : start + len(value)] = value

    def delete(self, key: bytes) -> None:
        raise self.refuse(errno.EINVAL, "array-no-delete")

    def keys(self) -> Iterator[bytes]:
        return (i.to_bytes(INDEX_SIZE, "little") for i in range(self.spec.max_entries))


_LARGEST = 1 << 30  # bytes; Linux allows more where there is memory
