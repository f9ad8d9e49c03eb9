"""The helpers that put sockets into maps, and send data to sockets of maps.

Source: bpf-helpers(7); contracts as Linux 6.18 holds them.
"""

from ebpflab.helpers.contract import Arg
from ebpflab.helpers.proto import Env, helper
from ebpflab.maps.base import Map


@helper(
    Arg.PTR_TO_CTX, Arg.CONST_MAP_PTR, Arg.PTR_TO_MAP_KEY, Arg.ANYTHING, pkt_access=True
)
def sock_map_update(env: Env, ctx: int, map: Map, key: bytes, flags: int) -> int:
    """Put the socket of this event into a map."""
    return env.kernel("sock_map_update", ctx, map, key, flags)


@helper(
    Arg.PTR_TO_CTX, Arg.CONST_MAP_PTR, Arg.PTR_TO_MAP_KEY, Arg.ANYTHING, pkt_access=True
)
def sock_hash_update(env: Env, ctx: int, map: Map, key: bytes, flags: int) -> int:
    """Put the socket of this event into a map."""
    return env.kernel("sock_hash_update", ctx, map, key, flags)


@helper(Arg.PTR_TO_CTX, Arg.CONST_MAP_PTR, Arg.ANYTHING, Arg.ANYTHING)
def sk_redirect_map(env: Env, ctx: int, map: Map, key: int, flags: int) -> int:
    """Send the packet to a socket of a map."""
    return env.kernel("sk_redirect_map", ctx, map, key, flags)


@helper(Arg.PTR_TO_CTX, Arg.CONST_MAP_PTR, Arg.PTR_TO_MAP_KEY, Arg.ANYTHING)
def sk_redirect_hash(env: Env, ctx: int, map: Map, key: bytes, flags: int) -> int:
    """Send the packet to a socket of a map."""
    return env.kernel("sk_redirect_hash", ctx, map, key, flags)


@helper(Arg.PTR_TO_CTX, Arg.CONST_MAP_PTR, Arg.ANYTHING, Arg.ANYTHING)
def msg_redirect_map(env: Env, ctx: int, map: Map, key: int, flags: int) -> int:
    """Send the message to a socket of a map."""
    return env.kernel("msg_redirect_map", ctx, map, key, flags)


@helper(Arg.PTR_TO_CTX, Arg.CONST_MAP_PTR, Arg.PTR_TO_MAP_KEY, Arg.ANYTHING)
def msg_redirect_hash(env: Env, ctx: int, map: Map, key: bytes, flags: int) -> int:
    """Send the message to a socket of a map."""
    return env.kernel("msg_redirect_hash", ctx, map, key, flags)
