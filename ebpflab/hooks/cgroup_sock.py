"""cgroup_sock: runs when a process of a cgroup makes, binds or frees a socket.

Source: UAPI linux/bpf.h, struct bpf_sock; rights as observed on Linux 6.18.
"""

from ebpflab.hooks.access import Access
from ebpflab.hooks.hook import FIRST_ATTACH_TYPE, ContextField, Hook, register

_WHOLE, _START = Access.WHOLE, Access.START
_MADE = ("cgroup_inet_sock_create", "cgroup_inet_sock_release")
_BOUND4 = ("cgroup_inet4_post_bind",)
_BOUND6 = ("cgroup_inet6_post_bind",)
_BOUND = _BOUND4 + _BOUND6


def _option(name: str, offset: int) -> ContextField:
    """Return a field that is for new sockets only, and may be written."""
    return ContextField(
        name,
        offset,
        4,
        settable=True,
        reads=_WHOLE,
        writes=_WHOLE,
        readable_in=_MADE,
        writable_in=_MADE,
    )


def _plain(
    name: str,
    offset: int,
    reads: Access = Access.ANY,
    where: tuple[str, ...] = (),
    size: int = 4,
) -> ContextField:
    return ContextField(
        name, offset, size, settable=True, reads=reads, readable_in=where
    )


register(
    Hook(
        type="cgroup_sock",
        context="bpf_sock",
        context_size=80,
        fields=(
            _option("bound_dev_if", 0),
            _plain("family", 4, _START),
            _plain("type", 8, _START),
            _plain("protocol", 12, _START),
            _option("mark", 16),
            _option("priority", 20),
            _plain("src_ip4", 24, where=_BOUND4),
            *(_plain(f"src_ip6[{i}]", 28 + 4 * i, where=_BOUND6) for i in range(4)),
            _plain("src_port", 44, _START, _BOUND),
            _plain("dst_port", 48, Access.PORT, size=2),
            _plain("dst_ip4", 52),
            *(_plain(f"dst_ip6[{i}]", 56 + 4 * i) for i in range(4)),
            _plain("state", 72, _START),
            _plain("rx_queue_mapping", 76, _START),
        ),
        context_writable=True,
        returns={0: "DENY", 1: "ALLOW"},
        has_packet=False,
        data_max=0,
        attach_types=(*_MADE, *_BOUND),
        test_run=False,
        expected=(FIRST_ATTACH_TYPE, *_MADE, *_BOUND),
        answers={"": (0, 1)},
    )
)
