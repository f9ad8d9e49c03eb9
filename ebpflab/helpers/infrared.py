"""The helpers of remote controls: what key a signal means.

Source: bpf-helpers(7); contracts as Linux 6.18 holds them.
"""

from ebpflab.helpers.contract import Arg
from ebpflab.helpers.proto import Env, helper


@helper(Arg.PTR_TO_CTX, gpl_only=True)
def rc_repeat(env: Env, ctx: int) -> int:
    """Say that the key is still down."""
    return env.kernel("rc_repeat", ctx)


@helper(Arg.PTR_TO_CTX, Arg.ANYTHING, Arg.ANYTHING, Arg.ANYTHING, gpl_only=True)
def rc_keydown(env: Env, ctx: int, protocol: int, code: int, toggle: int) -> int:
    """Say which key went down."""
    return env.kernel("rc_keydown", ctx, protocol, code, toggle)


@helper(Arg.PTR_TO_CTX, Arg.ANYTHING, Arg.ANYTHING, gpl_only=True)
def rc_pointer_rel(env: Env, ctx: int, x: int, y: int) -> int:
    """Say how far the pointer moved."""
    return env.kernel("rc_pointer_rel", ctx, x, y)
