/* Exercise "repair-5" (lesson 03-3): a signed number has two ends. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1);
         __type(key, __u32); __type(value, __u8[8]); } eight SEC(".maps");

SEC("xdp")
int mark(struct xdp_md *ctx)
{
    __u32 key = 0;
    __u8 *bytes = bpf_map_lookup_elem(&eight, &key);
    long place = (long)ctx->rx_queue_index - 7;

    if (bytes && place >= 0 && place < 8)
        bytes[place] = 1;
    return XDP_PASS;
}
