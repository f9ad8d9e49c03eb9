/* A table of counters for each protocol: maps inside a map. */
#include "packet.h"

struct counters {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __type(key, __u32);
    __type(value, __u64);
    __uint(max_entries, 2);
};

struct {
    __uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
    __type(key, __u32);
    __uint(max_entries, 4);
    __array(values, struct counters);
} tables SEC(".maps");

SEC("xdp")
int map_in_map(struct xdp_md *ctx)
{
    struct iphdr *ip = ipv4_of(DATA(ctx), END(ctx));
    __u32 protocol = ip ? ip->protocol : 0, index = 1;
    void *table = bpf_map_lookup_elem(&tables, &protocol);
    __u64 *count;

    if (!table)
        return XDP_PASS;
    count = bpf_map_lookup_elem(table, &index);
    if (count)
        ++*count;
    return count ? *count : XDP_ABORTED;
}
