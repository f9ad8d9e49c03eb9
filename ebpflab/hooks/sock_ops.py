"""sock_ops: runs at moments in the life of a TCP connection of a cgroup.

`op` tells the moment. Source: UAPI linux/bpf.h, struct bpf_sock_ops; rights as
observed on Linux 6.18.
"""

from ebpflab.hooks.access import Access
from ebpflab.hooks.hook import ContextField, Hook, register

_WHOLE = Access.WHOLE
_TEXT = """
op args[0] args[1] args[2] args[3] family remote_ip4 local_ip4 remote_ip6[0]
remote_ip6[1] remote_ip6[2] remote_ip6[3] local_ip6[0] local_ip6[1] local_ip6[2]
local_ip6[3] remote_port local_port is_fullsock snd_cwnd srtt_us
bpf_sock_ops_cb_flags state rtt_min snd_ssthresh rcv_nxt snd_nxt snd_una mss_cache
ecn_flags rate_delivered rate_interval_us packets_out retrans_out total_retrans
segs_in data_segs_in segs_out data_segs_out lost_out sacked_out sk_txhash
"""
_NAMES = tuple(_TEXT.split())
_WRITTEN = ("args[0]", "sk_txhash")  # the first is also called `reply`
_AFTER = 4 * len(_NAMES)

register(
    Hook(
        type="sock_ops",
        context="bpf_sock_ops",
        context_size=_AFTER + 56,
        fields=(
            *(
                ContextField(
                    name,
                    4 * i,
                    4,
                    settable=True,
                    reads=_WHOLE,
                    writes=_WHOLE if name in _WRITTEN else Access.NONE,
                )
                for i, name in enumerate(_NAMES)
            ),
            ContextField("bytes_received", _AFTER, 8, settable=True, reads=_WHOLE),
            ContextField("bytes_acked", _AFTER + 8, 8, settable=True, reads=_WHOLE),
            ContextField(
                "sk",
                _AFTER + 16,
                8,
                pointer="sk",
                kind="sock_or_null",
                reads=_WHOLE,
            ),
            ContextField("skb_data", _AFTER + 24, 8, pointer="data", reads=_WHOLE),
            ContextField(
                "skb_data_end", _AFTER + 32, 8, pointer="data_end", reads=_WHOLE
            ),
            ContextField("skb_len", _AFTER + 40, 4, settable=True, reads=_WHOLE),
            ContextField(
                "skb_tcp_flags", _AFTER + 44, 4, settable=True, reads=Access.START
            ),
            ContextField("skb_hwtstamp", _AFTER + 48, 8, settable=True, reads=_WHOLE),
        ),
        context_writable=True,
        attach_types=("cgroup_sock_ops",),
        test_run=False,
        answers={"": (0, 1)},
    )
)
