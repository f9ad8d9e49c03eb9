"""The helpers of ring buffers: send a record at once, or reserve, fill and submit it.

Source: bpf-helpers(7); docs.kernel.org/bpf/ringbuf.html; as observed on Linux 6.18.
"""

import errno
from collections.abc import Generator

from ebpflab.errors import MapError
from ebpflab.helpers.contract import Arg, Ret
from ebpflab.helpers.dynptrs import dynptr_bytes
from ebpflab.helpers.proto import Callback, Env, helper
from ebpflab.isa.words import WORD32
from ebpflab.maps.ringbuf import Ringbuf
from ebpflab.maps.user_ringbuf import UserRingbuf

MOST_SAMPLES = 128 * 1024  # of one call
WAKEUP_FLAGS = 0x3  # BPF_RB_NO_WAKEUP, BPF_RB_FORCE_WAKEUP


@helper(Arg.CONST_MAP_PTR, Arg.PTR_TO_MEM, Arg.CONST_SIZE_OR_ZERO, Arg.ANYTHING)
def ringbuf_output(env: Env, map: Ringbuf, data: bytes, flags: int) -> int:
    """Copy a record into the buffer."""
    if flags & ~WAKEUP_FLAGS:
        return -errno.EINVAL
    try:
        env.record(map, env.cpu, data)
    except MapError as error:
        env.tell("effect-ring-full", map=map.name, size=len(data))
        return -error.errno
    env.tell("effect-output", map=map.name, size=len(data), appended=0)
    return 0


@helper(
    Arg.CONST_MAP_PTR,
    Arg.CONST_ALLOC_SIZE_OR_ZERO,
    Arg.ANYTHING,
    ret=Ret.PTR_TO_RINGBUF_MEM_OR_NULL,
    acquires=True,
)
def ringbuf_reserve(env: Env, map: Ringbuf, size: int, flags: int) -> int:
    """Open a record, to be filled in place; null when there is no room."""
    address = 0 if flags else env.reserve(map, size)
    key = "effect-reserved" if address else "effect-ring-full"
    env.tell(key, map=map.name, size=size & WORD32)
    return address


@helper(Arg.PTR_TO_RINGBUF_MEM, Arg.ANYTHING, ret=Ret.VOID)
def ringbuf_submit(env: Env, record: int, flags: int) -> int:
    """Send an open record."""
    env.commit(record, keep=True)
    env.tell("effect-submitted")
    return 0


@helper(Arg.PTR_TO_RINGBUF_MEM, Arg.ANYTHING, ret=Ret.VOID)
def ringbuf_discard(env: Env, record: int, flags: int) -> int:
    """Drop an open record."""
    env.commit(record, keep=False)
    env.tell("effect-discarded")
    return 0


@helper(Arg.CONST_MAP_PTR, Arg.ANYTHING)
def ringbuf_query(env: Env, map: Ringbuf, what: int) -> int:
    """Return bytes waiting, size, consumer or producer position: 0, 1, 2, 3."""
    waiting = map.produced - map.consumed
    figures = (waiting, map.spec.max_entries, map.consumed, map.produced)
    answer = figures[what] if what < len(figures) else 0
    env.tell("effect-answer", answer=answer)
    return answer


@helper(Arg.CONST_MAP_PTR, Arg.PTR_TO_FUNC, Arg.PTR_TO_STACK_OR_NULL, Arg.ANYTHING)
def user_ringbuf_drain(
    env: Env, map: UserRingbuf, function: int, context: int, flags: int
) -> Generator[Callback, int, int]:
    """Call a function with each sample of userspace, until it returns 1.

    Returns: how many samples were taken.
    """
    if flags & ~WAKEUP_FLAGS:
        return -errno.EINVAL
    env.tell("effect-for-each", map=map.name)
    taken = 0
    while taken < MOST_SAMPLES and (sample := map.take()) is not None:
        taken += 1
        where = env.scratch(f"{map.name}.sample", sample, writable=True)
        dynptr = dynptr_bytes(where, len(sample))
        if (yield Callback(function, (env.scratch("dynptr", dynptr), context))):
            break
    return taken
