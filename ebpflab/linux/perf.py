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
import os
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
_RECORD_LOST, _RECORD_SAMPLE = 2, 9
_LOST = struct.Struct("<QQ")  # id, how many
_FORMAT_LOST = 1 << 4  # reading the event tells how many were lost (Linux 6.0)
_COUNTS = struct.Struct("<QQ")  # what reading it gives: the value, how many were lost
_WORD = struct.Struct("<Q")
_DATA = _PAGES * mmap.PAGESIZE


@dataclass(frozen=True, slots=True, order=True)
class Sample:
    """One record as it stands in a buffer; `data` with its padding."""

    time_ns: int
    map: str
    cpu: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Buffer:
    """The buffer of one CPU, and the event that writes into it."""

    ring: mmap.mmap
    event: Descriptor


@contextmanager
def perf_buffer(live: LiveMap, cpu: int) -> Iterator[Buffer | None]:
    """Open an event on each CPU for a map; give the buffer of one of them.

    None stands for a map that has no place for this CPU.

    Raises:  LinuxError: the kernel refuses an event.
    """
    with ExitStack() as stack:
        buffer = None
        for number in possible_cpus()[: live.spec.max_entries or None]:
            event = _event(number)
            if event is None:
                continue
            stack.enter_context(event)
            if number == cpu:
                size = (1 + _PAGES) * mmap.PAGESIZE
                ring = stack.enter_context(mmap.mmap(event.number, size))
                buffer = Buffer(ring, event)
            live.update(number, event.number)
            stack.callback(live.delete, number)
        yield buffer


def read_samples(buffer: Buffer, name: str, cpu: int) -> tuple[list[Sample], int]:
    """Take the waiting records out, oldest first; and tell how many had no room."""
    samples, lost = [], 0
    for kind, body in _records(buffer.ring):
        if kind == _RECORD_SAMPLE:
            time, length = _SAMPLE.unpack_from(body)
            data = body[_SAMPLE.size : _SAMPLE.size + length]
            samples.append(Sample(time, name, cpu, data))
        elif kind == _RECORD_LOST:  # those lost since have no record yet
            lost += _LOST.unpack_from(body)[1]
    counts = os.read(buffer.event.number, _COUNTS.size)
    if len(counts) == _COUNTS.size:
        lost = max(lost, _COUNTS.unpack(counts)[1])
    return samples, lost


def _records(ring: mmap.mmap) -> Iterator[tuple[int, bytes]]:
    """Take the waiting records out of a ring: their types and bodies."""
    (head,), (tail,) = _WORD.unpack_from(ring, _HEAD), _WORD.unpack_from(ring, _TAIL)
    while tail < head:
        kind, _, size = _RECORD.unpack(_read(ring, tail, _RECORD.size))
        yield kind, _read(ring, tail + _RECORD.size, size - _RECORD.size)
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
    where = (_ANY_PROCESS, cpu, _NO_GROUP, _CLOSE_ON_EXEC)
    value, error = call("perf_event_open", _attributes(_FORMAT_LOST), *where)
    if error == errno.EINVAL:  # a kernel that does not count what is lost
        value, error = call("perf_event_open", _attributes(0), *where)
    if error == errno.ENODEV:
        return None
    if error:
        raise refusal(f"CPU {cpu}", "perf_event_open", error)
    return Descriptor(value)


def _attributes(read_format: int) -> ctypes.Array[ctypes.c_char]:
    period = wakeup_events = 1  # every record
    sample_type = _SAMPLE_TIME | _SAMPLE_RAW
    row = (_BPF_OUTPUT, period, sample_type, read_format, 0, wakeup_events)
    packed = _ATTRIBUTES.pack(_SOFTWARE, _ATTRIBUTES.size, *row)
    return ctypes.create_string_buffer(packed)
