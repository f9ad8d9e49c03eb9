"""The context of programs that see a packet as a socket buffer: struct __sk_buff.

Several program types share it; each has a file of its own, which says what of it is
hidden there and what may be written. `len` is what a program sees of the packet.
Source: UAPI linux/bpf.h, struct __sk_buff; what a test run puts into it, the sizes
that it takes and the rights as observed on Linux 6.18 (x86-64).
"""

import struct
from dataclasses import replace

from ebpflab.hooks.access import Access
from ebpflab.hooks.hook import ContextField

ETHERNET_HEADER = 14  # bytes
ETHERTYPE_OFFSET = 12  # bytes from the start of the frame
CONTEXT_SIZE = 192  # bytes
LARGEST_PACKET = 3_712  # bytes that a test run takes
SOCKET = struct.Struct("<72xIi")  # struct bpf_sock, zeros but for its end
CLOSED, NO_QUEUE = 7, -1
# The socket of a test run's packet: of no family, never opened.
THINGS = {"sk": SOCKET.pack(CLOSED, NO_QUEUE)}
TO_OTHER_HOST = 3  # PACKET_OTHERHOST: the frame's address is not loopback's
LOOPBACK = 1

_WHOLE = Access.WHOLE
_CB = 48  # bytes: where the five words of SCRATCH begin

FIELDS = (
    ContextField("len", 0, 4, is_length=True),
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
    *(
        ContextField(
            f"cb[{i}]",
            _CB + 4 * i,
            4,
            settable=True,
            reads=Access.WIDE if i in (0, 2) else Access.ANY,
        )
        for i in range(5)
    ),
    ContextField("hash", 68, 4),
    ContextField("tc_classid", 72, 4),
    ContextField("data", 76, 4, pointer="data", reads=_WHOLE),
    ContextField("data_end", 80, 4, pointer="data_end", reads=_WHOLE),
    ContextField("napi_id", 84, 4),
    ContextField("family", 88, 4),
    ContextField("remote_ip4", 92, 4, reads=_WHOLE),
    ContextField("local_ip4", 96, 4, reads=_WHOLE),
    *(ContextField(f"remote_ip6[{i}]", 100 + 4 * i, 4, reads=_WHOLE) for i in range(4)),
    *(ContextField(f"local_ip6[{i}]", 116 + 4 * i, 4, reads=_WHOLE) for i in range(4)),
    ContextField("remote_port", 132, 4),
    ContextField("local_port", 136, 4),
    ContextField("data_meta", 140, 4, pointer="data_meta", reads=_WHOLE),
    ContextField("flow_keys", 144, 8, pointer="flow_keys", reads=_WHOLE),
    ContextField("tstamp", 152, 8, settable=True, reads=_WHOLE),
    ContextField("wire_len", 160, 4),
    ContextField("gso_segs", 164, 4, settable=True),
    ContextField("sk", 168, 8, pointer="sk", kind="sock_common_or_null", reads=_WHOLE),
    ContextField("gso_size", 176, 4, settable=True),
    ContextField("tstamp_type", 180, 1),
    ContextField("hwtstamp", 184, 8, reads=_WHOLE),
)
SCRATCH = "cb[0] cb[1] cb[2] cb[3] cb[4]"  # words that programs may use as they like
OF_THE_SOCKET = (
    "family remote_ip4 local_ip4 remote_ip6[0] remote_ip6[1] remote_ip6[2] "
    "remote_ip6[3] local_ip6[0] local_ip6[1] local_ip6[2] local_ip6[3] remote_port "
    "local_port"
)


def sk_buff(*, hidden: str, written: str) -> tuple[ContextField, ...]:
    """Return the fields with the rights of one program type.

    Args:    hidden: names of fields that it may not read.
             written: names of fields that it may write: whole, but SCRATCH as read.
    """
    hides, writes = hidden.split(), written.split()
    unknown = {*hides, *writes} - {row.name for row in FIELDS}
    if unknown:
        raise ValueError(f"no fields of __sk_buff: {unknown}")
    return tuple(
        replace(row, reads=Access.NONE, writes=Access.NONE)
        if row.name in hides
        else replace(row, writes=row.reads if row.name in SCRATCH else _WHOLE)
        if row.name in writes
        else row
        for row in FIELDS
    )
