"""The helpers that copy bytes out of a packet.

Source: bpf-helpers(7).
"""

import errno

from ebpflab.helpers.proto import Arg, Env, helper
from ebpflab.isa.words import WORD32

LARGEST_OFFSET = 0x7FFFFFFF  # INT_MAX


@helper(Arg.PTR_TO_CTX, Arg.ANYTHING, Arg.PTR_TO_UNINIT_MEM, Arg.CONST_SIZE)
def skb_load_bytes(env: Env, ctx: int, offset: int, to: int, size: int) -> int:
    """Copy `size` bytes of the packet to memory; 0, or -EFAULT and zeros there."""
    start, length = env.packet() or (0, 0)
    offset &= WORD32
    if offset > LARGEST_OFFSET or offset + size > length:
        env.write(to, bytes(size))
        env.tell("effect-load-missed", offset=offset, size=size)
        return -errno.EFAULT
    env.write(to, env.read(start + offset, size))
    env.tell("effect-load", offset=offset, size=size)
    return 0
