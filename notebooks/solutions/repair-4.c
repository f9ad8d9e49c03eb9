/* Exercise "repair-4" (lesson 03-3): 8 bytes end at byte 7. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1);
         __type(key, __u32); __type(value, __u8[8]); } eight SEC(".maps");

SEC("xdp")
int mark(struct xdp_md *ctx)
{
    __u32 key = 0, queue = ctx->rx_queue_index;
    __u8 *bytes = bpf_map_lookup_elem(&eight, &key);

    if (bytes && queue < 8)
        bytes[queue] = 1;
    return XDP_PASS;
}
