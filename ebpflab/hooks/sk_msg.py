"""sk_msg: runs when a process sends on a socket of a sockmap.

The data here is the message. Source: UAPI linux/bpf.h, struct sk_msg_md; rights as
observed on Linux 6.18.
"""

from ebpflab.hooks.access import Access
from ebpflab.hooks.hook import ContextField, Hook, register

_WHOLE = Access.WHOLE
_TEXT = """
family remote_ip4 local_ip4 remote_ip6[0] remote_ip6[1] remote_ip6[2] remote_ip6[3]
local_ip6[0] local_ip6[1] local_ip6[2] local_ip6[3] remote_port local_port
"""
_NAMES = tuple(_TEXT.split())
_FIRST = 16  # bytes: after the two pointers

register(
    Hook(
        type="sk_msg",
        context="sk_msg_md",
        context_size=80,
        fields=(
            ContextField("data", 0, 8, pointer="data", reads=_WHOLE),
            ContextField("data_end", 8, 8, pointer="data_end", reads=_WHOLE),
            *(
                ContextField(name, _FIRST + 4 * i, 4, settable=True, reads=_WHOLE)
                for i, name in enumerate(_NAMES)
            ),
            ContextField("size", 68, 4, reads=_WHOLE, is_length=True),
            ContextField("sk", 72, 8, pointer="sk", kind="sock", reads=_WHOLE),
        ),
        returns={0: "SK_DROP", 1: "SK_PASS"},
        attach_types=("sk_msg_verdict",),
        test_run=False,
        packet="write",
    )
)
