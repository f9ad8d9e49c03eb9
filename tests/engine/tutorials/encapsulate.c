/* Wraps IPv4 packets in another IPv4 header, as tunnels and balancers do. */
#include "packet.h"

SEC("xdp")
int encapsulate(struct xdp_md *ctx)
{
    struct ethhdr *eth = DATA(ctx), *new_eth;
    struct iphdr *ip = ipv4_of(DATA(ctx), END(ctx)), *outer;
    __u16 inner_length;

    if (!ip)
        return XDP_PASS;
    inner_length = bpf_ntohs(ip->tot_len);
    if (bpf_xdp_adjust_head(ctx, -(int)sizeof(*outer)))
        return XDP_ABORTED;
    new_eth = DATA(ctx);
    outer = (void *)(new_eth + 1);
    eth = DATA(ctx) + sizeof(*outer);
    if ((void *)(eth + 1) > END(ctx) || (void *)(outer + 1) > END(ctx))
        return XDP_ABORTED;
    __builtin_memmove(new_eth, eth, sizeof(*eth));
    __builtin_memset(outer, 0, sizeof(*outer));
    outer->version = 4;
    outer->ihl = 5;
    outer->ttl = 64;
    outer->protocol = IPPROTO_IPIP;
    outer->tot_len = bpf_htons(inner_length + sizeof(*outer));
    outer->saddr = bpf_htonl(0xc0000201);
    outer->daddr = bpf_htonl(0xc0000202);
    return XDP_TX;
}
