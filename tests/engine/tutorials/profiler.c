/* Counts the samples of a profiler by where they hit. */
#include <linux/bpf.h>
#include <linux/bpf_perf_event.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __type(key, __u64);
    __type(value, __u64);
    __uint(max_entries, 16);
} hits SEC(".maps");

SEC("perf_event")
int profiler(struct bpf_perf_event_data *ctx)
{
    __u64 place = ctx->addr & ~0xfffULL;
    __u64 one = 1, *count = bpf_map_lookup_elem(&hits, &place);

    if (count)
        ++*count;
    else
        bpf_map_update_elem(&hits, &place, &one, BPF_ANY);
    return ctx->sample_period > 1000;
}

char LICENSE[] SEC("license") = "GPL";
