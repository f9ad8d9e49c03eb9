"""perf_event_array: one buffer for each CPU, through which records go to userspace.

Kernel differs: a buffer is open on each CPU from the start and never overflows; on
Linux userspace opens them one by one, and records are lost when one is full.
Source: bpf-helpers(7), bpf_perf_event_output; errno as observed on Linux 6.18.
"""

import errno
from collections.abc import Callable, Iterator
from typing import Any

from ebpflab.maps.base import Key, Map, map_type
from ebpflab.maps.described import Described
from ebpflab.maps.rights import (
    CPUS,
    ENOTSUPP,
    FROM_USERSPACE,
    CreateFlag,
    UpdateFlag,
)
from ebpflab.maps.rows import Row, Rows
from ebpflab.program import MapSpec
from ebpflab.results import Event


@map_type
class PerfEventArray(Map):
    """Buffers by CPU; `output` appends a record, `read` takes the waiting ones."""

    type = "perf_event_array"
    described = Described.NEVER
    value_access = False
    flags_taken = CreateFlag.NUMA_NODE | CreateFlag.PRESERVE_ELEMS | FROM_USERSPACE

    def __init__(self, spec: MapSpec) -> None:
        super().__init__(spec)
        self.waiting: list[Event] = []
        self.taken = 0  # records that were read
        self.cpus = spec.max_entries or CPUS

    def check_spec(self) -> None:
        if self.spec.key_size != 4 or self.spec.value_size != 4:
            raise self.refuse(errno.EINVAL, "perf-spec")

    def output(self, cpu: int, record: bytes) -> None:
        """Append one record to the buffer of `cpu`. Raises MapError: no such CPU."""
        if cpu >= self.cpus:
            raise self.refuse(errno.E2BIG, "perf-no-cpu", cpu=cpu, cpus=self.cpus)
        self.waiting.append(Event(self.name, cpu, record))

    def read(self) -> list[Event]:
        """Take all waiting records, oldest first, as userspace does."""
        taken, self.waiting = self.waiting, []
        self.taken += len(taken)
        return taken

    def rows(self) -> Rows:
        numbered = enumerate(self.waiting, self.taken)
        return {n: Row(e.data, n, len(e.data), cpu=e.cpu) for n, e in numbered}

    def snapshot(self) -> Callable[[], None]:
        kept, taken = list(self.waiting), self.taken

        def restore() -> None:
            self.waiting, self.taken = list(kept), taken

        return restore

    def find(self, key: bytes, cpu: int = 0) -> int | None:
        return None

    def lookup(self, key: Key = b"") -> Any:
        self.key_bytes(key)
        self.check_readable()
        raise self.refuse(ENOTSUPP, "perf-no-values")

    def store(self, key: bytes, value: bytes, flags: int = UpdateFlag.ANY) -> None:
        if flags != UpdateFlag.ANY:
            raise self.refuse(errno.EINVAL, "things-flags", flags=flags)
        if int.from_bytes(key, "little") >= self.cpus:
            raise self.refuse(errno.E2BIG, "array-index", last=self.cpus - 1)
        raise self.refuse(errno.EBADF, "perf-no-values")

    def remove(self, key: bytes) -> None:
        if int.from_bytes(key, "little") >= self.cpus:
            raise self.refuse(errno.E2BIG, "array-index", last=self.cpus - 1)
        raise self.refuse(errno.ENOENT, "perf-no-values")

    def keys(self) -> Iterator[bytes]:
        return iter(())
