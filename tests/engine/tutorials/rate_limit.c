/* A token bucket by source address: lets so many packets a second pass. */
#include "packet.h"

struct bucket {
    __u64 tokens;
    __u64 last_ns;
};

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __type(key, __u32);
    __type(value, struct bucket);
    __uint(max_entries, 16);
} sources SEC(".maps");

SEC("xdp")
int rate_limit(struct xdp_md *ctx)
{
    struct iphdr *ip = ipv4_of(DATA(ctx), END(ctx));
    struct bucket *bucket, new = {.tokens = 4};
    __u64 now = bpf_ktime_get_ns();
    __u32 source;

    if (!ip)
        return XDP_PASS;
    source = ip->saddr;
    bucket = bpf_map_lookup_elem(&sources, &source);
    if (!bucket) {
        new.last_ns = now;
        bpf_map_update_elem(&sources, &source, &new, BPF_ANY);
        return XDP_PASS;
    }
    if (now - bucket->last_ns > 1000000000000) {
        bucket->tokens = 4;
        bucket->last_ns = now;
    }
    if (!bucket->tokens)
        return XDP_DROP;
    bucket->tokens--;
    return XDP_PASS;
}
