/* Lowers the TTL as a router does, and mends the header's checksum. */
#include "packet.h"

static __always_inline __u16 folded(__u64 sum)
{
    for (int i = 0; i < 4; i++)
        sum = (sum & 0xffff) + (sum >> 16);
    return ~sum;
}

SEC("xdp")
int ttl_router(struct xdp_md *ctx)
{
    struct iphdr *ip = ipv4_of(DATA(ctx), END(ctx));

    if (!ip || ip->ttl <= 1)
        return XDP_PASS;
    ip->ttl--;
    ip->check = 0;
    ip->check = folded(bpf_csum_diff(0, 0, (__be32 *)ip, sizeof(*ip), 0));
    return XDP_TX;
}
