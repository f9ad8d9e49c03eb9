"""The helpers that copy bytes between a socket buffer's packet and memory.

Source: bpf-helpers(7); the order of the checks as observed on Linux 6.18.
"""

import errno

from ebpflab.helpers.contract import Arg
from ebpflab.helpers.proto import Env, helper
from ebpflab.isa.words import WORD32

LARGEST_OFFSET = 0x7FFFFFFF  # INT_MAX
LARGEST_RELATIVE = 0xFFFF
STORE_FLAGS = 0x3  # BPF_F_RECOMPUTE_CSUM, BPF_F_INVALIDATE_HASH


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


@helper(
    Arg.PTR_TO_CTX,
    Arg.ANYTHING,
    Arg.PTR_TO_UNINIT_MEM,
    Arg.CONST_SIZE,
    Arg.ANYTHING,
)
def skb_load_bytes_relative(
    env: Env, ctx: int, offset: int, to: int, size: int, header: int
) -> int:
    """Copy bytes that are counted from the link-layer (0) or network header (1)."""
    frame, offset = env.frame, offset & WORD32
    whole = frame.before[len(frame.before) - frame.header :] + frame.data
    start = offset + (frame.header + frame.network if header & WORD32 else 0)
    known = header & WORD32 <= 1 and offset <= LARGEST_RELATIVE
    if not known or start + size > len(whole):
        env.write(to, bytes(size))
        env.tell("effect-load-missed", offset=offset, size=size)
        return -errno.EFAULT
    env.write(to, whole[start : start + size])
    env.tell("effect-load", offset=offset, size=size)
    return 0


@helper(
    Arg.PTR_TO_CTX,
    Arg.ANYTHING,
    Arg.PTR_TO_MEM,
    Arg.CONST_SIZE,
    Arg.ANYTHING,
    moves_packet=True,
)
def skb_store_bytes(env: Env, ctx: int, offset: int, data: bytes, flags: int) -> int:
    """Copy bytes of memory into the packet."""
    offset &= WORD32
    if flags & ~STORE_FLAGS:
        return -errno.EINVAL
    if offset > LARGEST_OFFSET or offset + len(data) > len(env.frame.data):
        env.tell("effect-load-missed", offset=offset, size=len(data))
        return -errno.EFAULT
    env.patch(offset, data)
    env.tell("effect-stored", offset=offset, size=len(data))
    return 0


@helper(Arg.PTR_TO_CTX, Arg.ANYTHING, moves_packet=True)
def skb_pull_data(env: Env, ctx: int, size: int) -> int:
    """Make bytes directly readable; here they always are, if the packet has them."""
    missing = size & WORD32 > len(env.frame.data)
    env.tell("effect-refused" if missing else "effect-moved-not")
    return -errno.ENOMEM if missing else 0
