/* Packets and bytes, counted on each CPU apart, without atomics. */
#include "packet.h"

struct stats {
    __u64 packets;
    __u64 bytes;
};

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __type(key, __u32);
    __type(value, struct stats);
    __uint(max_entries, 1);
} stats SEC(".maps");

SEC("xdp")
int percpu_stats(struct xdp_md *ctx)
{
    __u32 key = 0;
    struct stats *s = bpf_map_lookup_elem(&stats, &key);

    if (!s)
        return XDP_ABORTED;
    s->packets++;
    s->bytes += END(ctx) - DATA(ctx);
    return XDP_PASS;
}
