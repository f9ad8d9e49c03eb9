"""Perf buffers: what a program sends by bpf_perf_event_output, read back.

One event per CPU is opened and put into the map; the buffer of the CPU on which the
program runs is mapped into memory. A record there is

    header (type, misc, size) | time | length | record, padded to whole 8 bytes

Not here: how long the record was before the padding (`exact.py`).
Source: perf_event_open(2).
"""

import ctypes
import errno
import mmap
import struct
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from ebpflab.linux.cpus import possible_cpus
from ebpflab.linux.descriptor import Descriptor
from ebpflab.linux.livemap import LiveMap
from ebpflab.linux.syscall import call, refusal

_ATTRIBUTES = struct.Struct("@2I 5Q I 60x")  # perf_event_attr, its first 112 bytes
_SOFTWARE, _BPF_OUTPUT = 1, 10  # PERF_TYPE_SOFTWARE, PERF_COUNT_SW_BPF_OUTPUT
_SAMPLE_TIME, _SAMPLE_RAW = 1 << 2, 1 << 10
_ANY_PROCESS, _NO_GROUP, _CLOSE_ON_EXEC = -1, -1, 8
_PAGES = 128  # of the ring: 512 KiB
_HEAD, _TAIL = 1024, 1032  # bytes into the first page: where writing and reading are
_RECORD = struct.Struct("<IHH")  # perf_event_header: type, misc, size
_SAMPLE = struct.Struct("<QI")  # time, length of what follows
_RECORD_SAMPLE = 9
_WORD = struct.Struct("<Q")
_DATA = _PAGES * mmap.PAGESIZE


@dataclass(frozen=True, slots=True, order=True)
class Sample:
    """One record as it stands in a buffer; `data` with its padding."""

    time_ns: int
    map: str
    cpu: int
    data: bytes


@contextmanager
def perf_buffer(live: LiveMap, cpu: int) -> Iterator[mmap.mmap | None]:
    """Open an event on each CPU for a map; give the buffer of one of them.

    None stands for a map that has no place for this CPU.

    Raises:  LinuxError: the kernel refuses an event.
    """
    with ExitStack() as stack:
        ring = None
        for number in possible_cpus()[: live.spec.max_entries or None]:
            event = _event(number)
            if event is None:
                continue
            stack.enter_context(event)
            if number == cpu:
                size = (1 + _PAGES) * mmap.PAGESIZE
                ring = stack.enter_context(mmap.mmap(event.number, size))
            live.update(number, event.number)
            stack.callback(live.delete, number)
        yield ring


def read_samples(ring: mmap.mmap, name: str, cpu: int) -> Iterator[Sample]:
    """Take the waiting records out of a buffer, oldest first."""
    (head,), (tail,) = _WORD.unpack_from(ring, _HEAD), _WORD.unpack_from(ring, _TAIL)
    while tail < head:
        kind, _, size = _RECORD.unpack(_read(ring, tail, _RECORD.size))
        body = _read(ring, tail + _RECORD.size, size - _RECORD.size)
        if kind == _RECORD_SAMPLE:
            time, length = _SAMPLE.unpack_from(body)
            yield Sample(time, name, cpu, body[_SAMPLE.size : _SAMPLE.size + length])
        tail += size
    _WORD.pack_into(ring, _TAIL, tail)


def _read(ring: mmap.mmap, position: int, size: int) -> bytes:
    """Return bytes of the ring; positions only grow, the ring goes round."""
    start = position % _DATA
    piece = ring[mmap.PAGESIZE + start : mmap.PAGESIZE + min(start + size, _DATA)]
    rest = size - len(piece)
    return piece + ring[mmap.PAGESIZE : mmap.PAGESIZE + rest]


def _event(cpu: int) -> Descriptor | None:
    """Open the event through which programs write on one CPU; None: it is off."""
    attributes = ctypes.create_string_buffer(
        _ATTRIBUTES.pack(
            _SOFTWARE,
            _ATTRIBUTES.size,
            _BPF_OUTPUT,
            1,  # sample_period: every record
            _SAMPLE_TIME | _SAMPLE_RAW,
            0,
            0,
            1,  # wakeup_events
        )
    )
    where = (_ANY_PROCESS, cpu, _NO_GROUP, _CLOSE_ON_EXEC)
    value, error = call("perf_event_open", attributes, *where)
    if error == errno.ENODEV:
        return None
    if error:
        raise refusal(f"CPU {cpu}", "perf_event_open", error)
    return Descriptor(value)
