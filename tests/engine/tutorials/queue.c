/* Keeps the lengths of packets in a queue, and takes the oldest out when it is full. */
#include "packet.h"

struct {
    __uint(type, BPF_MAP_TYPE_QUEUE);
    __type(value, __u32);
    __uint(max_entries, 3);
} lengths SEC(".maps");

SEC("xdp")
int queue(struct xdp_md *ctx)
{
    __u32 length = END(ctx) - DATA(ctx), oldest = 0;

    if (bpf_map_push_elem(&lengths, &length, 0) == 0)
        return XDP_PASS;
    bpf_map_peek_elem(&lengths, &oldest);
    bpf_map_pop_elem(&lengths, &oldest);
    return oldest;
}
