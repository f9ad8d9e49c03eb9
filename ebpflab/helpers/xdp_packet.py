"""The helpers that move the limits of an XDP packet, or copy bytes of it.

After a move every pointer into the packet is invalid. Source: bpf-helpers(7); limits
as observed on Linux 6.18.
"""

import errno
from dataclasses import replace

from ebpflab.helpers.contract import Arg
from ebpflab.helpers.proto import Env, helper
from ebpflab.isa.words import WORD32, signed

SMALLEST = 14  # bytes: a packet keeps an Ethernet header
LONGEST_META = 252  # bytes, and a multiple of 4
LARGEST_OFFSET = 0xFFFF


@helper(Arg.PTR_TO_CTX, Arg.ANYTHING, moves_packet=True)
def xdp_adjust_head(env: Env, ctx: int, delta: int) -> int:
    """Move the start of the packet: forward to drop a header, back to add one."""
    frame, delta = env.frame, signed(delta & WORD32, 32)
    start = len(frame.before) + delta
    if start < 0 or delta > len(frame.data) - SMALLEST:
        env.tell("effect-refused")
        return -errno.EINVAL
    whole = bytearray(frame.before + frame.meta + frame.data)
    end_of_meta = start + len(frame.meta)
    whole[start:end_of_meta] = frame.meta
    before, data = bytes(whole[:start]), bytes(whole[end_of_meta:])
    env.move(replace(frame, before=before, data=data))
    env.tell("effect-moved", delta=delta, size=len(data))
    return 0


@helper(Arg.PTR_TO_CTX, Arg.ANYTHING, moves_packet=True)
def xdp_adjust_meta(env: Env, ctx: int, delta: int) -> int:
    """Move the start of the metadata, which lies in front of the packet."""
    frame, delta = env.frame, signed(delta & WORD32, 32)
    start, length = len(frame.before) + delta, len(frame.meta) - delta
    if start < 0 or length < 0:
        env.tell("effect-refused")
        return -errno.EINVAL
    if length % 4 or length > LONGEST_META:
        env.tell("effect-refused")
        return -errno.EACCES
    room = frame.before + frame.meta
    env.move(replace(frame, before=room[:start], meta=room[start:]))
    env.tell("effect-meta", size=length)
    return 0


@helper(Arg.PTR_TO_CTX, Arg.ANYTHING, moves_packet=True)
def xdp_adjust_tail(env: Env, ctx: int, delta: int) -> int:
    """Move the end of the packet; what is new there is zeros."""
    frame, delta = env.frame, signed(delta & WORD32, 32)
    length = len(frame.data) + delta
    if delta > frame.room_after or length < SMALLEST:
        env.tell("effect-refused")
        return -errno.EINVAL
    data = frame.data[:length].ljust(length, b"\0")
    env.move(replace(frame, data=data, room_after=frame.room_after - delta))
    env.tell("effect-moved", delta=delta, size=length)
    return 0


@helper(Arg.PTR_TO_CTX, variants={"syscall": (Arg.btf("xdp_buff"),)})
def xdp_get_buff_len(env: Env, ctx: int) -> int:
    """Return the length of the packet, whatever lies between data and data_end."""
    env.tell("effect-answer", answer=len(env.frame.data))
    return len(env.frame.data)


@helper(Arg.PTR_TO_CTX, Arg.ANYTHING, Arg.PTR_TO_UNINIT_MEM, Arg.CONST_SIZE)
def xdp_load_bytes(env: Env, ctx: int, offset: int, to: int, size: int) -> int:
    """Copy bytes of the packet to memory."""
    problem = _problem(env, offset & WORD32, size)
    if problem:
        env.tell("effect-load-missed", offset=offset & WORD32, size=size)
        return -problem
    start, _ = env.packet() or (0, 0)
    env.write(to, env.read(start + offset, size))
    env.tell("effect-load", offset=offset, size=size)
    return 0


@helper(Arg.PTR_TO_CTX, Arg.ANYTHING, Arg.PTR_TO_MEM, Arg.CONST_SIZE)
def xdp_store_bytes(env: Env, ctx: int, offset: int, data: bytes) -> int:
    """Copy bytes of memory into the packet."""
    problem = _problem(env, offset & WORD32, len(data))
    if problem:
        env.tell("effect-load-missed", offset=offset & WORD32, size=len(data))
        return -problem
    env.patch(offset, data)
    env.tell("effect-stored", offset=offset, size=len(data))
    return 0


def _problem(env: Env, offset: int, size: int) -> int:
    """Return the errno for bytes that the packet does not have, or 0."""
    if offset > LARGEST_OFFSET or size > LARGEST_OFFSET:
        return errno.EFAULT
    return errno.EINVAL if offset + size > len(env.frame.data) else 0
