"""Ring buffers: what a program sends by bpf_ringbuf_output or _submit, read back.

Two pages of positions stand before the data: the consumer's, which we write, and the
producer's. A record is

    length, 4 bytes (upper bits: busy, discarded) | page, 4 bytes | record | padding

Source: the kernel's Documentation/bpf/ringbuf.rst.
"""

import mmap
import struct
from collections.abc import Iterator

from ebpflab.linux.livemap import LiveMap
from ebpflab.results import Event

_BUSY, _DISCARDED = 1 << 31, 1 << 30
_HEADER = struct.Struct("<II")
_WORD = struct.Struct("<Q")
_ALIGNMENT = 8


def read_ringbuf(live: LiveMap, cpu: int) -> Iterator[Event]:
    """Take the waiting records out of a ring buffer map, oldest first.

    The record does not tell on which CPU it was made: `cpu` is the one that ran.
    """
    page, size = mmap.PAGESIZE, live.spec.max_entries
    read_only = {"prot": mmap.PROT_READ, "offset": page}
    with (
        mmap.mmap(live.fd, page) as consumer,
        mmap.mmap(live.fd, page + 2 * size, **read_only) as producer,
    ):
        (at,), (end,) = _WORD.unpack_from(consumer), _WORD.unpack_from(producer)
        while at < end:
            start = page + at % size  # the data stand there twice, end to end
            marks, _ = _HEADER.unpack_from(producer, start)
            length = marks & ~(_BUSY | _DISCARDED)
            if not marks & _DISCARDED:
                start += _HEADER.size
                yield Event(live.name, cpu, producer[start : start + length])
            at += -(-(_HEADER.size + length) // _ALIGNMENT) * _ALIGNMENT
        _WORD.pack_into(consumer, 0, at)
