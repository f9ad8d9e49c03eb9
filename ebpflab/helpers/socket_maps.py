"""The helpers that put sockets into maps, and send data to sockets of maps.

Kernel differs: nothing is sent.
Source: bpf-helpers(7); contracts as Linux 6.18 holds them.
"""

from ebpflab.helpers.contract import Arg
from ebpflab.helpers.proto import Env, helper
from ebpflab.isa.words import WORD32
from ebpflab.maps.base import Map
from ebpflab.maps.sockets import Sockhash, Sockmap

SK_DROP, SK_PASS = 0, 1
INGRESS = 0x1  # BPF_F_INGRESS: into the socket's queue, not out of it


def _redirect(env: Env, map: Sockmap, key: bytes, flags: int) -> int:
    """Tell whether data can go to a socket of a map: one that is connected."""
    held = map.thing_at(key)
    if flags & ~INGRESS or held is None or held.state != "established":
        env.tell("effect-lookup-missed", map=map.name)
        return SK_DROP
    env.tell("effect-redirect-socket", to=str(held))
    return SK_PASS


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
def sk_redirect_map(env: Env, ctx: int, map: Sockmap, key: int, flags: int) -> int:
    """Send the packet to a socket of a map."""
    return _redirect(env, map, (key & WORD32).to_bytes(4, "little"), flags)


@helper(Arg.PTR_TO_CTX, Arg.CONST_MAP_PTR, Arg.PTR_TO_MAP_KEY, Arg.ANYTHING)
def sk_redirect_hash(env: Env, ctx: int, map: Sockhash, key: bytes, flags: int) -> int:
    """Send the packet to a socket of a map."""
    return _redirect(env, map, key, flags)


@helper(Arg.PTR_TO_CTX, Arg.CONST_MAP_PTR, Arg.ANYTHING, Arg.ANYTHING)
def msg_redirect_map(env: Env, ctx: int, map: Sockmap, key: int, flags: int) -> int:
    """Send the message to a socket of a map."""
    return _redirect(env, map, (key & WORD32).to_bytes(4, "little"), flags)


@helper(Arg.PTR_TO_CTX, Arg.CONST_MAP_PTR, Arg.PTR_TO_MAP_KEY, Arg.ANYTHING)
def msg_redirect_hash(env: Env, ctx: int, map: Sockhash, key: bytes, flags: int) -> int:
    """Send the message to a socket of a map."""
    return _redirect(env, map, key, flags)
