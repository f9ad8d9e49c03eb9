"""lwt_in, lwt_out, lwt_xmit, lwt_seg6local: run where a route says so ("encap bpf").

Source: UAPI linux/bpf.h, enum bpf_ret_code; ip-route(8).
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

for type in ("lwt_in", "lwt_out", "lwt_xmit", "lwt_seg6local"):
    register(
        Hook(
            type=type,
            context="__sk_buff",
            context_size=CONTEXT_SIZE,
            fields=sk_buff(
                hidden=(
                    f"{OF_THE_SOCKET} tc_classid data_meta flow_keys tstamp "
                    "wire_len tstamp_type hwtstamp"
                ),
                written=f"{SCRATCH} mark priority",
            ),
            context_writable=True,
            things=THINGS,
            returns={
                0: "BPF_OK",
                2: "BPF_DROP",
                7: "BPF_REDIRECT",
                128: "BPF_LWT_REROUTE",
            },
            data_min=ETHERNET_HEADER,
            data_max=LARGEST_PACKET,
            pulled=ETHERNET_HEADER,
            test_run=type != "lwt_seg6local",
            packet="write" if type == "lwt_xmit" else "read",
        )
    )
