"""The helpers that only programs of type syscall have: bpf(2), names, descriptors.

Source: bpf-helpers(7); contracts as Linux 6.18 holds them.
"""

import errno

from ebpflab.btf.kernel import kernel_btf
from ebpflab.helpers.contract import Arg
from ebpflab.helpers.proto import Env, helper


@helper(Arg.ANYTHING, Arg.PTR_TO_MEM, Arg.CONST_SIZE)
def sys_bpf(env: Env, command: int, attributes: bytes) -> int:
    """Call bpf(2)."""
    return env.kernel("sys_bpf", command, attributes)


@helper(Arg.PTR_TO_MEM, Arg.CONST_SIZE, Arg.ANYTHING, Arg.ANYTHING)
def btf_find_by_name_kind(env: Env, text: bytes, kind: int, flags: int) -> int:
    """Return the number of a type, by its name."""
    if flags or not text.endswith(b"\0"):
        env.tell("effect-refused")
        return -errno.EINVAL
    btf = kernel_btf()
    name = text.split(b"\0")[0].decode(errors="replace")
    found = next((t.id for t in btf.find_all(name) if t.kind == kind), 0) if btf else 0
    env.tell("effect-answer", answer=found)
    return found or -errno.ENOENT


@helper(Arg.ANYTHING)
def sys_close(env: Env, descriptor: int) -> int:
    """Close a descriptor."""
    return env.kernel("sys_close", descriptor)


@helper(Arg.PTR_TO_MEM, Arg.CONST_SIZE_OR_ZERO, Arg.ANYTHING, Arg.PTR_TO_LONG)
def kallsyms_lookup_name(env: Env, text: bytes, flags: int, to: int) -> int:
    """Write the address of a name of the kernel."""
    return env.kernel("kallsyms_lookup_name", text, flags, to)
