"""netfilter: runs in the kernel's firewall, beside nftables.

Its context is two pointers to structures of the kernel.
Kernel differs: both are null here; a run needs a simulated or a real kernel.
Source: struct bpf_nf_ctx; docs.kernel.org/bpf.
"""

from ebpflab.hooks.access import Access
from ebpflab.hooks.hook import ContextField, Hook, register

register(
    Hook(
        type="netfilter",
        context="bpf_nf_ctx",
        context_size=16,
        fields=(
            ContextField("state", 0, 8, pointer="state", reads=Access.WHOLE),
            ContextField("skb", 8, 8, pointer="skb", reads=Access.WHOLE),
        ),
        returns={0: "NF_DROP", 1: "NF_ACCEPT"},
        data_min=14,
        data_max=3_712,
        attach_types=("netfilter",),
    )
)
