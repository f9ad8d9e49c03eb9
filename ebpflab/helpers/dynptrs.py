"""The helpers of dynptrs: a pointer that carries its length, checked when it is used.

A dynptr takes 16 bytes of the stack: | address, 8 bytes | length, 4 | rights, 4 |. What
they are on Linux no program can see. Source: bpf-helpers(7).
"""

import errno

from ebpflab.helpers.contract import Arg, Ret
from ebpflab.helpers.proto import Env, helper
from ebpflab.isa.words import WORD32
from ebpflab.maps.ringbuf import Ringbuf

DYNPTR_BYTES = 16
READ_ONLY, OF_PACKET = 1 << 32, 1 << 33  # rights, beside the length
LARGEST = (1 << 24) - 1  # bytes: DYNPTR_MAX_SIZE


def dynptr_bytes(address: int, size: int) -> bytes:
    """Return a dynptr as it stands in memory."""
    return address.to_bytes(8, "little") + size.to_bytes(8, "little")


def _put(env: Env, dynptr: int, address: int, size: int) -> None:
    env.write(dynptr, dynptr_bytes(address, size))


def parts(env: Env, dynptr: int) -> tuple[int, int, int]:
    """Return a dynptr's address, length and rights."""
    data = env.read(dynptr, DYNPTR_BYTES)
    rest = int.from_bytes(data[8:], "little")
    return int.from_bytes(data[:8], "little"), rest & WORD32, rest & ~WORD32


def _get(env: Env, dynptr: int) -> tuple[int, int]:
    return parts(env, dynptr)[:2]


@helper(
    Arg.PTR_TO_MEM_REGION,
    Arg.CONST_SIZE_OR_ZERO,
    Arg.ANYTHING,
    Arg.PTR_TO_LOCAL_DYNPTR,
)
def dynptr_from_mem(env: Env, data: int, size: int, flags: int, dynptr: int) -> int:
    """Make a dynptr to memory, a map value for instance."""
    if size > LARGEST or flags:
        _put(env, dynptr, 0, 0)
        return -errno.E2BIG if size > LARGEST else -errno.EINVAL
    _put(env, dynptr, data, size)
    env.tell("effect-copied", size=DYNPTR_BYTES)
    return 0


@helper(
    Arg.PTR_TO_UNINIT_MEM,
    Arg.CONST_SIZE_OR_ZERO,
    Arg.PTR_TO_RDONLY_DYNPTR,
    Arg.ANYTHING,
    Arg.ANYTHING,
)
def dynptr_read(
    env: Env, to: int, size: int, dynptr: int, offset: int, flags: int
) -> int:
    """Copy bytes out of what a dynptr points to."""
    address, length = _get(env, dynptr)
    problem = _problem(address, length, offset & WORD32, size, flags)
    if not problem:
        env.write(to, env.read(address + (offset & WORD32), size))
        env.tell("effect-copied", size=size)
    return -problem


@helper(
    Arg.PTR_TO_RDONLY_DYNPTR,
    Arg.ANYTHING,
    Arg.PTR_TO_MEM,
    Arg.CONST_SIZE_OR_ZERO,
    Arg.ANYTHING,
)
def dynptr_write(env: Env, dynptr: int, offset: int, data: bytes, flags: int) -> int:
    """Copy bytes into what a dynptr points to."""
    address, length, rights = parts(env, dynptr)
    problem = _problem(address, length, offset & WORD32, len(data), flags)
    problem = errno.EINVAL if rights & READ_ONLY else problem
    if not problem:
        env.write(address + (offset & WORD32), data)
        env.tell("effect-copied", size=len(data))
    return -problem


@helper(
    Arg.PTR_TO_RDONLY_DYNPTR,
    Arg.ANYTHING,
    Arg.CONST_ALLOC_SIZE_OR_ZERO,
    ret=Ret.PTR_TO_DYNPTR_MEM_OR_NULL,
)
def dynptr_data(env: Env, dynptr: int, offset: int, size: int) -> int:
    """Return the address of bytes of a dynptr, or null; of a packet, always null."""
    address, length, rights = parts(env, dynptr)
    offset, size = offset & WORD32, size & WORD32
    missing = rights or _problem(address, length, offset, size, 0)
    env.tell("effect-refused" if missing else "effect-moved-not")
    return 0 if missing else address + offset


def _problem(address: int, length: int, offset: int, size: int, flags: int) -> int:
    """Return the errno for an access that a dynptr does not allow, or 0."""
    if not address or flags:
        return errno.EINVAL
    return errno.E2BIG if size > length or offset > length - size else 0


@helper(Arg.CONST_MAP_PTR, Arg.ANYTHING, Arg.ANYTHING, Arg.PTR_TO_RINGBUF_DYNPTR)
def ringbuf_reserve_dynptr(
    env: Env, map: Ringbuf, size: int, flags: int, dynptr: int
) -> int:
    """Open a record of any length; also one that failed is submitted or discarded."""
    size &= WORD32
    if flags or size > LARGEST:
        _put(env, dynptr, 0, 0)
        return -errno.EINVAL if flags else -errno.E2BIG
    address = env.reserve(map, size)
    _put(env, dynptr, address, size if address else 0)
    env.tell(
        "effect-reserved" if address else "effect-ring-full", map=map.name, size=size
    )
    return 0 if address else -errno.EINVAL


@helper(Arg.PTR_TO_RELEASED_DYNPTR, Arg.ANYTHING, ret=Ret.VOID)
def ringbuf_submit_dynptr(env: Env, dynptr: int, flags: int) -> int:
    """Send an open record."""
    return _close(env, dynptr, keep=True)


@helper(Arg.PTR_TO_RELEASED_DYNPTR, Arg.ANYTHING, ret=Ret.VOID)
def ringbuf_discard_dynptr(env: Env, dynptr: int, flags: int) -> int:
    """Drop an open record."""
    return _close(env, dynptr, keep=False)


def _close(env: Env, dynptr: int, keep: bool) -> int:
    address, _ = _get(env, dynptr)
    if address:
        env.commit(address, keep)
        _put(env, dynptr, 0, 0)
    env.tell("effect-submitted" if keep else "effect-discarded")
    return 0
