"""The helpers that look into a running kernel: its tasks, functions and files.

Source: bpf-helpers(7); contracts as Linux 6.18 holds them.
"""

import errno

from ebpflab.errors import VmFault
from ebpflab.helpers.contract import Arg, Ret
from ebpflab.helpers.forwarding import asked_cgroup
from ebpflab.helpers.proto import Env, helper
from ebpflab.isa.words import WORD32
from ebpflab.maps.base import Map

LAST_SIGNAL = 64


def _signalled(env: Env, signal: int) -> int:
    """Tell of a signal. Kernel differs: no process gets it."""
    odd = signal & WORD32 > LAST_SIGNAL
    env.tell("effect-refused" if odd else "effect-answer", answer=0)
    return -errno.EINVAL if odd else 0


@helper(gpl_only=True)
def get_current_task(env: Env) -> int:
    """Return the address of the current task, as a number."""
    return env.kernel("get_current_task")


@helper(gpl_only=True, ret=Ret.PTR_TO_BTF_ID_TRUSTED, structure="task_struct")
def get_current_task_btf(env: Env) -> int:
    """Return the current task."""
    env.tell("effect-answer", answer=env.task.pid)
    return env.address_of_owner(env.task)


@helper(
    Arg.btf("task_struct"),
    gpl_only=True,
    ret=Ret.PTR_TO_BTF_ID,
    structure="pt_regs",
)
def task_pt_regs(env: Env, task: int) -> int:
    """Return the registers that a task had in user space."""
    return env.kernel("task_pt_regs", task)


@helper(Arg.CONST_MAP_PTR, Arg.ANYTHING)
def current_task_under_cgroup(env: Env, map: Map, index: int) -> int:
    """Tell whether the current task is in a cgroup."""
    return asked_cgroup(env, map, index)


@helper(
    Arg.btf("task_struct"),
    Arg.ANYTHING,
    Arg.PTR_TO_FUNC,
    Arg.PTR_TO_STACK_OR_NULL,
    Arg.ANYTHING,
)
def find_vma(
    env: Env, task: int, address: int, function: int, context: int, flags: int
) -> int:
    """Call a function with the memory area of an address."""
    return env.kernel("find_vma", task, address, function, context, flags)


@helper(
    Arg.PTR_TO_UNINIT_MEM,
    Arg.CONST_SIZE_OR_ZERO,
    Arg.ANYTHING,
    Arg.btf("task_struct"),
    Arg.ANYTHING,
    gpl_only=True,
    might_sleep=True,
)
def copy_from_user_task(
    env: Env, to: int, size: int, address: int, task: int, flags: int
) -> int:
    """Copy bytes from the memory of a task."""
    return env.kernel("copy_from_user_task", to, size, address, task, flags)


@helper(Arg.ANYTHING, Arg.PTR_TO_MEM, Arg.CONST_SIZE, gpl_only=True)
def probe_write_user(env: Env, to: int, data: bytes) -> int:
    """Write into the memory of the process."""
    try:
        env.write(to, data)
    except VmFault:
        env.tell("effect-probe-missed", address=hex(to), size=len(data))
        return -errno.EPERM
    env.tell("effect-copied", size=len(data))
    return 0


@helper(Arg.ANYTHING)
def send_signal(env: Env, signal: int) -> int:
    """Send a signal to the current process."""
    return _signalled(env, signal)


@helper(Arg.ANYTHING)
def send_signal_thread(env: Env, signal: int) -> int:
    """Send a signal to the current thread."""
    return _signalled(env, signal)


@helper(Arg.PTR_TO_CTX, Arg.ANYTHING, gpl_only=True)
def override_return(env: Env, ctx: int, answer: int) -> int:
    """Let the traced function return this, and not run."""
    return env.kernel("override_return", ctx, answer)


@helper(Arg.PTR_TO_CTX, gpl_only=True)
def get_func_ip(env: Env, ctx: int) -> int:
    """Return the address of the traced function."""
    return env.kernel("get_func_ip", ctx)


@helper(Arg.PTR_TO_CTX, Arg.ANYTHING, Arg.PTR_TO_LONG)
def get_func_arg(env: Env, ctx: int, number: int, to: int) -> int:
    """Write an argument of the traced function."""
    return env.kernel("get_func_arg", ctx, number, to)


@helper(Arg.PTR_TO_CTX, Arg.PTR_TO_LONG)
def get_func_ret(env: Env, ctx: int, to: int) -> int:
    """Write what the traced function returned."""
    return env.kernel("get_func_ret", ctx, to)


@helper(Arg.PTR_TO_CTX)
def get_func_arg_cnt(env: Env, ctx: int) -> int:
    """Return how many arguments the traced function has."""
    return env.kernel("get_func_arg_cnt", ctx)


@helper(Arg.btf("path"), Arg.PTR_TO_UNINIT_MEM, Arg.CONST_SIZE_OR_ZERO)
def d_path(env: Env, path: int, to: int, size: int) -> int:
    """Write the name of a file."""
    return env.kernel("d_path", path, to, size)


@helper(Arg.btf("file"), ret=Ret.PTR_TO_BTF_ID_OR_NULL, structure="socket")
def sock_from_file(env: Env, file: int) -> int:
    """Return the socket behind a file."""
    return env.kernel("sock_from_file", file)
