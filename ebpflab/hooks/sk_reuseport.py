"""sk_reuseport: runs to choose among sockets that listen on one port.

Source: UAPI linux/bpf.h, struct sk_reuseport_md; rights as observed on Linux 6.18.
"""

from ebpflab.hooks.access import Access
from ebpflab.hooks.hook import FIRST_ATTACH_TYPE, ContextField, Hook, register

_WHOLE = Access.WHOLE

register(
    Hook(
        type="sk_reuseport",
        context="sk_reuseport_md",
        context_size=56,
        fields=(
            ContextField("data", 0, 8, pointer="data", reads=_WHOLE),
            ContextField("data_end", 8, 8, pointer="data_end", reads=_WHOLE),
            ContextField("len", 16, 4, is_length=True),
            ContextField("eth_protocol", 20, 4, settable=True, reads=Access.HALVES),
            ContextField("ip_protocol", 24, 4, settable=True),
            ContextField("bind_inany", 28, 4, settable=True),
            ContextField("hash", 32, 4, settable=True, reads=_WHOLE),
            ContextField("sk", 40, 8, pointer="sk", kind="sock", reads=_WHOLE),
            ContextField(
                "migrating_sk",
                48,
                8,
                pointer="sk",
                kind="sock_common_or_null",
                reads=_WHOLE,
            ),
        ),
        returns={0: "SK_DROP", 1: "SK_PASS"},
        attach_types=("sk_reuseport_select", "sk_reuseport_select_or_migrate"),
        test_run=False,
        expected=(
            FIRST_ATTACH_TYPE,
            "sk_reuseport_select",
            "sk_reuseport_select_or_migrate",
        ),
        packet="read",
    )
)
