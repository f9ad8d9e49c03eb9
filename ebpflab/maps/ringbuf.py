"""ringbuf: one buffer for all CPUs, through which records go to userspace in order.

A record is opened (reserved), filled, and closed: sent or discarded. Userspace reads
them in the order in which they were opened, up to the first that is still open.

    positions:   consumer .......... producer         size is a power of 2
                    | header, 8 bytes | record | padding to 8 |

Source: docs.kernel.org/bpf/ringbuf.html; errno as observed on Linux 6.18.
"""

import errno
import mmap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from ebpflab.maps.base import Map, map_type, padded
from ebpflab.maps.described import Described
from ebpflab.maps.rights import ENOTSUPP, CreateFlag, UpdateFlag
from ebpflab.maps.rows import Row, Rows
from ebpflab.results import Event

HEADER_BYTES = 8
LARGEST_RECORD = (1 << 32) // 4 - 1  # RINGBUF_MAX_RECORD_SZ


@dataclass(slots=True)
class Record:
    """One record; `event` is None while it is open, and when it was discarded."""

    size: int
    open: bool = True
    event: Event | None = None


@map_type
class Ringbuf(Map):
    """Records; `read` takes those that wait."""

    type = "ringbuf"
    described = Described.OPEN
    value_access = False
    flags_taken = int(CreateFlag.NUMA_NODE)

    def check_spec(self) -> None:
        spec, size = self.spec, self.spec.max_entries
        power = size > 0 and size & (size - 1) == 0 and size % mmap.PAGESIZE == 0
        if spec.key_size or spec.value_size or not power:
            raise self.refuse(errno.EINVAL, "ringbuf-spec", page=mmap.PAGESIZE)
        self.records: list[Record] = []
        self.consumed = self.produced = 0  # positions, bytes

    # -- as programs reach it --

    def reserve(self, size: int) -> Record | None:
        """Open a record; None when there is no room."""
        taken = padded(HEADER_BYTES + size)
        full = self.produced + taken - self.consumed > self.spec.max_entries - 1
        if size > LARGEST_RECORD or full:
            return None
        self.produced += taken
        self.records.append(Record(size))
        return self.records[-1]

    def commit(self, record: object, cpu: int, data: bytes | None) -> None:
        """Close a record: with its bytes, or without, to discard it."""
        assert isinstance(record, Record)
        record.event = None if data is None else Event(self.name, cpu, data)
        record.open = False

    def output(self, cpu: int, data: bytes) -> None:
        """Send a record at once. Raises MapError: no room."""
        record = self.reserve(len(data))
        if record is None:
            raise self.refuse(errno.EAGAIN, "ringbuf-full", size=self.spec.max_entries)
        self.commit(record, cpu, data)

    # -- as userspace reaches it --

    @property
    def waiting(self) -> list[Event]:
        """The records that userspace could read now."""
        return [record.event for record in self._closed() if record.event]

    def read(self) -> list[Event]:
        """Take all waiting records, oldest first, as userspace does."""
        taken, closed = self.waiting, self._closed()
        self.consumed += sum(padded(HEADER_BYTES + record.size) for record in closed)
        del self.records[: len(closed)]
        return taken

    def _closed(self) -> list[Record]:
        """Return the records up to the first open one."""
        still_open = (i for i, record in enumerate(self.records) if record.open)
        return self.records[: next(still_open, len(self.records))]

    def rows(self) -> Rows:
        """Return the records by the position at which they start."""
        made: Rows = {}
        at = self.consumed
        for record in self.records:
            made[at] = _row(record, at)
            at += made[at].size
        return made

    def snapshot(self) -> Callable[[], None]:
        kept = [replace(record) for record in self.records]
        positions = self.consumed, self.produced

        def restore() -> None:
            self.records = [replace(record) for record in kept]
            self.consumed, self.produced = positions

        return restore

    def find(self, key: bytes, cpu: int = 0) -> int | None:
        raise self.refuse(ENOTSUPP, "ringbuf-no-values")

    def store(self, key: bytes, value: bytes, flags: int = UpdateFlag.ANY) -> None:
        raise self.refuse(ENOTSUPP, "ringbuf-no-values")

    def remove(self, key: bytes) -> None:
        raise self.refuse(ENOTSUPP, "ringbuf-no-values")

    def keys(self) -> Iterator[bytes]:
        return iter(())


def _row(record: Record, at: int) -> Row:
    size = padded(HEADER_BYTES + record.size)
    if record.event is None:
        state = "reserved" if record.open else "discarded"
        return Row(None, at, size, state)
    return Row(record.event.data, at, size, "ready", record.event.cpu)
