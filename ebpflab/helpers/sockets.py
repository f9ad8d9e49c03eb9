"""The helpers that look sockets up, ask about them and give them back.

A socket that was looked up is held until `sk_release`.
Source: bpf-helpers(7); contracts as Linux 6.18 holds them.
"""

import errno
from collections.abc import Callable

from ebpflab.helpers.contract import Arg, ArgFlag, Ret
from ebpflab.helpers.proto import Env, helper
from ebpflab.maps.owners import Socket
from ebpflab.maps.sockets import SocketMap

FIRST_NETNS = 1


def seen_as(
    env: Env, helper: str, address: int, is_one: Callable[[Socket], bool]
) -> int:
    """Return a socket's address if it is one of those wanted, else null."""
    held = env.owner_at(address)
    if not isinstance(held, Socket):
        return env.kernel(helper, address)
    answer = address if is_one(held) else 0
    env.tell("effect-answer", answer=answer)
    return answer


def is_tcp(held: Socket) -> bool:
    return held.kind == "tcp"


SELECTED = (Arg.PTR_TO_CTX, Arg.PTR_TO_SOCKET_OR_NULL, Arg.ANYTHING)


@helper(
    Arg.PTR_TO_CTX,
    Arg.PTR_TO_MEM,
    Arg.CONST_SIZE_OR_ZERO,
    Arg.ANYTHING,
    Arg.ANYTHING,
    ret=Ret.PTR_TO_SOCKET_OR_NULL,
    acquires=True,
    pkt_access=True,
)
def sk_lookup_tcp(env: Env, ctx: int, tuple: bytes, netns: int, flags: int) -> int:
    """Find the TCP socket of an address pair; hold it."""
    return env.kernel("sk_lookup_tcp", ctx, tuple, netns, flags)


@helper(
    Arg.PTR_TO_CTX,
    Arg.PTR_TO_MEM,
    Arg.CONST_SIZE_OR_ZERO,
    Arg.ANYTHING,
    Arg.ANYTHING,
    ret=Ret.PTR_TO_SOCKET_OR_NULL,
    acquires=True,
    pkt_access=True,
)
def sk_lookup_udp(env: Env, ctx: int, tuple: bytes, netns: int, flags: int) -> int:
    """Find the UDP socket of an address pair; hold it."""
    return env.kernel("sk_lookup_udp", ctx, tuple, netns, flags)


@helper(
    Arg.PTR_TO_CTX,
    Arg.PTR_TO_MEM,
    Arg.CONST_SIZE_OR_ZERO,
    Arg.ANYTHING,
    Arg.ANYTHING,
    ret=Ret.PTR_TO_SOCK_COMMON_OR_NULL,
    acquires=True,
    pkt_access=True,
)
def skc_lookup_tcp(env: Env, ctx: int, tuple: bytes, netns: int, flags: int) -> int:
    """Find a TCP socket, a half-open or a closing one too; hold it."""
    return env.kernel("skc_lookup_tcp", ctx, tuple, netns, flags)


@helper(Arg.PTR_TO_BTF_ID_SOCK_COMMON | ArgFlag.OBJ_RELEASE)
def sk_release(env: Env, socket: int) -> int:
    """Give a socket back."""
    seen_as(env, "sk_release", socket, lambda held: True)
    return 0


@helper(Arg.PTR_TO_SOCK_COMMON, ret=Ret.PTR_TO_SOCKET_OR_NULL, casts=True)
def sk_fullsock(env: Env, socket: int) -> int:
    """See a socket as a full one, if it is one."""
    return seen_as(env, "sk_fullsock", socket, lambda held: True)


@helper(Arg.PTR_TO_SOCK_COMMON, ret=Ret.PTR_TO_TCP_SOCK_OR_NULL, casts=True)
def tcp_sock(env: Env, socket: int) -> int:
    """See a socket as a TCP one, if it is one."""
    return seen_as(env, "tcp_sock", socket, is_tcp)


@helper(Arg.PTR_TO_SOCK_COMMON, ret=Ret.PTR_TO_SOCKET_OR_NULL)
def get_listener_sock(env: Env, socket: int) -> int:
    """Return the listening socket that a connection came from."""
    return seen_as(
        env, "get_listener_sock", socket, lambda held: held.state == "listen"
    )


@helper(
    Arg.PTR_TO_CTX,
    Arg.PTR_TO_BTF_ID_SOCK_COMMON,
    Arg.ANYTHING,
    variants={"sk_lookup": SELECTED},
)
def sk_assign(env: Env, ctx: int, socket: int, flags: int) -> int:
    """Give the packet, or the lookup, this socket."""
    return env.kernel("sk_assign", ctx, socket, flags)


@helper(Arg.PTR_TO_CTX, Arg.CONST_MAP_PTR, Arg.PTR_TO_MAP_KEY, Arg.ANYTHING)
def sk_select_reuseport(
    env: Env, ctx: int, map: SocketMap, key: bytes, flags: int
) -> int:
    """Take the socket that a map holds for this packet.

    Kernel differs: it is not asked whether the socket shares the packet's port.
    """
    held = map.thing_at(key)
    if flags or held is None:
        env.tell("effect-lookup-missed", map=map.name)
        return -errno.EINVAL if flags else -errno.ENOENT
    env.tell("effect-redirect-socket", to=str(held))
    return 0


@helper(Arg.PTR_TO_BTF_ID_SOCK_COMMON)
def sk_cgroup_id(env: Env, socket: int) -> int:
    """Return the number of the cgroup of a socket."""
    return env.kernel("sk_cgroup_id", socket)


@helper(Arg.PTR_TO_BTF_ID_SOCK_COMMON, Arg.ANYTHING)
def sk_ancestor_cgroup_id(env: Env, socket: int, level: int) -> int:
    """Return the number of a cgroup above that of a socket."""
    return env.kernel("sk_ancestor_cgroup_id", socket, level)


@helper(Arg.PTR_TO_CTX | ArgFlag.PTR_MAYBE_NULL)
def get_netns_cookie(env: Env, ctx: int) -> int:
    """Return the number of the network namespace."""
    env.tell("effect-answer", answer=FIRST_NETNS)
    return FIRST_NETNS
