/* Sends the start of each packet through a perf buffer, behind a small header. */
#include "packet.h"

struct {
    __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
    __uint(key_size, 4);
    __uint(value_size, 4);
} samples SEC(".maps");

SEC("xdp")
int perf_samples(struct xdp_md *ctx)
{
    __u64 length = END(ctx) - DATA(ctx);
    __u64 size = length < 20 ? length : 20;

    bpf_perf_event_output(ctx, &samples, BPF_F_CURRENT_CPU | size << 32, &length,
                          sizeof(length));
    return XDP_PASS;
}
