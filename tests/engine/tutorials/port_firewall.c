/* Lets only some TCP ports in. */
#include "packet.h"

SEC("xdp")
int port_firewall(struct xdp_md *ctx)
{
    void *end = END(ctx);
    struct iphdr *ip = ipv4_of(DATA(ctx), end);
    struct tcphdr *tcp;

    if (!ip || ip->protocol != IPPROTO_TCP || ip->ihl != 5)
        return XDP_PASS;
    tcp = (void *)(ip + 1);
    if ((void *)(tcp + 1) > end)
        return XDP_DROP;
    switch (bpf_ntohs(tcp->dest)) {
    case 22:
    case 80:
    case 443:
        return XDP_PASS;
    }
    return bpf_ntohs(tcp->dest) >= 32768 ? XDP_PASS : XDP_DROP;
}
