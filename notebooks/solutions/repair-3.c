/* Exercise "repair-3" (lesson 03-3): a lookup may find nothing. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 4);
         __type(key, __u32); __type(value, __u64); } counts SEC(".maps");

SEC("xdp")
int count(struct xdp_md *ctx)
{
    __u32 key = 0;
    __u64 *count = bpf_map_lookup_elem(&counts, &key);

    if (count)
        *count += 1;
    return XDP_PASS;
}
