"""The helpers of messages, which sk_msg programs see.

Source: bpf-helpers(7).
"""

import errno
from dataclasses import replace

from ebpflab.helpers.contract import Arg
from ebpflab.helpers.proto import Env, helper
from ebpflab.isa.words import WORD32


@helper(Arg.PTR_TO_CTX, Arg.ANYTHING)
def msg_apply_bytes(env: Env, ctx: int, size: int) -> int:
    """Let the verdict be for so many bytes, and ask again after them."""
    env.tell("effect-answer", answer=0)
    return 0


@helper(Arg.PTR_TO_CTX, Arg.ANYTHING)
def msg_cork_bytes(env: Env, ctx: int, size: int) -> int:
    """Wait until so many bytes are there."""
    env.tell("effect-answer", answer=0)
    return 0


@helper(Arg.PTR_TO_CTX, Arg.ANYTHING, Arg.ANYTHING, Arg.ANYTHING, moves_packet=True)
def msg_pull_data(env: Env, ctx: int, start: int, end: int, flags: int) -> int:
    """Make bytes directly readable; here they always are, if the message has them."""
    start, end = start & WORD32, end & WORD32
    odd = flags or end <= start or end > len(env.frame.data)
    env.tell("effect-refused" if odd else "effect-moved-not")
    return -errno.EINVAL if odd else 0


@helper(Arg.PTR_TO_CTX, Arg.ANYTHING, Arg.ANYTHING, Arg.ANYTHING, moves_packet=True)
def msg_push_data(env: Env, ctx: int, start: int, length: int, flags: int) -> int:
    """Make room for bytes in the message."""
    start, length = start & WORD32, length & WORD32
    data = env.frame.data
    if flags or start > len(data):
        env.tell("effect-refused")
        return -errno.EINVAL
    env.move(replace(env.frame, data=data[:start] + bytes(length) + data[start:]))
    env.tell("effect-moved", delta=length, size=len(data) + length)
    return 0


@helper(Arg.PTR_TO_CTX, Arg.ANYTHING, Arg.ANYTHING, Arg.ANYTHING, moves_packet=True)
def msg_pop_data(env: Env, ctx: int, start: int, length: int, flags: int) -> int:
    """Take bytes out of the message."""
    start, length = start & WORD32, length & WORD32
    data = env.frame.data
    if flags or start >= len(data) or start + length > len(data):
        env.tell("effect-refused")
        return -errno.EINVAL
    env.move(replace(env.frame, data=data[:start] + data[start + length :]))
    env.tell("effect-moved", delta=-length, size=len(data) - length)
    return 0
