"""The helpers that send records to userspace.

Source: bpf-helpers(7); the order of the checks as observed on Linux 6.18.
"""

import errno

from ebpflab.errors import MapError
from ebpflab.helpers.contract import Arg
from ebpflab.helpers.proto import Env, helper
from ebpflab.isa.words import WORD32
from ebpflab.maps.perf_event_array import PerfEventArray

INDEX_MASK = WORD32  # BPF_F_INDEX_MASK; all ones = BPF_F_CURRENT_CPU
CURRENT_CPU = WORD32
CONTEXT_SHIFT = 32  # bits 32 to 51: how many bytes of the packet to append
CONTEXT_MASK = 0xFFFFF << CONTEXT_SHIFT  # BPF_F_CTXLEN_MASK


@helper(
    Arg.PTR_TO_CTX,
    Arg.CONST_MAP_PTR,
    Arg.ANYTHING,
    Arg.PTR_TO_MEM,
    Arg.CONST_SIZE_OR_ZERO,
    gpl_only=True,
)
def perf_event_output(
    env: Env, ctx: int, map: PerfEventArray, flags: int, data: bytes
) -> int:
    """Send `data`, and some of the packet after it, to one CPU's buffer."""
    if flags & ~(INDEX_MASK | CONTEXT_MASK):
        return -errno.EINVAL
    appended = (flags & CONTEXT_MASK) >> CONTEXT_SHIFT
    start, length = env.packet() or (0, 0)
    if appended > length:
        return -errno.EFAULT
    cpu = flags & INDEX_MASK
    record = data + (env.read(start, appended) if appended else b"")
    try:
        env.record(map, env.cpu if cpu == CURRENT_CPU else cpu, record)
    except MapError as error:
        return -error.errno
    env.tell("effect-output", map=map.name, size=len(data), appended=appended)
    return 0
