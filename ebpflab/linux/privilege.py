"""To be less than root for a moment: the calling thread without CAP_PERFMON.

The verifier is stricter with such a loader: no uninitialized stack, no pointer that
leaves the program. CAP_SYS_ADMIN includes CAP_PERFMON, so both are put away; CAP_BPF
and CAP_NET_ADMIN stay, and with them the right to load. Capabilities belong to a
thread: others keep theirs. Source: capabilities(7), capset(2).
"""

import ctypes
import struct
from collections.abc import Iterator
from contextlib import contextmanager

from ebpflab.errors import LinuxError
from ebpflab.linux.syscall import call, errno_words
from ebpflab.maps.rights import errno_name

_VERSION_3 = 0x20080522
_HEADER = struct.pack("@Ii", _VERSION_3, 0)  # 0 = the calling thread
_SETS = struct.Struct("@6I")  # effective, permitted, inheritable; low half, high half
_CAP_SYS_ADMIN, _CAP_PERFMON = 21, 38


@contextmanager
def without_perfmon() -> Iterator[None]:
    """Put CAP_PERFMON away while the block runs, and take it back after.

    Raises:  LinuxError: the kernel does not let this thread change its capabilities.
    """
    before = _capabilities()
    reduced = list(before)
    reduced[0] &= ~(1 << _CAP_SYS_ADMIN)
    reduced[3] &= ~(1 << _CAP_PERFMON - 32)
    _set_capabilities(tuple(reduced))
    try:
        yield
    finally:
        _set_capabilities(before)


def _capabilities() -> tuple[int, ...]:
    sets = ctypes.create_string_buffer(_SETS.size)
    _checked("capget", call("capget", ctypes.create_string_buffer(_HEADER), sets)[1])
    return _SETS.unpack(sets.raw[: _SETS.size])


def _set_capabilities(sets: tuple[int, ...]) -> None:
    packed = ctypes.create_string_buffer(_SETS.pack(*sets))
    _checked("capset", call("capset", ctypes.create_string_buffer(_HEADER), packed)[1])


def _checked(command: str, error: int) -> None:
    if error:
        name, words = errno_name(error), errno_words(error)
        raise LinuxError.of(
            "linux-refused", command=command, errno=error, name=name, words=words
        )
