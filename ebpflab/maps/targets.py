"""devmap, devmap_hash, cpumap: where an XDP program may redirect a packet to.

A value is an interface number (devmap) or a queue length (cpumap), with room for the
descriptor of a second program after it. Programs do not read them: they hand the map
to bpf_redirect_map.

Kernel differs: any interface number is taken; Linux wants one that exists.
Source: docs.kernel.org/bpf/map_devmap.html; errno as observed on Linux 6.18.
"""

import errno
from collections.abc import Callable, Iterator

from ebpflab.maps.array import INDEX_SIZE
from ebpflab.maps.base import Map, map_type
from ebpflab.maps.described import Described
from ebpflab.maps.rights import CPUS, FROM_USERSPACE, CreateFlag, UpdateFlag
from ebpflab.maps.rows import Row, Rows

VALUE_SIZES = (4, 8)  # bytes: without and with a second program
LONGEST_QUEUE = 16384
MOST_CPUS = 512  # that a kernel is made for; it differs from one to another


@map_type
class Devmap(Map):
    """Interfaces by index; `held` is what was put, by index."""

    type = "devmap"
    described = Described.NEVER
    flags_taken = CreateFlag.NUMA_NODE | FROM_USERSPACE

    def check_spec(self) -> None:
        spec = self.spec
        self.held: dict[bytes, bytes] = {}
        sized = spec.key_size == INDEX_SIZE and spec.value_size in VALUE_SIZES
        if not sized or spec.max_entries <= 0:
            raise self.refuse(errno.EINVAL, "targets-spec")

    def holds(self, key: bytes) -> bool:
        """Tell whether a packet can be redirected there."""
        return key in self.held

    def in_range(self, key: bytes) -> bool:
        return int.from_bytes(key, "little") < self.spec.max_entries

    def find(self, key: bytes, cpu: int = 0) -> int | None:
        return None

    def store(self, key: bytes, value: bytes, flags: int = UpdateFlag.ANY) -> None:
        if flags > UpdateFlag.EXIST:
            raise self.refuse(errno.EINVAL, "map-unknown-flags", flags=flags)
        if not self.in_range(key):
            last = self.spec.max_entries - 1
            raise self.refuse(errno.E2BIG, "array-index", last=last)
        if flags == UpdateFlag.NOEXIST:
            raise self.refuse(errno.EEXIST, "array-all-exist")
        self.held[key] = value

    def remove(self, key: bytes) -> None:
        if not self.in_range(key):
            raise self.refuse(errno.EINVAL, "array-index", last=self.spec.max_entries)
        self.held.pop(key, None)

    def lookup(self, key: object = b"") -> bytes | None:
        data = self.key_bytes(key)  # type: ignore[arg-type]
        self.check_readable()
        return self.held.get(data)

    def keys(self) -> Iterator[bytes]:
        return (i.to_bytes(INDEX_SIZE, "little") for i in range(self.spec.max_entries))

    def rows(self) -> Rows:
        held = {int.from_bytes(key, "little"): v for key, v in self.held.items()}
        return {index: Row(value, index) for index, value in held.items()}

    def snapshot(self) -> Callable[[], None]:
        kept = dict(self.held)

        def restore() -> None:
            self.held = dict(kept)

        return restore


@map_type
class DevmapHash(Devmap):
    """Interfaces by any number."""

    type = "devmap_hash"

    def in_range(self, key: bytes) -> bool:
        return True

    def store(self, key: bytes, value: bytes, flags: int = UpdateFlag.ANY) -> None:
        if flags > UpdateFlag.EXIST:
            raise self.refuse(errno.EINVAL, "map-unknown-flags", flags=flags)
        if key in self.held and flags == UpdateFlag.NOEXIST:
            raise self.refuse(errno.EEXIST, "map-key-exists", shown=key.hex(" "))
        if key not in self.held and len(self.held) >= self.spec.max_entries:
            raise self.refuse(errno.E2BIG, "map-full", entries=self.spec.max_entries)
        self.held[key] = value

    def remove(self, key: bytes) -> None:
        if key not in self.held:
            raise self.refuse(errno.ENOENT, "map-no-such-key", shown=key.hex(" "))
        del self.held[key]

    def keys(self) -> Iterator[bytes]:
        return iter(list(self.held))

    def rows(self) -> Rows:
        numbered = enumerate(self.held.items())
        return {key: Row(value, place) for place, (key, value) in numbered}


@map_type
class Cpumap(Devmap):
    """CPUs by number; the value is how many packets may wait there."""

    type = "cpumap"
    flags_taken = CreateFlag.NUMA_NODE | CreateFlag(0)

    def check_spec(self) -> None:
        super().check_spec()
        if self.spec.max_entries > MOST_CPUS:
            raise self.refuse(errno.E2BIG, "targets-spec")

    def store(self, key: bytes, value: bytes, flags: int = UpdateFlag.ANY) -> None:
        length = int.from_bytes(value[:4], "little")
        if flags > UpdateFlag.EXIST:
            raise self.refuse(errno.EINVAL, "map-unknown-flags", flags=flags)
        if not self.in_range(key):
            last = self.spec.max_entries - 1
            raise self.refuse(errno.E2BIG, "array-index", last=last)
        if flags == UpdateFlag.NOEXIST:
            raise self.refuse(errno.EEXIST, "array-all-exist")
        if length > LONGEST_QUEUE:
            raise self.refuse(errno.EOVERFLOW, "cpumap-queue", most=LONGEST_QUEUE)
        if int.from_bytes(key, "little") >= CPUS:
            raise self.refuse(errno.ENODEV, "cpumap-no-cpu", cpus=CPUS)
        self.held[key] = value
        if not length:
            del self.held[key]
