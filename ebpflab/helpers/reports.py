"""The helpers that write a report line by line, and values with their types.

Source: bpf-helpers(7); contracts as Linux 6.18 holds them.
"""

from ebpflab.helpers.contract import Arg
from ebpflab.helpers.proto import Env, helper


@helper(
    Arg.btf("seq_file"),
    Arg.PTR_TO_MEM,
    Arg.CONST_SIZE,
    Arg.PTR_TO_MEM_OR_NULL,
    Arg.CONST_SIZE_OR_ZERO,
    gpl_only=True,
)
def seq_printf(env: Env, file: int, text: bytes, data: bytes) -> int:
    """Write formatted text to the report."""
    return env.kernel("seq_printf", file, text, data)


@helper(Arg.btf("seq_file"), Arg.PTR_TO_MEM, Arg.CONST_SIZE_OR_ZERO, gpl_only=True)
def seq_write(env: Env, file: int, data: bytes) -> int:
    """Write bytes to the report."""
    return env.kernel("seq_write", file, data)


@helper(
    Arg.btf("seq_file"), Arg.PTR_TO_MEM, Arg.CONST_SIZE, Arg.ANYTHING, gpl_only=True
)
def seq_printf_btf(env: Env, file: int, value: bytes, flags: int) -> int:
    """Write a value with the names of its members to the report."""
    return env.kernel("seq_printf_btf", file, value, flags)


@helper(
    Arg.PTR_TO_WRITABLE_MEM,
    Arg.CONST_SIZE,
    Arg.PTR_TO_MEM,
    Arg.CONST_SIZE,
    Arg.ANYTHING,
)
def snprintf_btf(env: Env, to: int, size: int, value: bytes, flags: int) -> int:
    """Write a value with the names of its members to memory."""
    return env.kernel("snprintf_btf", to, size, value, flags)
