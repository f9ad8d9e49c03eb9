"""lpm_trie: values by address prefix; a lookup finds the longest one that fits.

The key is `prefixlen`, 32 bits in the machine's byte order, then the address in
network byte order; only its first `prefixlen` bits count.

Kernel differs: no trie is built, the prefixes are tried from the longest to the
shortest; what is found is the same, and keys come from the longest prefix down.
Source: docs.kernel.org/bpf/map_lpm_trie.html; errno as observed on Linux 6.18.
"""

import errno
from collections.abc import Callable, Iterator

from ebpflab.btf import Btf
from ebpflab.maps.base import map_type
from ebpflab.maps.described import struct_key
from ebpflab.maps.rights import EVERY_ACCESS, CreateFlag, UpdateFlag
from ebpflab.maps.slots import SlotMap
from ebpflab.program import MapSpec

PREFIXLEN_SIZE = 4  # bytes
LARGEST_ADDRESS = 256  # bytes


@map_type
class LpmTrie(SlotMap):
    """Prefixes of addresses."""

    type = "lpm_trie"
    flags_taken = CreateFlag.NO_PREALLOC | CreateFlag.NUMA_NODE | EVERY_ACCESS
    full = errno.ENOSPC

    def __init__(self, spec: MapSpec) -> None:
        super().__init__(spec)
        self.spelled: dict[bytes, bytes] = {}  # a prefix -> the key it was put with

    @property
    def longest(self) -> int:
        """The number of bits in an address."""
        return 8 * (self.spec.key_size - PREFIXLEN_SIZE)

    def check_spec(self) -> None:
        spec = self.spec
        address = spec.key_size - PREFIXLEN_SIZE
        fits = 1 <= address <= LARGEST_ADDRESS
        if not fits or spec.value_size <= 0 or spec.max_entries <= 0:
            raise self.refuse(errno.EINVAL, "lpm-spec", largest=LARGEST_ADDRESS + 4)
        if not spec.flags & CreateFlag.NO_PREALLOC:
            raise self.refuse(errno.EINVAL, "lpm-flags")

    def _key_fits(self, btf: Btf) -> bool:
        return struct_key(btf, self.spec)

    def same_key(self, key: bytes) -> bytes:
        prefixlen = _prefixlen(key)
        if prefixlen > self.longest:
            raise self.refuse(
                errno.EINVAL, "lpm-too-long", prefixlen=prefixlen, longest=self.longest
            )
        return self._prefix(key, prefixlen)

    def find(self, key: bytes, cpu: int = 0) -> int | None:
        found = next(self.met(key), None)
        return None if found is None else self.slots[found]

    def met(self, key: bytes) -> Iterator[bytes]:
        """Yield the prefixes that fit, the longest first."""
        prefixlen = _prefixlen(key)
        if prefixlen <= self.longest:
            candidates = (self._prefix(key, n) for n in range(prefixlen, -1, -1))
            yield from (c for c in candidates if c in self.slots)

    def _prefix(self, key: bytes, prefixlen: int) -> bytes:
        """Return the key of the first `prefixlen` bits, all later ones 0."""
        spare = self.longest - prefixlen
        address = int.from_bytes(key[PREFIXLEN_SIZE:], "big") >> spare << spare
        size = self.spec.key_size - PREFIXLEN_SIZE
        return prefixlen.to_bytes(PREFIXLEN_SIZE, "little") + address.to_bytes(
            size, "big"
        )

    def store(self, key: bytes, value: bytes, flags: int = UpdateFlag.ANY) -> None:
        super().store(key, value, flags)
        self.spelled[self.same_key(key)] = key

    def keys(self) -> Iterator[bytes]:
        longest_first = sorted(self.slots, key=_prefixlen, reverse=True)
        return (self.spelled[prefix] for prefix in longest_first)

    def snapshot(self) -> Callable[[], None]:
        restore_slots, spelled = super().snapshot(), dict(self.spelled)

        def restore() -> None:
            restore_slots()
            self.spelled = dict(spelled)

        return restore


def _prefixlen(key: bytes) -> int:
    return int.from_bytes(key[:PREFIXLEN_SIZE], "little")
