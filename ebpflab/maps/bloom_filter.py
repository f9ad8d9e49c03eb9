"""bloom_filter: "never seen", or "perhaps seen"; it has no keys and forgets nothing.

A value sets a few bits, chosen by hashing; it was perhaps put when all its bits are 1.

Kernel differs: always 5 hashes (Linux takes 1 to 15, as map_extra), and other hash
functions, so other values are wrongly found; how many is about the same.
Source: docs.kernel.org/bpf/map_bloom_filter.html; errno as observed on Linux 6.18.
"""

import errno
import zlib
from collections.abc import Iterator
from typing import Any

from ebpflab.maps.base import Key, Map, map_type
from ebpflab.maps.rights import EVERY_ACCESS, CreateFlag, UpdateFlag

HASHES = 5


@map_type
class BloomFilter(Map):
    """Bits, in `values`; there is nothing to point to in it."""

    type = "bloom_filter"
    value_access = False
    flags_taken = CreateFlag.NUMA_NODE | CreateFlag.ZERO_SEED | EVERY_ACCESS

    def check_spec(self) -> None:
        spec = self.spec
        if spec.key_size or spec.value_size <= 0 or spec.max_entries <= 0:
            raise self.refuse(errno.EINVAL, "bloom-spec")
        wanted = spec.max_entries * HASHES * 7 // 5  # n·k/ln 2
        self.bits = max(64, 1 << (wanted - 1).bit_length())
        self.values = bytearray(self.bits // 8)

    def _places(self, value: bytes) -> list[tuple[int, int]]:
        """Return byte and bit of each of a value's bits."""
        hashes = (zlib.crc32(value, seed) % self.bits for seed in range(1, HASHES + 1))
        return [(place // 8, 1 << place % 8) for place in hashes]

    def put(self, value: bytes, flags: int = UpdateFlag.ANY) -> None:
        """Add a value. Raises MapError: flags that mean nothing here."""
        if flags != UpdateFlag.ANY:
            raise self.refuse(errno.EINVAL, "bloom-flags", flags=flags)
        for byte, bit in self._places(value):
            self.values[byte] |= bit

    def holds(self, value: bytes) -> bool:
        """Tell whether the value was perhaps put."""
        return all(self.values[byte] & bit for byte, bit in self._places(value))

    def find(self, key: bytes, cpu: int = 0) -> int | None:
        return None

    def store(self, key: bytes, value: bytes, flags: int = UpdateFlag.ANY) -> None:
        self.put(value, flags)

    def remove(self, key: bytes) -> None:
        raise self.refuse(errno.EOPNOTSUPP, "bloom-no-keys")

    def push(self, value: Key) -> None:
        """Add a value. Raises MapError: no right."""
        self.update(b"", value)

    def lookup(self, key: Key = b"") -> Any:
        """Return the value given when it was perhaps put, else None."""
        value = self.value_bytes(key)
        self.check_readable()
        return value if self.holds(value) else None

    def keys(self) -> Iterator[bytes]:
        raise self.refuse(errno.EOPNOTSUPP, "bloom-no-keys")
