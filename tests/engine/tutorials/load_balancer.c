/* Chooses a server by a hash of the flow, and sends the packet there. */
#include "packet.h"

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __type(key, __u32);
    __type(value, __u32);
    __uint(max_entries, 4);
} servers SEC(".maps");

SEC("xdp")
int load_balancer(struct xdp_md *ctx)
{
    void *end = END(ctx);
    struct iphdr *ip = ipv4_of(DATA(ctx), end);
    struct udphdr *ports;
    __u32 key, *server;

    if (!ip || (ip->protocol != IPPROTO_TCP && ip->protocol != IPPROTO_UDP))
        return XDP_PASS;
    ports = (void *)(ip + 1);
    if ((void *)(ports + 1) > end)
        return XDP_DROP;
    key = ip->saddr ^ ip->daddr ^ ((__u32)ports->source << 16 | ports->dest);
    key = key * 2654435761u >> 30;
    server = bpf_map_lookup_elem(&servers, &key);
    if (!server || !*server)
        return XDP_PASS;
    ip->daddr = *server;
    return XDP_TX;
}
