"""The arrays whose slots hold things of the kernel: programs, maps, cgroups.

What is put in is the thing itself (a Program, a live map); Linux takes its file
descriptor and answers a lookup with its id. Source: bpf(2); errno as observed on
Linux 6.18.
"""

import errno
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from ebpflab.maps.array import INDEX_SIZE
from ebpflab.maps.base import Key, Map
from ebpflab.maps.rights import FROM_USERSPACE, CreateFlag, UpdateFlag
from ebpflab.maps.rows import Row, Rows

FD_SIZE = 4  # bytes: what Linux takes for the thing


class ThingArray(Map):
    """Slots by index, empty at first; `things` holds those that are not."""

    value_access = False
    flags_taken = CreateFlag.NUMA_NODE | FROM_USERSPACE
    wanted: ClassVar[str]  # what goes into a slot, for people

    def check_spec(self) -> None:
        spec = self.spec
        self.things: dict[int, Any] = {}
        sizes = (spec.key_size, spec.value_size)
        if sizes != (INDEX_SIZE, FD_SIZE) or spec.max_entries <= 0:
            raise self.refuse(errno.EINVAL, "things-spec", wanted=self.wanted)

    def accept(self, thing: Any) -> None:
        """Refuse what may not stand in a slot. Raises MapError with Linux's errno."""
        raise self.refuse(errno.EBADF, "things-other", wanted=self.wanted)

    def thing_at(self, key: bytes) -> Any:
        """Return what stands in a slot, or None."""
        return self.things.get(int.from_bytes(key, "little"))

    def lookup(self, key: Key = b"") -> Any:
        data = self.key_bytes(key)
        self.check_readable()
        return self.thing_at(data)

    def update(self, key: Key, value: Any, flags: int = UpdateFlag.ANY) -> None:
        """Put a thing into a slot. Raises MapError with Linux's errno."""
        index = int.from_bytes(self.key_bytes(key), "little")
        self.check_writable()
        if flags != UpdateFlag.ANY:
            raise self.refuse(errno.EINVAL, "things-flags", flags=flags)
        if index >= self.spec.max_entries:
            last = self.spec.max_entries - 1
            raise self.refuse(errno.E2BIG, "array-index", last=last)
        self.accept(value)
        self.things[index] = value

    def remove(self, key: bytes) -> None:
        index = int.from_bytes(key, "little")
        if index >= self.spec.max_entries:
            last = self.spec.max_entries - 1
            raise self.refuse(errno.E2BIG, "array-index", last=last)
        if index not in self.things:
            raise self.refuse(errno.ENOENT, "map-no-such-key", shown=index)
        del self.things[index]

    def find(self, key: bytes, cpu: int = 0) -> int | None:
        return None

    def store(self, key: bytes, value: bytes, flags: int = UpdateFlag.ANY) -> None:
        raise self.refuse(errno.EINVAL, "things-other", wanted=self.wanted)

    def keys(self) -> Iterator[bytes]:
        return (i.to_bytes(INDEX_SIZE, "little") for i in range(self.spec.max_entries))

    def rows(self) -> Rows:
        return {index: Row(thing, index) for index, thing in self.things.items()}

    def snapshot(self) -> Callable[[], None]:
        kept = dict(self.things)

        def restore() -> None:
            self.things = dict(kept)

        return restore
