"""sched_cls and sched_act: run in traffic control, as a classifier and as an action.

For each packet that enters or leaves a device. Source: UAPI linux/pkt_cls.h, TC_ACT_*.
"""

from ebpflab.hooks.hook import Hook, register
from ebpflab.hooks.socket_buffer import (
    CONTEXT_SIZE,
    ETHERNET_HEADER,
    LARGEST_PACKET,
    OF_THE_SOCKET,
    SCRATCH,
    THINGS,
    sk_buff,
)

ACTIONS = {
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
}

for type in ("sched_cls", "sched_act"):
    register(
        Hook(
            type=type,
            context="__sk_buff",
            context_size=CONTEXT_SIZE,
            fields=sk_buff(
                hidden=f"{OF_THE_SOCKET} flow_keys",
                written=f"{SCRATCH} mark queue_mapping priority tc_index tc_classid"
                " tstamp",
            ),
            context_writable=True,
            things=THINGS,
            returns=ACTIONS,
            data_min=ETHERNET_HEADER,
            data_max=LARGEST_PACKET,
            packet="write",
        )
    )
