"""hash and percpu_hash: values by any key of a fixed size.

Kernel differs: keys come in the order in which they were put; Linux's order is that of
its buckets. Source: docs.kernel.org/bpf/map_hash.html; errno as observed on Linux 6.18.
"""

import errno
from typing import Any

from ebpflab.maps.base import Key, map_type
from ebpflab.maps.percpu import PerCpu
from ebpflab.maps.rights import EVERY_ACCESS, CreateFlag
from ebpflab.maps.slots import SlotMap

HASH_FLAGS = (
    CreateFlag.NO_PREALLOC | CreateFlag.NUMA_NODE | CreateFlag.ZERO_SEED | EVERY_ACCESS
)


@map_type
class Hash(SlotMap):
    """A hash table."""

    type = "hash"
    flags_taken = HASH_FLAGS
    full = errno.E2BIG

    def check_spec(self) -> None:
        if min(self.spec.key_size, self.spec.value_size, self.spec.max_entries) <= 0:
            raise self.refuse(errno.EINVAL, "hash-spec")

    def same_key(self, key: bytes) -> bytes:
        return key

    def pop(self, key: Key = b"") -> Any:
        """Take the value of a key out (BPF_MAP_LOOKUP_AND_DELETE_ELEM)."""
        self.check_readable()
        self.check_writable()
        value = self[key]
        self.remove(self.key_bytes(key))
        return value


@map_type
class PercpuHash(PerCpu, Hash):
    """A hash table with a value for each CPU."""

    type = "percpu_hash"
    flags_taken = HASH_FLAGS & ~CreateFlag.NUMA_NODE
