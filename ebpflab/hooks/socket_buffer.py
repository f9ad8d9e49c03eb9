"""The context of programs that see a packet as a socket buffer: struct __sk_buff.

Several program types share it; each has a file of its own. `len` is what a program
sees of the packet. Source: UAPI linux/bpf.h, struct __sk_buff; what a test run puts
into it, and the sizes that it takes, as observed on Linux 6.18 (x86-64).
"""

from ebpflab.hooks.hook import ContextField

ETHERNET_HEADER = 14  # bytes
ETHERTYPE_OFFSET = 12  # bytes from the start of the frame
CONTEXT_SIZE = 192  # bytes
LARGEST_PACKET = 3_712  # bytes that a test run takes
TO_OTHER_HOST = 3  # PACKET_OTHERHOST: the frame's address is not loopback's
LOOPBACK = 1

FIELDS = (
    ContextField("len", 0, 4),
    ContextField("pkt_type", 4, 4, default=TO_OTHER_HOST),
    ContextField("mark", 8, 4, settable=True),
    ContextField("queue_mapping", 12, 4),
    ContextField("protocol", 16, 4, from_data=ETHERTYPE_OFFSET),
    ContextField("vlan_present", 20, 4),
    ContextField("vlan_tci", 24, 4),
    ContextField("vlan_proto", 28, 4),
    ContextField("priority", 32, 4, settable=True),
    ContextField("ingress_ifindex", 36, 4, settable=True),
    ContextField("ifindex", 40, 4, default=LOOPBACK, settable=True),
    ContextField("tc_index", 44, 4),
    *(ContextField(f"cb[{i}]", 48 + 4 * i, 4, settable=True) for i in range(5)),
    ContextField("hash", 68, 4),
    ContextField("tc_classid", 72, 4),
    ContextField("data", 76, 4, pointer="data"),
    ContextField("data_end", 80, 4, pointer="data_end"),
    ContextField("napi_id", 84, 4),
    ContextField("family", 88, 4),
    ContextField("remote_ip4", 92, 4),
    ContextField("local_ip4", 96, 4),
    *(ContextField(f"remote_ip6[{i}]", 100 + 4 * i, 4) for i in range(4)),
    *(ContextField(f"local_ip6[{i}]", 116 + 4 * i, 4) for i in range(4)),
    ContextField("remote_port", 132, 4),
    ContextField("local_port", 136, 4),
    ContextField("data_meta", 140, 4, pointer="data_meta"),
    ContextField("tstamp", 152, 8, settable=True),
    ContextField("wire_len", 160, 4),
    ContextField("gso_segs", 164, 4, settable=True),
    ContextField("gso_size", 176, 4, settable=True),
    ContextField("tstamp_type", 180, 1),
    ContextField("hwtstamp", 184, 8),
)
