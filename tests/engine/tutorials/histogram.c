/* Packet lengths as a histogram of powers of two. */
#include "packet.h"

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __type(key, __u32);
    __type(value, __u64);
    __uint(max_entries, 16);
} buckets SEC(".maps");

static __always_inline __u32 log2(__u32 value)
{
    __u32 result = 0;

    for (int i = 0; i < 16; i++) {
        value >>= 1;
        if (!value)
            break;
        result++;
    }
    return result;
}

SEC("tc")
int histogram(struct __sk_buff *skb)
{
    __u32 key = log2(skb->len);
    __u64 *bucket = bpf_map_lookup_elem(&buckets, &key);

    if (bucket)
        __sync_fetch_and_add(bucket, 1);
    return TC_ACT_OK;
}
