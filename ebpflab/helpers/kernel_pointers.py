"""The helpers of pointers to the kernel: variables of each CPU, pointers kept in maps.

Source: bpf-helpers(7); contracts as Linux 6.18 holds them.
"""

from ebpflab.helpers.contract import Arg, ArgFlag, Ret
from ebpflab.helpers.proto import Env, helper

POINTER_BYTES = 8


@helper(Arg.PTR_TO_PERCPU_BTF_ID, Arg.ANYTHING, ret=Ret.PTR_TO_MEM_OR_BTF_ID_OR_NULL)
def per_cpu_ptr(env: Env, variable: int, cpu: int) -> int:
    """Return where a CPU has its own of a variable."""
    return env.kernel("per_cpu_ptr", variable, cpu)


@helper(Arg.PTR_TO_PERCPU_BTF_ID, ret=Ret.PTR_TO_MEM_OR_BTF_ID)
def this_cpu_ptr(env: Env, variable: int) -> int:
    """Return where this CPU has its own of a variable."""
    return env.kernel("this_cpu_ptr", variable)


@helper(
    Arg.KPTR_XCHG_DEST,
    Arg.btf("", ArgFlag.PTR_MAYBE_NULL | ArgFlag.OBJ_RELEASE),
    ret=Ret.PTR_TO_BTF_ID_OR_NULL,
    acquires=True,
)
def kptr_xchg(env: Env, place: int, pointer: int) -> int:
    """Put a pointer into a map value; return the one that was there."""
    before = int.from_bytes(env.read(place, POINTER_BYTES), "little")
    env.write(place, pointer.to_bytes(POINTER_BYTES, "little"))
    env.tell("effect-copied", size=POINTER_BYTES)
    return before
