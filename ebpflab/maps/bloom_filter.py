"""bloom_filter: "never seen", or "perhaps seen"; it has no keys and forgets nothing.

A value sets a few bits, chosen by hashing; it was perhaps put when all its bits are 1.

The blueprint's `extra` says how many hashes, 1 to 15; 0 means 5.

Kernel differs: the hash functions are others, so other values are wrongly found; how
many is about the same.
Source: docs.kernel.org/bpf/map_bloom_filter.html; errno as observed on Linux 6.18.
"""

import errno
from collections.abc import Iterator
from hashlib import shake_128
from typing import Any

from ebpflab.maps.base import Key, Map, map_type
from ebpflab.maps.described import Described
from ebpflab.maps.rights import EVERY_ACCESS, CreateFlag, UpdateFlag
from ebpflab.maps.rows import Row, Rows

HASHES = 5  # when the blueprint leaves it open
MOST_HASHES = 15
HASH_BYTES = 4


@map_type
class BloomFilter(Map):
    """Bits, in `values`; there is nothing to point to in it."""

    type = "bloom_filter"
    described = Described.OPEN
    value_access = False
    flags_taken = CreateFlag.NUMA_NODE | CreateFlag.ZERO_SEED | EVERY_ACCESS

    def check_spec(self) -> None:
        spec = self.spec
        sized = not spec.key_size and spec.value_size > 0 and spec.max_entries > 0
        if not sized or spec.extra > MOST_HASHES:
            raise self.refuse(errno.EINVAL, "bloom-spec")
        self.hashes = spec.extra or HASHES
        wanted = spec.max_entries * self.hashes * 7 // 5  # n·k/ln 2
        self.bits = max(64, 1 << (wanted - 1).bit_length())
        self.values = bytearray(self.bits // 8)

    def met(self, value: bytes) -> list[int]:
        """Return which bits a value sets, one a hash."""
        return [8 * byte + bit.bit_length() - 1 for byte, bit in self._places(value)]

    def rows(self) -> Rows:
        """Return the bits that are 1."""
        held = ((at, byte) for at, byte in enumerate(self.values) if byte)
        ones = (8 * at + n for at, byte in held for n in range(8) if byte >> n & 1)
        return {bit: Row(place=bit) for bit in ones}

    def _places(self, value: bytes) -> list[tuple[int, int]]:
        """Return byte and bit of each of a value's bits."""
        digest = shake_128(value).digest(self.hashes * HASH_BYTES)
        starts = range(0, len(digest), HASH_BYTES)
        words = (int.from_bytes(digest[i : i + HASH_BYTES]) for i in starts)
        return [(word % self.bits // 8, 1 << word % 8) for word in words]

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
        return iter(())
