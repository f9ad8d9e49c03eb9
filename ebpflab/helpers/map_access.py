"""The helpers that look into maps: lookup, update, delete.

Source: bpf-helpers(7).
"""

from collections.abc import Callable

from ebpflab.errors import MapError, VmFault
from ebpflab.helpers.contract import Arg, Ret
from ebpflab.helpers.proto import Env, helper
from ebpflab.isa.words import WORD32
from ebpflab.maps.base import Map
from ebpflab.maps.maps_of_maps import ArrayOfMaps, HashOfMaps
from ebpflab.maps.percpu import PerCpu
from ebpflab.maps.rights import CPUS
from ebpflab.maps.sockets import SocketMap


@helper(
    Arg.CONST_MAP_PTR,
    Arg.PTR_TO_MAP_KEY,
    ret=Ret.PTR_TO_MAP_VALUE_OR_NULL,
    pkt_access=True,
)
def map_lookup_elem(env: Env, map: Map, key: bytes) -> int | None:
    """Return where the value of `key` stands, or null."""
    found = _found(env, map, key)
    env.tell("effect-lookup" if found else "effect-lookup-missed", map=map.name)
    return found


def _found(env: Env, map: Map, key: bytes) -> int:
    """Return the address of a value, an inner map or a socket; 0 = there is none."""
    if isinstance(map, ArrayOfMaps | HashOfMaps):
        inner = map.thing_at(key)
        return 0 if inner is None else env.handle_of(inner)
    if isinstance(map, SocketMap):
        held = map.thing_at(key)
        return 0 if held is None else env.address_of_owner(held)
    start = map.find(key, env.cpu)
    return 0 if start is None else env.address_of(map, start)


@helper(
    Arg.CONST_MAP_PTR,
    Arg.PTR_TO_MAP_KEY,
    Arg.ANYTHING,
    ret=Ret.PTR_TO_MAP_VALUE_OR_NULL,
    pkt_access=True,
)
def map_lookup_percpu_elem(env: Env, map: PerCpu, key: bytes, cpu: int) -> int | None:
    """Return where the value of `key` for another CPU stands, or null."""
    cpu &= WORD32
    start = map.find(key, cpu) if cpu < CPUS else None
    missed = start is None
    env.tell("effect-lookup-missed" if missed else "effect-lookup", map=map.name)
    return None if start is None else env.address_of(map, start)


@helper(
    Arg.CONST_MAP_PTR,
    Arg.PTR_TO_MAP_KEY,
    Arg.PTR_TO_MAP_VALUE,
    Arg.ANYTHING,
    pkt_access=True,
)
def map_update_elem(env: Env, map: Map, key: bytes, value: bytes, flags: int) -> int:
    """Put a value; return 0 or a negative errno."""
    return _attempt(env, map, "effect-update", lambda: map.store(key, value, flags))


@helper(Arg.CONST_MAP_PTR, Arg.PTR_TO_MAP_KEY, pkt_access=True)
def map_delete_elem(env: Env, map: Map, key: bytes) -> int:
    """Remove a key; return 0 or a negative errno."""
    return _attempt(env, map, "effect-delete", lambda: map.remove(key))


def _attempt(env: Env, map: Map, effect: str, change: Callable[[], None]) -> int:
    """Change a map as a program does: an error is a number, not an exception."""
    check_writable(map)
    try:
        env.write_map(map, change)
    except MapError as error:
        env.tell("effect-map-refused", map=map.name, errno=error.errno)
        return -error.errno
    env.tell(effect, map=map.name)
    return 0


def check_writable(map: Map) -> None:
    """Raises VmFault: the map's flags forbid programs to write it."""
    if not map.writable_by_programs:
        flags = f"{map.spec.flags:#x}"
        raise VmFault.of("map-program-write", name=map.name, flags=flags)
