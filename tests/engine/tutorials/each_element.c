/* Adds up a map with a callback for each element. */
#include "packet.h"

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __type(key, __u32);
    __type(value, __u64);
    __uint(max_entries, 6);
} values SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __type(key, __u32);
    __type(value, __u64);
    __uint(max_entries, 8);
} flows SEC(".maps");

struct bpf_map;

static long add(struct bpf_map *map, __u32 *key, __u64 *value, __u64 *total)
{
    if (*key == 4)
        return 1;
    *total += *value * (*key + 1);
    *value += 1;
    return 0;
}

SEC("tc")
int each_element(struct __sk_buff *skb)
{
    __u64 total = 0;
    __u32 length = skb->len;
    __u64 one = 1;
    long calls = bpf_for_each_map_elem(&values, add, &total, 0);

    bpf_map_update_elem(&flows, &length, &one, BPF_ANY);
    return total << 8 | calls;
}
