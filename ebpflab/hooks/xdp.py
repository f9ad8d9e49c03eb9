"""xdp: runs for each packet, in the driver, before the kernel has looked at it.

A test run takes packets larger than a page, but only the first 3,520 bytes lie between
`data` and `data_end`. Source: UAPI linux/bpf.h, struct xdp_md and enum xdp_action;
sizes as observed on Linux 6.18 (x86-64).
"""

from ebpflab.hooks.access import Access
from ebpflab.hooks.hook import ContextField, Hook, register

ETHERNET_HEADER = 14  # bytes
LOOPBACK = 1  # the interface index that a test run tells
_WHOLE = Access.WHOLE

register(
    Hook(
        type="xdp",
        context="xdp_md",
        context_size=24,
        fields=(
            ContextField("data", 0, 4, pointer="data", reads=_WHOLE),
            ContextField("data_end", 4, 4, pointer="data_end", reads=_WHOLE),
            ContextField("data_meta", 8, 4, pointer="data_meta", reads=_WHOLE),
            ContextField(
                "ingress_ifindex", 12, 4, default=LOOPBACK, settable=True, reads=_WHOLE
            ),
            ContextField("rx_queue_index", 16, 4, settable=True, reads=_WHOLE),
            ContextField(
                "egress_ifindex", 20, 4, reads=_WHOLE, readable_in=("xdp_devmap",)
            ),
        ),
        returns={
            0: "XDP_ABORTED",
            1: "XDP_DROP",
            2: "XDP_PASS",
            3: "XDP_TX",
            4: "XDP_REDIRECT",
        },
        data_min=ETHERNET_HEADER,
        data_max=73_152,
        linear_max=3_520,
        room_before=216,
        attach_types=("xdp", "xdp_devmap", "xdp_cpumap"),
        packet="write",
    )
)
