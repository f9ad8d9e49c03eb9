"""The kfuncs of dynptrs: to packets, and what can be done with any of them.

Source: docs.kernel.org/bpf/kfuncs.html; answers as observed on Linux 6.18.
"""

import errno

from ebpflab.helpers.dynptrs import (
    DYNPTR_BYTES,
    OF_PACKET,
    READ_ONLY,
    dynptr_bytes,
    parts,
)
from ebpflab.helpers.kfunc import kfunc
from ebpflab.helpers.proto import Env
from ebpflab.isa.words import WORD32

WRITING_PACKETS = ("sched_cls", "sched_act", "lwt_xmit", "sk_skb", "xdp")


def _from_packet(env: Env, flags: int, dynptr: int) -> int:
    found = env.packet()
    if flags or found is None:
        env.write(dynptr, bytes(DYNPTR_BYTES))
        env.tell("effect-refused")
        return -errno.EINVAL
    address, size = found
    rights = OF_PACKET
    if env.program_type not in WRITING_PACKETS:
        rights |= READ_ONLY
    env.write(dynptr, dynptr_bytes(address, size | rights))
    env.tell("effect-copied", size=DYNPTR_BYTES)
    return 0


@kfunc
def bpf_dynptr_from_skb(env: Env, ctx: int, flags: int, dynptr: int) -> int:
    """Make a dynptr to the packet."""
    return _from_packet(env, flags, dynptr)


@kfunc
def bpf_dynptr_from_xdp(env: Env, ctx: int, flags: int, dynptr: int) -> int:
    """Make a dynptr to the packet."""
    return _from_packet(env, flags, dynptr)


def _slice(env: Env, dynptr: int, offset: int, size: int) -> int:
    address, length, _ = parts(env, dynptr)
    offset, size = offset & WORD32, size & WORD32
    missing = not address or size > length or offset > length - size
    env.tell("effect-refused" if missing else "effect-moved-not")
    return 0 if missing else address + offset


@kfunc
def bpf_dynptr_slice(env: Env, dynptr: int, offset: int, buffer: int, size: int) -> int:
    """Return where bytes of a dynptr can be read, or null."""
    return _slice(env, dynptr, offset, size)


@kfunc
def bpf_dynptr_slice_rdwr(
    env: Env, dynptr: int, offset: int, buffer: int, size: int
) -> int:
    """Return where bytes of a dynptr can be written, or null."""
    if parts(env, dynptr)[2] & READ_ONLY:
        env.tell("effect-refused")
        return 0
    return _slice(env, dynptr, offset, size)


def _answer(env: Env, answer: int) -> int:
    env.tell("effect-answer", answer=answer)
    return answer


@kfunc
def bpf_dynptr_size(env: Env, dynptr: int) -> int:
    """Return how many bytes it points to."""
    address, length, _ = parts(env, dynptr)
    return _answer(env, length if address else -errno.EINVAL)


@kfunc
def bpf_dynptr_is_null(env: Env, dynptr: int) -> int:
    """Tell whether it points to nothing."""
    return _answer(env, int(not parts(env, dynptr)[0]))


@kfunc
def bpf_dynptr_is_rdonly(env: Env, dynptr: int) -> int:
    """Tell whether it points to something that may only be read."""
    address, _, rights = parts(env, dynptr)
    return _answer(env, int(bool(address and rights & READ_ONLY)))


@kfunc
def bpf_dynptr_adjust(env: Env, dynptr: int, start: int, end: int) -> int:
    """Let it point to a part: from `start` up to `end`."""
    address, length, rights = parts(env, dynptr)
    start, end = start & WORD32, end & WORD32
    if not address or start > end:
        return _answer(env, -errno.EINVAL)
    if end > length:
        return _answer(env, -errno.ERANGE)
    env.write(dynptr, dynptr_bytes(address + start, end - start | rights))
    return _answer(env, 0)


@kfunc
def bpf_dynptr_clone(env: Env, dynptr: int, other: int) -> int:
    """Make another one to the same bytes."""
    address, length, rights = parts(env, dynptr)
    env.write(other, dynptr_bytes(address, length | rights))
    return _answer(env, 0 if address else -errno.EINVAL)


@kfunc
def bpf_dynptr_copy(
    env: Env, to: int, to_offset: int, source: int, offset: int, size: int
) -> int:
    """Copy bytes from one to another."""
    address, length, _ = parts(env, source)
    target, room, rights = parts(env, to)
    size, offset, to_offset = size & WORD32, offset & WORD32, to_offset & WORD32
    if offset + size <= length and rights & READ_ONLY:
        return _answer(env, -errno.EINVAL)
    beyond = offset + size > length or to_offset + size > room
    if beyond or not size:
        return _answer(env, -errno.E2BIG if beyond else 0)
    env.write(target + to_offset, env.read(address + offset, size))
    env.tell("effect-copied", size=size)
    return 0


@kfunc
def bpf_dynptr_memset(env: Env, dynptr: int, offset: int, size: int, value: int) -> int:
    """Fill bytes with one value."""
    address, length, rights = parts(env, dynptr)
    size, offset = size & WORD32, offset & WORD32
    if rights & READ_ONLY:
        return _answer(env, -errno.EINVAL)
    if offset + size > length or not size:
        return _answer(env, -errno.E2BIG if offset + size > length else 0)
    env.write(address + offset, bytes([value & 0xFF]) * size)
    env.tell("effect-copied", size=size)
    return 0
