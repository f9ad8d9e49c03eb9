"""sk_skb: runs for the data that sockets of a sockmap receive.

Source: docs.kernel.org/bpf/map_sockmap.html.
"""

from ebpflab.hooks.hook import Hook, register
from ebpflab.hooks.socket_buffer import (
    CONTEXT_SIZE,
    ETHERNET_HEADER,
    LARGEST_PACKET,
    sk_buff,
)

register(
    Hook(
        type="sk_skb",
        context="__sk_buff",
        context_size=CONTEXT_SIZE,
        fields=sk_buff(
            hidden=(
                "mark tc_classid data_meta flow_keys tstamp wire_len "
                "tstamp_type hwtstamp"
            ),
            written="priority tc_index",
        ),
        context_writable=True,
        returns={0: "SK_DROP", 1: "SK_PASS"},
        data_min=ETHERNET_HEADER,
        data_max=LARGEST_PACKET,
        pulled=ETHERNET_HEADER,
        test_run=False,
        packet="write",
    )
)
