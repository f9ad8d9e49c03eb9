/* Says what it sees, in the trace pipe. */
#include "packet.h"

SEC("xdp")
int printk(struct xdp_md *ctx)
{
    struct iphdr *ip = ipv4_of(DATA(ctx), END(ctx));

    if (!ip)
        return bpf_printk("no IPv4, %d bytes", (int)(END(ctx) - DATA(ctx)));
    return bpf_printk("protocol %u from %x, ttl %02x", ip->protocol, ip->saddr, ip->ttl);
}
