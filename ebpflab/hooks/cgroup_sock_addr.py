"""cgroup_sock_addr: runs when a process of a cgroup binds, connects, sends.

It may send the process elsewhere: user_ip4 and user_port are written. Which fields
there are depends on where it is attached. Ports and addresses are in network order.
Source: UAPI linux/bpf.h, struct bpf_sock_addr; rights as observed on Linux 6.18.
"""

from ebpflab.hooks.access import Access
from ebpflab.hooks.hook import ContextField, Hook, register

_WHOLE, _PAIR, _WIDE = Access.WHOLE, Access.PAIR, Access.WIDE
_PLACES = ["bind", "connect", "getpeername", "getsockname"]
_IP4 = (
    *(f"cgroup_inet4_{place}" for place in _PLACES),
    *("cgroup_udp4_sendmsg", "cgroup_udp4_recvmsg"),
)
_IP6 = tuple(name.replace("4", "6") for name in _IP4)
_UNIX = tuple(
    f"cgroup_unix_{place}"
    for place in ("connect", "sendmsg", "recvmsg", "getpeername", "getsockname")
)
_BIND = ("cgroup_inet4_bind", "cgroup_inet6_bind")
_AFTERWARDS = tuple(
    name
    for name in (*_IP4, *_IP6, *_UNIX)
    if name.endswith(("recvmsg", "getpeername", "getsockname"))
)
_SEND4, _SEND6 = ("cgroup_udp4_sendmsg",), ("cgroup_udp6_sendmsg",)


def _field(
    name: str,
    offset: int,
    where: tuple[str, ...] = (),
    reads: Access = Access.ANY,
    writes: Access = _WHOLE,
) -> ContextField:
    return ContextField(
        name,
        offset,
        4,
        settable=True,
        reads=reads,
        writes=writes,
        readable_in=where,
        writable_in=where,
    )


def _address(
    name: str, offset: int, where: tuple[str, ...]
) -> tuple[ContextField, ...]:
    """Return the four words of an IPv6 address; two of them may go at once."""
    pairs = [(offset + 4 * i) % 8 == 0 and i < 3 for i in range(4)]
    return tuple(
        _field(
            f"{name}[{i}]",
            offset + 4 * i,
            where,
            _WIDE if pairs[i] else Access.ANY,
            _PAIR if pairs[i] else _WHOLE,
        )
        for i in range(4)
    )


register(
    Hook(
        type="cgroup_sock_addr",
        context="bpf_sock_addr",
        context_size=72,
        fields=(
            _field("user_family", 0, reads=_WHOLE, writes=Access.NONE),
            _field("user_ip4", 4, _IP4),
            *_address("user_ip6", 8, _IP6),
            _field("user_port", 24),
            _field("family", 28, reads=_WHOLE, writes=Access.NONE),
            _field("type", 32, reads=_WHOLE, writes=Access.NONE),
            _field("protocol", 36, reads=_WHOLE, writes=Access.NONE),
            _field("msg_src_ip4", 40, _SEND4),
            *_address("msg_src_ip6", 44, _SEND6),
            ContextField("sk", 64, 8, pointer="sk", kind="sock", reads=_WHOLE),
        ),
        context_writable=True,
        returns={0: "DENY", 1: "ALLOW"},
        has_packet=False,
        data_max=0,
        attach_types=(*_IP4, *_IP6, *_UNIX),
        test_run=False,
        expected=(*_IP4, *_IP6, *_UNIX),
        answers={
            "": (0, 1),
            **dict.fromkeys(_BIND, (0, 3)),
            **dict.fromkeys(_AFTERWARDS, (1, 1)),
        },
    )
)
