"""The helpers that ask about the current process.

Kernel differs: the process is a made-up one, always the same; see proto.Task.
Source: bpf-helpers(7).
"""

import errno

from ebpflab.helpers.contract import Arg
from ebpflab.helpers.proto import Env, helper

ROOT_CGROUP = 1
NUMBERS_BYTES = 8  # struct bpf_pidns_info


@helper()
def get_current_pid_tgid(env: Env) -> int:
    """Return the process in the upper 32 bits, the thread in the lower."""
    answer = env.task.tgid << 32 | env.task.pid
    env.tell("effect-answer", answer=answer)
    return answer


@helper()
def get_current_uid_gid(env: Env) -> int:
    """Return the group in the upper 32 bits, the user in the lower."""
    answer = env.task.gid << 32 | env.task.uid
    env.tell("effect-answer", answer=answer)
    return answer


@helper(Arg.PTR_TO_UNINIT_MEM, Arg.CONST_SIZE)
def get_current_comm(env: Env, to: int, size: int) -> int:
    """Copy the name of the process, ended and filled up with zeros."""
    name = env.task.comm[: size - 1].ljust(size, b"\0")
    env.write(to, name)
    env.tell("effect-copied", size=size)
    return 0


@helper()
def get_current_cgroup_id(env: Env) -> int:
    """Return the number of the cgroup of the process: the root's."""
    env.tell("effect-answer", answer=ROOT_CGROUP)
    return ROOT_CGROUP


@helper(Arg.ANYTHING)
def get_current_ancestor_cgroup_id(env: Env, level: int) -> int:
    """Return the number of a cgroup above; the root has level 0."""
    answer = ROOT_CGROUP if level == 0 else 0
    env.tell("effect-answer", answer=answer)
    return answer


@helper(Arg.ANYTHING, Arg.ANYTHING, Arg.PTR_TO_UNINIT_MEM, Arg.CONST_SIZE)
def get_ns_current_pid_tgid(
    env: Env, device: int, inode: int, to: int, size: int
) -> int:
    """Write thread and process as a namespace sees them; only one exists here."""
    if size != NUMBERS_BYTES:
        env.write(to, bytes(size))
        return -errno.EINVAL
    numbers = (env.task.pid, env.task.tgid)
    env.write(to, b"".join(n.to_bytes(4, "little") for n in numbers))
    env.tell("effect-copied", size=size)
    return 0
