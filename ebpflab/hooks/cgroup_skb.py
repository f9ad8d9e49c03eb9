"""cgroup_skb: runs for each packet of the processes of a cgroup; lets it pass or not.

systemd's IP firewall for a unit is such a program. The Ethernet header is out of its
reach: the packet begins with the IP header. Source: docs.kernel.org/bpf.
"""

from ebpflab.hooks.hook import Hook, register
from ebpflab.hooks.socket_buffer import (
    CONTEXT_SIZE,
    ETHERNET_HEADER,
    LARGEST_PACKET,
    SCRATCH,
    THINGS,
    sk_buff,
)

register(
    Hook(
        type="cgroup_skb",
        context="__sk_buff",
        context_size=CONTEXT_SIZE,
        fields=sk_buff(
            hidden=("tc_classid data_meta flow_keys wire_len tstamp_type"),
            written=f"{SCRATCH} mark priority tstamp",
        ),
        context_writable=True,
        things=THINGS,
        returns={0: "DROP", 1: "PASS"},
        data_min=ETHERNET_HEADER,
        data_max=LARGEST_PACKET,
        pulled=ETHERNET_HEADER,
        packet="read",
        attach_types=("cgroup_inet_ingress", "cgroup_inet_egress"),
        expected=("cgroup_inet_ingress", "cgroup_inet_egress"),
        answers={"": (0, 1), "cgroup_inet_egress": (0, 3)},
    )
)
