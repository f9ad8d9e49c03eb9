/* Exercise "tell-once" (lesson 03-6). */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } news SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 1000);
         __type(key, __u32); __type(value, __u8); } known SEC(".maps");

SEC("cgroup_skb/ingress") int tell(struct __sk_buff *skb)
{
    __u32 from;
    __u8 yes = 1;

    bpf_skb_load_bytes(skb, 12, &from, 4);
    if (bpf_map_lookup_elem(&known, &from))
        return 1;
    bpf_map_update_elem(&known, &from, &yes, BPF_ANY);
    bpf_ringbuf_output(&news, &from, 4, 0);
    return 1;
}
