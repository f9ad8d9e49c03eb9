"""array and percpu_array: values by index, all there from the start, zeroed.

Source: docs.kernel.org/bpf/map_array.html; errno as observed on Linux 6.18.
"""

import errno
from collections.abc import Iterator

from ebpflab.btf import Btf
from ebpflab.maps.base import LARGEST, Map, map_type, padded
from ebpflab.maps.described import Described, index_key
from ebpflab.maps.percpu import PerCpu
from ebpflab.maps.rights import EVERY_ACCESS, CreateFlag, UpdateFlag
from ebpflab.maps.rows import Row, Rows
from ebpflab.program import MapSpec

INDEX_SIZE = 4  # bytes: a 32-bit index


@map_type
class Array(Map):
    """An array; the key is a 32-bit index."""

    type = "array"
    flags_taken = (
        CreateFlag.NUMA_NODE | CreateFlag.MMAPABLE | CreateFlag.INNER_MAP | EVERY_ACCESS
    )
    values_in_slot = 1
    described = Described.OPEN

    def __init__(self, spec: MapSpec) -> None:
        super().__init__(spec)
        self.stride = padded(spec.value_size)
        self.slot_size = self.stride * self.values_in_slot
        self.values = bytearray(self.slot_size * spec.max_entries)

    def check_spec(self) -> None:
        spec = self.spec
        if spec.key_size != INDEX_SIZE or spec.value_size <= 0 or spec.max_entries <= 0:
            raise self.refuse(errno.EINVAL, "array-spec")
        if spec.value_size * spec.max_entries > LARGEST:
            raise self.refuse(errno.E2BIG, "map-too-big", largest=LARGEST)

    def _key_fits(self, btf: Btf) -> bool:
        return index_key(btf, self.spec)

    def find(self, key: bytes, cpu: int = 0) -> int | None:
        index = int.from_bytes(key, "little")
        if index >= self.spec.max_entries:
            return None
        return index * self.slot_size + cpu * self.stride

    def store(self, key: bytes, value: bytes, flags: int = UpdateFlag.ANY) -> None:
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

    def remove(self, key: bytes) -> None:
        raise self.refuse(errno.EINVAL, "array-no-delete")

    def keys(self) -> Iterator[bytes]:
        return (i.to_bytes(INDEX_SIZE, "little") for i in range(self.spec.max_entries))

    def rows(self) -> Rows:
        """Return the values that are not zero, by index."""
        size = self.slot_size
        if not any(self.values):
            return {}
        starts = range(0, len(self.values), size)
        held = (at for at in starts if any(self.values[at : at + size]))
        return {at // size: Row(self.value_at(at), at // size) for at in held}


@map_type
class PercpuArray(PerCpu, Array):
    """An array with a value for each CPU."""

    type = "percpu_array"
    flags_taken = EVERY_ACCESS
