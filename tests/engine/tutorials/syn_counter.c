/* Counts connection attempts by source, and stops who makes too many. */
#include "packet.h"

struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __type(key, __u32);
    __type(value, __u64);
    __uint(max_entries, 64);
} attempts SEC(".maps");

SEC("xdp")
int syn_counter(struct xdp_md *ctx)
{
    void *end = END(ctx);
    struct iphdr *ip = ipv4_of(DATA(ctx), end);
    __u64 one = 1, *count;
    struct tcphdr *tcp;
    __u32 source;

    if (!ip || ip->protocol != IPPROTO_TCP)
        return XDP_PASS;
    tcp = (void *)ip + ip->ihl * 4;
    if ((void *)(tcp + 1) > end || !tcp->syn || tcp->ack)
        return XDP_PASS;
    source = ip->saddr;
    count = bpf_map_lookup_elem(&attempts, &source);
    if (!count) {
        bpf_map_update_elem(&attempts, &source, &one, BPF_NOEXIST);
        return XDP_PASS;
    }
    return ++*count > 1 ? XDP_DROP : XDP_PASS;
}
