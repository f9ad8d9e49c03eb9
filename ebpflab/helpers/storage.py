"""The helpers of values that belong to something: a socket, a task, a file, a cgroup.

Source: bpf-helpers(7); contracts as Linux 6.18 holds them.
"""

from ebpflab.helpers.contract import Arg, ArgFlag, Ret
from ebpflab.helpers.proto import Env, helper
from ebpflab.maps.base import Map

OF_THE_CONTEXT = (
    Arg.CONST_MAP_PTR,
    Arg.PTR_TO_CTX,
    Arg.PTR_TO_MAP_VALUE_OR_NULL,
    Arg.ANYTHING,
)


@helper(Arg.CONST_MAP_PTR, Arg.ANYTHING, ret=Ret.PTR_TO_MAP_VALUE)
def get_local_storage(env: Env, map: Map, flags: int) -> int:
    """Return the value of the cgroup that the program is attached to."""
    return env.kernel("get_local_storage", map, flags)


@helper(
    Arg.CONST_MAP_PTR,
    Arg.PTR_TO_BTF_ID_SOCK_COMMON,
    Arg.PTR_TO_MAP_VALUE_OR_NULL,
    Arg.ANYTHING,
    ret=Ret.PTR_TO_MAP_VALUE_OR_NULL,
    variants={"cgroup_sock": OF_THE_CONTEXT},
)
def sk_storage_get(env: Env, map: Map, socket: int, value: bytes, flags: int) -> int:
    """Return the value that a map keeps for a socket."""
    return env.kernel("sk_storage_get", map, socket, value, flags)


@helper(Arg.CONST_MAP_PTR, Arg.PTR_TO_BTF_ID_SOCK_COMMON)
def sk_storage_delete(env: Env, map: Map, socket: int) -> int:
    """Forget the value that a map keeps for a socket."""
    return env.kernel("sk_storage_delete", map, socket)


@helper(
    Arg.CONST_MAP_PTR,
    Arg.btf("inode", ArgFlag.PTR_MAYBE_NULL),
    Arg.PTR_TO_MAP_VALUE_OR_NULL,
    Arg.ANYTHING,
    ret=Ret.PTR_TO_MAP_VALUE_OR_NULL,
)
def inode_storage_get(env: Env, map: Map, owner: int, value: bytes, flags: int) -> int:
    """Return the value that a map keeps for a file."""
    return env.kernel("inode_storage_get", map, owner, value, flags)


@helper(Arg.CONST_MAP_PTR, Arg.btf("inode", ArgFlag.PTR_MAYBE_NULL))
def inode_storage_delete(env: Env, map: Map, owner: int) -> int:
    """Forget the value that a map keeps for a file."""
    return env.kernel("inode_storage_delete", map, owner)


@helper(
    Arg.CONST_MAP_PTR,
    Arg.btf("task_struct", ArgFlag.PTR_MAYBE_NULL),
    Arg.PTR_TO_MAP_VALUE_OR_NULL,
    Arg.ANYTHING,
    ret=Ret.PTR_TO_MAP_VALUE_OR_NULL,
)
def task_storage_get(env: Env, map: Map, owner: int, value: bytes, flags: int) -> int:
    """Return the value that a map keeps for a task."""
    return env.kernel("task_storage_get", map, owner, value, flags)


@helper(Arg.CONST_MAP_PTR, Arg.btf("task_struct", ArgFlag.PTR_MAYBE_NULL))
def task_storage_delete(env: Env, map: Map, owner: int) -> int:
    """Forget the value that a map keeps for a task."""
    return env.kernel("task_storage_delete", map, owner)


@helper(
    Arg.CONST_MAP_PTR,
    Arg.btf("cgroup", ArgFlag.PTR_MAYBE_NULL),
    Arg.PTR_TO_MAP_VALUE_OR_NULL,
    Arg.ANYTHING,
    ret=Ret.PTR_TO_MAP_VALUE_OR_NULL,
)
def cgrp_storage_get(env: Env, map: Map, owner: int, value: bytes, flags: int) -> int:
    """Return the value that a map keeps for a cgroup."""
    return env.kernel("cgrp_storage_get", map, owner, value, flags)


@helper(Arg.CONST_MAP_PTR, Arg.btf("cgroup", ArgFlag.PTR_MAYBE_NULL))
def cgrp_storage_delete(env: Env, map: Map, owner: int) -> int:
    """Forget the value that a map keeps for a cgroup."""
    return env.kernel("cgrp_storage_delete", map, owner)
