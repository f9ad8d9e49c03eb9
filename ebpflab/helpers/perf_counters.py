"""The helpers of performance counters, call stacks and branch records.

Source: bpf-helpers(7); contracts as Linux 6.18 holds them.
"""

import errno

from ebpflab.helpers.contract import Arg
from ebpflab.helpers.proto import Env, helper
from ebpflab.isa.words import WORD32
from ebpflab.maps.base import Map

GET_SIZE = 0x1  # BPF_F_GET_BRANCH_RECORDS_SIZE
VALUE_BYTES = 24  # struct bpf_perf_event_value


def _counted(env: Env, map: Map, flags: int) -> int:
    """Answer for a counter of a slot: a software event, which counts nothing.

    Only the own CPU's can be read.
    """
    index = flags & WORD32
    env.tell("effect-lookup-missed", map=map.name)
    if flags & ~WORD32:
        return -errno.EINVAL
    index = env.cpu if index == WORD32 else index  # BPF_F_CURRENT_CPU
    if index >= map.spec.max_entries:
        return -errno.E2BIG
    return 0 if index == env.cpu else -errno.EINVAL


@helper(Arg.CONST_MAP_PTR, Arg.ANYTHING, gpl_only=True)
def perf_event_read(env: Env, map: Map, flags: int) -> int:
    """Return the value of a counter."""
    return _counted(env, map, flags)


@helper(
    Arg.CONST_MAP_PTR,
    Arg.ANYTHING,
    Arg.PTR_TO_UNINIT_MEM,
    Arg.CONST_SIZE,
    gpl_only=True,
)
def perf_event_read_value(env: Env, map: Map, flags: int, to: int, size: int) -> int:
    """Write the value of a counter, and how long it ran."""
    env.write(to, bytes(size))
    if size != VALUE_BYTES:
        env.tell("effect-refused")
        return -errno.EINVAL
    return _counted(env, map, flags)


@helper(Arg.PTR_TO_CTX, Arg.PTR_TO_UNINIT_MEM, Arg.CONST_SIZE, gpl_only=True)
def perf_prog_read_value(env: Env, ctx: int, to: int, size: int) -> int:
    """Write the value of the counter that called the program."""
    env.write(to, bytes(size))
    env.tell("effect-copied" if size == VALUE_BYTES else "effect-refused", size=size)
    return 0 if size == VALUE_BYTES else -errno.EINVAL


@helper(
    Arg.PTR_TO_CTX,
    Arg.CONST_MAP_PTR,
    Arg.ANYTHING,
    gpl_only=True,
    free_for=("perf_event",),
)
def get_stackid(env: Env, ctx: int, map: Map, flags: int) -> int:
    """Keep the call stack in a map; return its number."""
    return env.kernel("get_stackid", ctx, map, flags)


@helper(
    Arg.PTR_TO_CTX,
    Arg.PTR_TO_UNINIT_MEM,
    Arg.CONST_SIZE_OR_ZERO,
    Arg.ANYTHING,
    gpl_only=True,
)
def get_stack(env: Env, ctx: int, to: int, size: int, flags: int) -> int:
    """Write the call stack; return its bytes."""
    return env.kernel("get_stack", ctx, to, size, flags)


@helper(
    Arg.btf("task_struct"), Arg.PTR_TO_UNINIT_MEM, Arg.CONST_SIZE_OR_ZERO, Arg.ANYTHING
)
def get_task_stack(env: Env, task: int, to: int, size: int, flags: int) -> int:
    """Write the call stack of a task; return its bytes."""
    return env.kernel("get_task_stack", task, to, size, flags)


@helper(
    Arg.PTR_TO_CTX,
    Arg.PTR_TO_WRITABLE_MEM_OR_NULL,
    Arg.CONST_SIZE_OR_ZERO,
    Arg.ANYTHING,
    gpl_only=True,
)
def read_branch_records(env: Env, ctx: int, to: int, size: int, flags: int) -> int:
    """Write the branches that the processor recorded."""
    env.tell("effect-refused")
    return -errno.EINVAL if flags & ~GET_SIZE else -errno.ENOENT


@helper(Arg.PTR_TO_UNINIT_MEM, Arg.CONST_SIZE_OR_ZERO, Arg.DONTCARE, gpl_only=True)
def get_branch_snapshot(env: Env, to: int, size: int, flags: int) -> int:
    """Write the branches that the processor took last."""
    env.tell("effect-refused")
    return -errno.EINVAL if flags else -errno.ENOENT


@helper(
    Arg.btf("sk_buff"),
    Arg.CONST_MAP_PTR,
    Arg.ANYTHING,
    Arg.PTR_TO_MEM,
    Arg.CONST_SIZE_OR_ZERO,
    gpl_only=True,
)
def skb_output(env: Env, packet: int, map: Map, flags: int, data: bytes) -> int:
    """Send `data`, and some of a packet, to user space."""
    return env.kernel("skb_output", packet, map, flags, data)


@helper(
    Arg.btf("xdp_buff"),
    Arg.CONST_MAP_PTR,
    Arg.ANYTHING,
    Arg.PTR_TO_MEM,
    Arg.CONST_SIZE_OR_ZERO,
    gpl_only=True,
)
def xdp_output(env: Env, packet: int, map: Map, flags: int, data: bytes) -> int:
    """Send `data`, and some of a packet, to user space."""
    return env.kernel("xdp_output", packet, map, flags, data)
