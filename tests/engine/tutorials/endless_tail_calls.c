/* Calls itself until the kernel says no: 33 times. */
#include "packet.h"

struct {
    __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
    __uint(max_entries, 1);
    __uint(key_size, 4);
    __uint(value_size, 4);
} itself SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __type(key, __u32);
    __type(value, __u64);
    __uint(max_entries, 1);
} runs SEC(".maps");

SEC("xdp")
int again(struct xdp_md *ctx)
{
    __u32 key = 0;
    __u64 *count = bpf_map_lookup_elem(&runs, &key);

    if (count)
        ++*count;
    bpf_tail_call(ctx, &itself, 0);
    return XDP_PASS;
}
