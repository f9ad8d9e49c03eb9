/* Counts packets by IP protocol in an array. */
#include "packet.h"

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __type(key, __u32);
    __type(value, __u64);
    __uint(max_entries, 256);
} counts SEC(".maps");

SEC("xdp")
int count_protocols(struct xdp_md *ctx)
{
    struct iphdr *ip = ipv4_of(DATA(ctx), END(ctx));
    __u32 key = ip ? ip->protocol : 0;
    __u64 *count = bpf_map_lookup_elem(&counts, &key);

    if (count)
        __sync_fetch_and_add(count, 1);
    return XDP_PASS;
}
