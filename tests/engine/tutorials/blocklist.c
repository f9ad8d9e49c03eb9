/* Drops packets from addresses that a hash holds, and counts them there. */
#include "packet.h"

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __type(key, __u32);
    __type(value, __u64);
    __uint(max_entries, 16);
} blocked SEC(".maps");

SEC("xdp")
int blocklist(struct xdp_md *ctx)
{
    struct iphdr *ip = ipv4_of(DATA(ctx), END(ctx));
    __u64 *hits;
    __u32 source;

    if (!ip)
        return XDP_PASS;
    source = ip->saddr;
    hits = bpf_map_lookup_elem(&blocked, &source);
    if (!hits)
        return XDP_PASS;
    __sync_fetch_and_add(hits, 1);
    return XDP_DROP;
}
