/* Answers pings in the driver: swaps addresses, mends the checksum, sends back. */
#include "packet.h"

#define ICMP_ECHOREPLY 0
#define ICMP_ECHO 8

struct icmp {
    __u8 type, code;
    __u16 checksum;
};

static __always_inline void swap(void *left, void *right, int size)
{
    __u8 kept[6];

    __builtin_memcpy(kept, left, size);
    __builtin_memcpy(left, right, size);
    __builtin_memcpy(right, kept, size);
}

SEC("xdp")
int icmp_echo(struct xdp_md *ctx)
{
    void *data = DATA(ctx), *end = END(ctx);
    struct ethhdr *eth = data;
    struct iphdr *ip = ipv4_of(data, end);
    struct icmp *icmp;
    __u32 sum;

    if (!ip || ip->protocol != IPPROTO_ICMP)
        return XDP_PASS;
    icmp = (void *)(ip + 1);
    if ((void *)(icmp + 1) > end || icmp->type != ICMP_ECHO)
        return XDP_PASS;
    swap(eth->h_source, eth->h_dest, 6);
    swap(&ip->saddr, &ip->daddr, 4);
    icmp->type = ICMP_ECHOREPLY;
    sum = icmp->checksum + bpf_htons(ICMP_ECHO << 8);
    icmp->checksum = (sum & 0xffff) + (sum >> 16);
    return XDP_TX;
}
