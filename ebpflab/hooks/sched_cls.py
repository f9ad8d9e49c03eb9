"""sched_cls: runs in traffic control, for each packet that enters or leaves a device.

Source: UAPI linux/pkt_cls.h, TC_ACT_*.
"""

from ebpflab.hooks.hook import Hook, register
from ebpflab.hooks.socket_buffer import (
    CONTEXT_SIZE,
    ETHERNET_HEADER,
    FIELDS,
    LARGEST_PACKET,
)

register(
    Hook(
        type="sched_cls",
        context="__sk_buff",
        context_size=CONTEXT_SIZE,
        fields=FIELDS,
        context_writable=True,
        returns={
            0: "TC_ACT_OK",
            1: "TC_ACT_RECLASSIFY",
            2: "TC_ACT_SHOT",
            3: "TC_ACT_PIPE",
            4: "TC_ACT_STOLEN",
            5: "TC_ACT_QUEUED",
            6: "TC_ACT_REPEAT",
            7: "TC_ACT_REDIRECT",
            8: "TC_ACT_TRAP",
            0xFFFFFFFF: "TC_ACT_UNSPEC",
        },
        data_min=ETHERNET_HEADER,
        data_max=LARGEST_PACKET,
    )
)
