"""The helpers that see a socket as a structure of the kernel.

Kernel differs: the sockets of a run alone are of IPv4, and none is half open.
Source: bpf-helpers(7); contracts as Linux 6.18 holds them.
"""

from ebpflab.helpers.contract import Arg, Ret
from ebpflab.helpers.proto import Env, helper
from ebpflab.helpers.sockets import is_tcp, seen_as
from ebpflab.maps.owners import Socket


def is_unix(held: Socket) -> bool:
    return held.kind.startswith("unix_")


def is_never(held: Socket) -> bool:
    return False


@helper(
    Arg.PTR_TO_BTF_ID_SOCK_COMMON,
    ret=Ret.PTR_TO_BTF_ID_OR_NULL,
    structure="tcp6_sock",
    casts=True,
)
def skc_to_tcp6_sock(env: Env, socket: int) -> int:
    """See a socket as a TCP one over IPv6, if it is one."""
    return seen_as(env, "skc_to_tcp6_sock", socket, is_never)


@helper(
    Arg.PTR_TO_BTF_ID_SOCK_COMMON,
    ret=Ret.PTR_TO_BTF_ID_OR_NULL,
    structure="tcp_sock",
    casts=True,
)
def skc_to_tcp_sock(env: Env, socket: int) -> int:
    """See a socket as a TCP one, if it is one."""
    return seen_as(env, "skc_to_tcp_sock", socket, is_tcp)


@helper(
    Arg.PTR_TO_BTF_ID_SOCK_COMMON,
    ret=Ret.PTR_TO_BTF_ID_OR_NULL,
    structure="tcp_timewait_sock",
    casts=True,
)
def skc_to_tcp_timewait_sock(env: Env, socket: int) -> int:
    """See a socket as a closing one, if it is one."""
    return seen_as(env, "skc_to_tcp_timewait_sock", socket, is_never)


@helper(
    Arg.PTR_TO_BTF_ID_SOCK_COMMON,
    ret=Ret.PTR_TO_BTF_ID_OR_NULL,
    structure="tcp_request_sock",
    casts=True,
)
def skc_to_tcp_request_sock(env: Env, socket: int) -> int:
    """See a socket as a half-open one, if it is one."""
    return seen_as(env, "skc_to_tcp_request_sock", socket, is_never)


@helper(
    Arg.PTR_TO_BTF_ID_SOCK_COMMON,
    ret=Ret.PTR_TO_BTF_ID_OR_NULL,
    structure="udp6_sock",
    casts=True,
)
def skc_to_udp6_sock(env: Env, socket: int) -> int:
    """See a socket as a UDP one over IPv6, if it is one."""
    return seen_as(env, "skc_to_udp6_sock", socket, is_never)


@helper(
    Arg.PTR_TO_BTF_ID_SOCK_COMMON,
    ret=Ret.PTR_TO_BTF_ID_OR_NULL,
    structure="unix_sock",
)
def skc_to_unix_sock(env: Env, socket: int) -> int:
    """See a socket as a local one, if it is one."""
    return seen_as(env, "skc_to_unix_sock", socket, is_unix)


@helper(
    Arg.PTR_TO_SOCK_COMMON,
    ret=Ret.PTR_TO_BTF_ID_OR_NULL,
    structure="mptcp_sock",
    casts=True,
)
def skc_to_mptcp_sock(env: Env, socket: int) -> int:
    """See a socket as a multipath one, if it is one."""
    return seen_as(env, "skc_to_mptcp_sock", socket, is_never)
