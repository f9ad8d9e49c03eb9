"""The helpers that make and check SYN cookies: numbers that keep a connection.

Source: bpf-helpers(7); contracts as Linux 6.18 holds them.
"""

import errno

from ebpflab.helpers.contract import Arg
from ebpflab.helpers.cookies import is_valid, is_whole, made
from ebpflab.helpers.proto import Env, helper

IPV4_BYTES, IPV6_BYTES, TCP_BYTES = 20, 40, 20  # headers without options


def _made(env: Env, version: int, ip: bytes, tcp: bytes) -> int:
    if not is_whole(tcp):
        env.tell("effect-refused")
        return -errno.EINVAL
    cookie, size = made(version, ip, tcp)
    env.tell("effect-answer", answer=cookie)
    return size << 32 | cookie


def _checked(env: Env, version: int, ip: bytes, tcp: bytes) -> int:
    answer = 0 if is_valid(version, ip, tcp) else -errno.EACCES
    env.tell("effect-answer", answer=answer)
    return answer


@helper(
    Arg.PTR_TO_BTF_ID_SOCK_COMMON,
    Arg.PTR_TO_MEM,
    Arg.CONST_SIZE,
    Arg.PTR_TO_MEM,
    Arg.CONST_SIZE,
    gpl_only=True,
    pkt_access=True,
)
def tcp_check_syncookie(env: Env, socket: int, ip: bytes, tcp: bytes) -> int:
    """Tell whether an acknowledgement carries a valid cookie."""
    return env.kernel("tcp_check_syncookie", socket, ip, tcp)


@helper(
    Arg.PTR_TO_BTF_ID_SOCK_COMMON,
    Arg.PTR_TO_MEM,
    Arg.CONST_SIZE,
    Arg.PTR_TO_MEM,
    Arg.CONST_SIZE,
    gpl_only=True,
    pkt_access=True,
)
def tcp_gen_syncookie(env: Env, socket: int, ip: bytes, tcp: bytes) -> int:
    """Make a cookie for the socket that listens."""
    return env.kernel("tcp_gen_syncookie", socket, ip, tcp)


@helper(
    Arg.fixed_mem(IPV4_BYTES),
    Arg.PTR_TO_MEM,
    Arg.CONST_SIZE_OR_ZERO,
    gpl_only=True,
    pkt_access=True,
)
def tcp_raw_gen_syncookie_ipv4(env: Env, ip: bytes, tcp: bytes) -> int:
    """Make a cookie from two headers, without a socket."""
    return _made(env, 4, ip, tcp)


@helper(
    Arg.fixed_mem(IPV6_BYTES),
    Arg.PTR_TO_MEM,
    Arg.CONST_SIZE_OR_ZERO,
    gpl_only=True,
    pkt_access=True,
)
def tcp_raw_gen_syncookie_ipv6(env: Env, ip: bytes, tcp: bytes) -> int:
    """Make a cookie from two headers, without a socket."""
    return _made(env, 6, ip, tcp)


@helper(
    Arg.fixed_mem(IPV4_BYTES), Arg.fixed_mem(TCP_BYTES), gpl_only=True, pkt_access=True
)
def tcp_raw_check_syncookie_ipv4(env: Env, ip: bytes, tcp: bytes) -> int:
    """Tell whether two headers carry a valid cookie."""
    return _checked(env, 4, ip, tcp)


@helper(
    Arg.fixed_mem(IPV6_BYTES), Arg.fixed_mem(TCP_BYTES), gpl_only=True, pkt_access=True
)
def tcp_raw_check_syncookie_ipv6(env: Env, ip: bytes, tcp: bytes) -> int:
    """Tell whether two headers carry a valid cookie."""
    return _checked(env, 6, ip, tcp)
