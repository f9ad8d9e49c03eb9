"""The helpers of values that belong to something: a socket, a task, a file, a cgroup.

A run alone knows its task and the socket of a test run's packet, and what stands in
maps; for any other owner a kernel is asked.
Source: bpf-helpers(7); contracts as Linux 6.18 holds them.
"""

import errno

from ebpflab.errors import MapError
from ebpflab.helpers.contract import Arg, ArgFlag, Ret
from ebpflab.helpers.proto import Env, helper
from ebpflab.maps.cgroup_storage import CgroupStorage
from ebpflab.maps.local_storage import LocalStorage
from ebpflab.maps.owners import Owner

CREATE = 0x1  # BPF_LOCAL_STORAGE_GET_F_CREATE

OF_THE_CONTEXT = (
    Arg.CONST_MAP_PTR,
    Arg.PTR_TO_CTX,
    Arg.PTR_TO_MAP_VALUE_OR_NULL,
    Arg.ANYTHING,
)


@helper(Arg.CONST_MAP_PTR, Arg.ANYTHING, ret=Ret.PTR_TO_MAP_VALUE)
def get_local_storage(env: Env, map: CgroupStorage, flags: int) -> int:
    """Return the value of the cgroup that the program is attached to."""
    env.tell("effect-lookup", map=map.name)
    return env.address_of(map, map.value_of_run(env.cpu))


def _get(env: Env, map: LocalStorage, at: int, value: bytes, flags: int) -> int:
    """Return where the value of an owner stands; make it if that is asked for."""
    owner = env.owner_at(at)
    if at and owner is None:
        return env.kernel(f"{map.type}_get", map, at, value, flags)
    start = None
    if owner and not flags & ~CREATE:
        start = map.find(owner)
        if start is None and flags:
            start = _made(env, map, owner, value)
    missed = start is None
    env.tell("effect-lookup-missed" if missed else "effect-lookup", map=map.name)
    return 0 if start is None else env.address_of(map, start)


def _made(env: Env, map: LocalStorage, owner: Owner, value: bytes) -> int | None:
    content = value or bytes(map.spec.value_size)
    try:
        env.write_map(map, lambda: map.store(owner, content))
    except MapError:
        return None
    return map.find(owner)


def _delete(env: Env, map: LocalStorage, at: int) -> int:
    """Forget the value of an owner; return 0 or a negative errno."""
    owner = env.owner_at(at)
    if owner is None:
        return env.kernel(f"{map.type}_delete", map, at) if at else -errno.EINVAL
    try:
        env.write_map(map, lambda: map.remove(owner))
    except MapError as error:
        env.tell("effect-map-refused", map=map.name, errno=error.errno)
        return -error.errno
    env.tell("effect-delete", map=map.name)
    return 0


@helper(
    Arg.CONST_MAP_PTR,
    Arg.PTR_TO_BTF_ID_SOCK_COMMON,
    Arg.PTR_TO_MAP_VALUE_OR_NULL,
    Arg.ANYTHING,
    ret=Ret.PTR_TO_MAP_VALUE_OR_NULL,
    variants={"cgroup_sock": OF_THE_CONTEXT},
)
def sk_storage_get(
    env: Env, map: LocalStorage, socket: int, value: bytes, flags: int
) -> int:
    """Return the value that a map keeps for a socket."""
    return _get(env, map, socket, value, flags)


@helper(Arg.CONST_MAP_PTR, Arg.PTR_TO_BTF_ID_SOCK_COMMON)
def sk_storage_delete(env: Env, map: LocalStorage, socket: int) -> int:
    """Forget the value that a map keeps for a socket."""
    return _delete(env, map, socket)


@helper(
    Arg.CONST_MAP_PTR,
    Arg.btf("inode", ArgFlag.PTR_MAYBE_NULL),
    Arg.PTR_TO_MAP_VALUE_OR_NULL,
    Arg.ANYTHING,
    ret=Ret.PTR_TO_MAP_VALUE_OR_NULL,
)
def inode_storage_get(
    env: Env, map: LocalStorage, owner: int, value: bytes, flags: int
) -> int:
    """Return the value that a map keeps for a file."""
    return _get(env, map, owner, value, flags)


@helper(Arg.CONST_MAP_PTR, Arg.btf("inode", ArgFlag.PTR_MAYBE_NULL))
def inode_storage_delete(env: Env, map: LocalStorage, owner: int) -> int:
    """Forget the value that a map keeps for a file."""
    return _delete(env, map, owner)


@helper(
    Arg.CONST_MAP_PTR,
    Arg.btf("task_struct", ArgFlag.PTR_MAYBE_NULL),
    Arg.PTR_TO_MAP_VALUE_OR_NULL,
    Arg.ANYTHING,
    ret=Ret.PTR_TO_MAP_VALUE_OR_NULL,
)
def task_storage_get(
    env: Env, map: LocalStorage, owner: int, value: bytes, flags: int
) -> int:
    """Return the value that a map keeps for a task."""
    return _get(env, map, owner, value, flags)


@helper(Arg.CONST_MAP_PTR, Arg.btf("task_struct", ArgFlag.PTR_MAYBE_NULL))
def task_storage_delete(env: Env, map: LocalStorage, owner: int) -> int:
    """Forget the value that a map keeps for a task."""
    return _delete(env, map, owner)


@helper(
    Arg.CONST_MAP_PTR,
    Arg.btf("cgroup", ArgFlag.PTR_MAYBE_NULL),
    Arg.PTR_TO_MAP_VALUE_OR_NULL,
    Arg.ANYTHING,
    ret=Ret.PTR_TO_MAP_VALUE_OR_NULL,
)
def cgrp_storage_get(
    env: Env, map: LocalStorage, owner: int, value: bytes, flags: int
) -> int:
    """Return the value that a map keeps for a cgroup."""
    return _get(env, map, owner, value, flags)


@helper(Arg.CONST_MAP_PTR, Arg.btf("cgroup", ArgFlag.PTR_MAYBE_NULL))
def cgrp_storage_delete(env: Env, map: LocalStorage, owner: int) -> int:
    """Forget the value that a map keeps for a cgroup."""
    return _delete(env, map, owner)
