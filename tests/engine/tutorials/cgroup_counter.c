/* Counts the bytes of a cgroup by direction of port, and denies one. */
#include "packet.h"

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_HASH);
    __type(key, __u32);
    __type(value, __u64);
    __uint(max_entries, 16);
} bytes SEC(".maps");

SEC("cgroup_skb/egress")
int cgroup_counter(struct __sk_buff *skb)
{
    struct iphdr ip;
    __u64 *total, length = skb->len;
    __u32 key;

    if (bpf_skb_load_bytes(skb, 0, &ip, sizeof(ip)) || ip.version != 4)
        return 1;
    key = ip.daddr;
    total = bpf_map_lookup_elem(&bytes, &key);
    if (total)
        *total += length;
    else
        bpf_map_update_elem(&bytes, &key, &length, BPF_NOEXIST);
    return ip.protocol != IPPROTO_ICMP;
}
