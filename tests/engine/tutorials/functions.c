/* Functions that are really called, one from another, with their own stacks. */
#include "packet.h"

static __noinline __u32 mixed(__u32 value, __u32 with)
{
    volatile __u32 kept[4] = {value, with, value ^ with, 7};

    return kept[0] * 31 + kept[2] * kept[3];
}

static __noinline __u32 hashed(__u32 source, __u32 destination)
{
    return mixed(mixed(source, destination), 0x9e3779b9);
}

SEC("xdp")
int functions(struct xdp_md *ctx)
{
    struct iphdr *ip = ipv4_of(DATA(ctx), END(ctx));

    return ip ? hashed(ip->saddr, ip->daddr) : XDP_PASS;
}
