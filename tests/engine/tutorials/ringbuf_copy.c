/* Copies the first bytes of each packet into a ring buffer. */
#include "packet.h"

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 4096);
} samples SEC(".maps");

SEC("tc")
int ringbuf_copy(struct __sk_buff *skb)
{
    __u8 head[32];

    if (bpf_skb_load_bytes(skb, 0, head, sizeof(head)))
        return TC_ACT_OK;
    bpf_ringbuf_output(&samples, head, sizeof(head), 0);
    return bpf_ringbuf_query(&samples, BPF_RB_AVAIL_DATA) > 100 ? TC_ACT_SHOT : 0;
}
