/* Has this source been seen before? A bloom filter answers. */
#include "packet.h"

struct {
    __uint(type, BPF_MAP_TYPE_BLOOM_FILTER);
    __type(value, __u32);
    __uint(max_entries, 1000);
} seen SEC(".maps");

SEC("xdp")
int bloom(struct xdp_md *ctx)
{
    struct iphdr *ip = ipv4_of(DATA(ctx), END(ctx));
    __u32 source;

    if (!ip)
        return XDP_PASS;
    source = ip->saddr;
    if (bpf_map_peek_elem(&seen, &source) == 0)
        return XDP_DROP;
    bpf_map_push_elem(&seen, &source, 0);
    return XDP_PASS;
}
