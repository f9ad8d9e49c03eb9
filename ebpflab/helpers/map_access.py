"""The helpers that look into maps: lookup, update, delete.

Source: bpf-helpers(7).
"""

from collections.abc import Callable

from ebpflab.errors import MapError
from ebpflab.helpers.proto import Arg, Env, Ret, helper
from ebpflab.maps.base import Map


@helper(
    Arg.CONST_MAP_PTR,
    Arg.PTR_TO_MAP_KEY,
    ret=Ret.PTR_TO_MAP_VALUE_OR_NULL,
)
def map_lookup_elem(env: Env, map: Map, key: bytes) -> int | None:
    """Return where the value of `key` stands, or null."""
    found = map.find(key)
    env.tell("effect-lookup-missed" if found is None else "effect-lookup", map=map.name)
    return found


@helper(Arg.CONST_MAP_PTR, Arg.PTR_TO_MAP_KEY, Arg.PTR_TO_MAP_VALUE, Arg.ANYTHING)
def map_update_elem(env: Env, map: Map, key: bytes, value: bytes, flags: int) -> int:
    """Put a value; return 0 or a negative errno."""
    return _attempt(env, map, "effect-update", lambda: map.update(key, value, flags))


@helper(Arg.CONST_MAP_PTR, Arg.PTR_TO_MAP_KEY)
def map_delete_elem(env: Env, map: Map, key: bytes) -> int:
    """Remove a key; return 0 or a negative errno."""
    return _attempt(env, map, "effect-delete", lambda: map.delete(key))


def _attempt(env: Env, map: Map, effect: str, change: Callable[[], None]) -> int:
    """Change a map as a program does: an error is a number, not an exception."""
    try:
        env.write_map(map, change)
    except MapError as error:
        env.tell("effect-map-refused", map=map.name, errno=error.errno)
        return -error.errno
    env.tell(effect, map=map.name)
    return 0
