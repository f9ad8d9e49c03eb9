"""The helpers of programs that judge for a cgroup, and of programs that are attached.

Kernel differs: the answer so far is always 0, and an attachment has no cookie.
Source: bpf-helpers(7).
"""

import errno

from ebpflab.helpers.contract import Arg
from ebpflab.helpers.proto import Env, helper
from ebpflab.isa.words import WORD32, signed

LARGEST_ERRNO = 4095


@helper()
def get_retval(env: Env) -> int:
    """Return what the system call would answer so far."""
    env.tell("effect-answer", answer=0)
    return 0


@helper(Arg.ANYTHING)
def set_retval(env: Env, answer: int) -> int:
    """Say what the system call is to answer: a negative errno."""
    number = signed(answer & WORD32, 32)
    odd = number > 0 or number < -LARGEST_ERRNO
    env.tell("effect-refused" if odd else "effect-set")
    return -errno.EINVAL if odd else 0


@helper(Arg.PTR_TO_CTX)
def get_attach_cookie(env: Env, ctx: int) -> int:
    """Return the number that was given when the program was attached."""
    env.tell("effect-answer", answer=0)
    return 0
