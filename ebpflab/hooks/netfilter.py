"""netfilter: runs in the kernel's firewall, beside nftables.

Its context is two pointers to structures of the kernel.
Kernel differs: both are null here; a run needs a simulated or a real kernel.
Source: struct bpf_nf_ctx; docs.kernel.org/bpf.
"""

from ebpflab.hooks.access import Access
from ebpflab.hooks.hook import ContextField, Hook, register


def _pointer(name: str, offset: int, kind: str) -> ContextField:
    return ContextField(name, offset, 8, pointer=name, kind=kind, reads=Access.WHOLE)


register(
    Hook(
        type="netfilter",
        context="bpf_nf_ctx",
        context_size=16,
        fields=(
            _pointer("state", 0, "trusted_ptr_nf_hook_state"),
            _pointer("skb", 8, "trusted_ptr_sk_buff"),
        ),
        returns={0: "NF_DROP", 1: "NF_ACCEPT"},
        data_min=14,
        data_max=3_712,
        attach_types=("netfilter",),
        expected=("netfilter",),
        answers={"": (0, 1)},
    )
)
