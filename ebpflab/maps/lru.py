"""lru_hash and lru_percpu_hash: hash tables that forget the key unused the longest.

Such a map is never full: a new key takes the place of an old one.

Kernel differs: Linux keeps only rough lists (by CPU, in batches of 128) and may forget
another key, and some before the map is full, even for an update that it then refuses;
here the order is exact.
Source: docs.kernel.org/bpf/map_hash.html; errno as observed on Linux 6.18.
"""

from typing import Any

from ebpflab.maps.base import Key, map_type
from ebpflab.maps.hash import HASH_FLAGS, Hash
from ebpflab.maps.percpu import PerCpu
from ebpflab.maps.rights import ENOTSUPP, CreateFlag, UpdateFlag


@map_type
class LruHash(Hash):
    """A hash table that forgets; `slots` is in the order of last use."""

    type = "lru_hash"
    flags_taken = HASH_FLAGS | CreateFlag.NO_COMMON_LRU

    def check_spec(self) -> None:
        if self.spec.flags & CreateFlag.NO_PREALLOC:
            raise self.refuse(ENOTSUPP, "lru-flags")
        super().check_spec()

    def find(self, key: bytes, cpu: int = 0) -> int | None:
        self._use(key)
        return super().find(key, cpu)

    def store(self, key: bytes, value: bytes, flags: int = UpdateFlag.ANY) -> None:
        super().store(key, value, flags)
        self._use(key)

    def lookup(self, key: Key = b"") -> Any:
        """Return the value of `key`, or None; userspace's looks do not count as use."""
        order = list(self.slots)
        value = super().lookup(key)
        self.slots = {key: self.slots[key] for key in order}
        return value

    def _use(self, key: bytes) -> None:
        if key in self.slots:
            self.slots[key] = self.slots.pop(key)

    def _take_slot(self) -> int:
        if not self.free:
            self.remove(next(iter(self.slots)))
        return super()._take_slot()


@map_type
class LruPercpuHash(PerCpu, LruHash):
    """A hash table that forgets, with a value for each CPU."""

    type = "lru_percpu_hash"
    flags_taken = LruHash.flags_taken & ~CreateFlag.NUMA_NODE
