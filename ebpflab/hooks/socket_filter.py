"""socket_filter: runs for each packet that a socket would receive.

The answer is how many bytes of it the socket gets, 0 for none: the oldest use of BPF.
Source: docs.kernel.org/networking/filter.html.
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
        type="socket_filter",
        context="__sk_buff",
        context_size=CONTEXT_SIZE,
        fields=FIELDS,
        context_writable=True,
        data_min=ETHERNET_HEADER,
        data_max=LARGEST_PACKET,
        pulled=ETHERNET_HEADER,
    )
)
