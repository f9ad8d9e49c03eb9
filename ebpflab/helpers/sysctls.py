"""The helpers of programs that judge over a kernel setting (sysctl).

Source: bpf-helpers(7); contracts as Linux 6.18 holds them.
"""

from ebpflab.helpers.contract import Arg
from ebpflab.helpers.proto import Env, helper


@helper(Arg.PTR_TO_CTX, Arg.PTR_TO_WRITABLE_MEM, Arg.CONST_SIZE, Arg.ANYTHING)
def sysctl_get_name(env: Env, ctx: int, to: int, size: int, flags: int) -> int:
    """Write the name of the setting."""
    return env.kernel("sysctl_get_name", ctx, to, size, flags)


@helper(Arg.PTR_TO_CTX, Arg.PTR_TO_UNINIT_MEM, Arg.CONST_SIZE)
def sysctl_get_current_value(env: Env, ctx: int, to: int, size: int) -> int:
    """Write the value that it has."""
    return env.kernel("sysctl_get_current_value", ctx, to, size)


@helper(Arg.PTR_TO_CTX, Arg.PTR_TO_UNINIT_MEM, Arg.CONST_SIZE)
def sysctl_get_new_value(env: Env, ctx: int, to: int, size: int) -> int:
    """Write the value that it is to get."""
    return env.kernel("sysctl_get_new_value", ctx, to, size)


@helper(Arg.PTR_TO_CTX, Arg.PTR_TO_MEM, Arg.CONST_SIZE)
def sysctl_set_new_value(env: Env, ctx: int, value: bytes) -> int:
    """Say another value that it is to get."""
    return env.kernel("sysctl_set_new_value", ctx, value)
