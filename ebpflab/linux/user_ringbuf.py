"""user_ringbuf of the real kernel: samples that userspace sends to programs.

Two pages of positions stand before the data: the consumer's, which the kernel writes,
and the producer's, which is ours. A sample is

    length, 4 bytes | 0, 4 bytes | sample | padding to 8

Source: the kernel's Documentation/bpf; how much fits, as libbpf counts it.
"""

import errno
import mmap
import struct

from ebpflab.linux.livemap import LiveMap
from ebpflab.maps.base import padded

_HEADER = struct.Struct("<II")
_WORD = struct.Struct("<Q")


def push_sample(live: LiveMap, data: bytes) -> None:
    """Send a sample. Raises MapError: E2BIG never fits, ENOSPC not now."""
    page, size = mmap.PAGESIZE, live.spec.max_entries
    taken = padded(_HEADER.size + len(data))
    if taken > size:
        raise live.refuse(errno.E2BIG, "ringbuf-full", size=size)
    with (
        mmap.mmap(live.fd, page, prot=mmap.PROT_READ) as consumer,
        mmap.mmap(live.fd, page + 2 * size, offset=page) as producer,
    ):
        (taken_up_to,), (at,) = _WORD.unpack_from(consumer), _WORD.unpack_from(producer)
        if at + taken - taken_up_to > size:
            raise live.refuse(errno.ENOSPC, "user-ringbuf-full", size=size)
        start = page + at % size  # the data stand there twice, end to end
        sample = _HEADER.pack(len(data), 0) + data
        producer[start : start + len(sample)] = sample
        _WORD.pack_into(producer, 0, at + taken)
