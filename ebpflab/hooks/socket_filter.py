"""socket_filter: runs for each packet that a socket would receive.

The answer is how many bytes of it the socket gets, 0 for none: the oldest use of BPF.
Source: docs.kernel.org/networking/filter.html.
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

register(
    Hook(
        type="socket_filter",
        context="__sk_buff",
        context_size=CONTEXT_SIZE,
        fields=sk_buff(
            hidden=(
                f"{OF_THE_SOCKET} tc_classid data data_end data_meta flow_keys "
                "tstamp wire_len tstamp_type hwtstamp"
            ),
            written=SCRATCH,
        ),
        context_writable=True,
        things=THINGS,
        data_min=ETHERNET_HEADER,
        data_max=LARGEST_PACKET,
        pulled=ETHERNET_HEADER,
    )
)
