/* A stack of packet lengths; the oldest falls off. */
#include "packet.h"

struct {
    __uint(type, BPF_MAP_TYPE_STACK);
    __type(value, __u32);
    __uint(max_entries, 3);
} lengths SEC(".maps");

SEC("tc")
int stack(struct __sk_buff *skb)
{
    __u32 length = skb->len, top = 0;
    long empty = bpf_map_peek_elem(&lengths, &top);

    bpf_map_push_elem(&lengths, &length, BPF_EXIST);
    if (length & 4)
        bpf_map_pop_elem(&lengths, &length);
    return empty ? 1 : top;
}
