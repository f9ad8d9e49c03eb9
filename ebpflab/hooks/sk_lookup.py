"""sk_lookup: runs to choose the socket for a packet, before the kernel looks for one.

Ports and addresses of the other side are in network order, `local_port` is not. In a
test run of Linux the choice (`cookie`) is answered in the context.
Source: UAPI linux/bpf.h, struct bpf_sk_lookup; rights as observed on Linux 6.18.
"""

from ebpflab.hooks.access import Access
from ebpflab.hooks.hook import ContextField, Hook, register

_TEXT = """
family protocol remote_ip4 remote_ip6[0] remote_ip6[1] remote_ip6[2] remote_ip6[3]
remote_port local_ip4 local_ip6[0] local_ip6[1] local_ip6[2] local_ip6[3] local_port
ingress_ifindex
"""
_NAMES = tuple(_TEXT.split())
_FIRST = 8  # bytes: after the pointer

register(
    Hook(
        type="sk_lookup",
        context="bpf_sk_lookup",
        context_size=72,
        fields=(
            ContextField(
                "sk", 0, 8, pointer="sk", kind="sock_or_null", reads=Access.WHOLE
            ),
            *(
                ContextField(name, _FIRST + 4 * i, 4, settable=True)
                for i, name in enumerate(_NAMES)
            ),
        ),
        returns={0: "SK_DROP", 1: "SK_PASS"},
        has_packet=False,
        data_max=0,
        attach_types=("sk_lookup",),
        expected=("sk_lookup",),
        answers={"": (0, 1)},
    )
)
