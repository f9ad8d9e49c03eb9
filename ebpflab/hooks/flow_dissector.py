"""flow_dissector: finds a packet's addresses and ports for the kernel's flow hash.

It fills the structure that `flow_keys` points to.
Kernel differs: a test run of Linux answers with that structure instead of the packet.
Source: docs.kernel.org/bpf/prog_flow_dissector.html.
"""

from ebpflab.hooks.hook import Hook, register
from ebpflab.hooks.socket_buffer import (
    CONTEXT_SIZE,
    ETHERNET_HEADER,
    LARGEST_PACKET,
    OF_THE_SOCKET,
    sk_buff,
)

FLOW_KEYS_SIZE = 56  # bytes

register(
    Hook(
        type="flow_dissector",
        context="__sk_buff",
        context_size=CONTEXT_SIZE,
        fields=sk_buff(
            hidden=(
                "len pkt_type mark queue_mapping protocol vlan_present "
                "vlan_tci vlan_proto priority ingress_ifindex ifindex "
                "tc_index cb[0] cb[1] cb[2] cb[3] cb[4] hash tc_classid "
                f"napi_id {OF_THE_SOCKET} data_meta tstamp wire_len gso_segs "
                "sk gso_size tstamp_type hwtstamp"
            ),
            written="",
        ),
        context_writable=True,
        returns={0: "BPF_OK", 2: "BPF_DROP", 129: "BPF_FLOW_DISSECTOR_CONTINUE"},
        data_min=ETHERNET_HEADER,
        data_max=LARGEST_PACKET,
        things={"flow_keys": bytes(FLOW_KEYS_SIZE)},
        attach_types=("flow_dissector",),
        packet="read",
    )
)
