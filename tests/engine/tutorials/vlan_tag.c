/* Puts a VLAN tag into each frame, by moving its start back. */
#include "packet.h"

struct vlan {
    __be16 tci;
    __be16 type;
};

SEC("xdp")
int vlan_tag(struct xdp_md *ctx)
{
    struct ethhdr old, *eth = DATA(ctx);
    struct vlan *vlan;

    if ((void *)(eth + 1) > END(ctx))
        return XDP_ABORTED;
    old = *eth;
    if (bpf_xdp_adjust_head(ctx, -(int)sizeof(*vlan)))
        return XDP_ABORTED;
    eth = DATA(ctx);
    vlan = (void *)(eth + 1);
    if ((void *)(vlan + 1) > END(ctx))
        return XDP_ABORTED;
    __builtin_memcpy(eth, &old, 12);
    eth->h_proto = bpf_htons(ETH_P_8021Q);
    vlan->tci = bpf_htons(42);
    vlan->type = old.h_proto;
    return XDP_TX;
}
