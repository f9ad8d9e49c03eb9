/* Sends a record for each TCP packet through a ring buffer, made in place. */
#include "packet.h"

struct event {
    __u32 source, destination;
    __u16 from, to;
    __u32 length;
};

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 4096);
} events SEC(".maps");

SEC("xdp")
int ringbuf_events(struct xdp_md *ctx)
{
    void *data = DATA(ctx), *end = END(ctx);
    struct iphdr *ip = ipv4_of(data, end);
    struct tcphdr *tcp;
    struct event *event;

    if (!ip || ip->protocol != IPPROTO_TCP)
        return XDP_PASS;
    tcp = (void *)(ip + 1);
    if ((void *)(tcp + 1) > end)
        return XDP_PASS;
    event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
    if (!event)
        return XDP_ABORTED;
    event->source = ip->saddr;
    event->destination = ip->daddr;
    event->from = bpf_ntohs(tcp->source);
    event->to = bpf_ntohs(tcp->dest);
    event->length = end - data;
    if (tcp->rst)
        bpf_ringbuf_discard(event, 0);
    else
        bpf_ringbuf_submit(event, 0);
    return XDP_PASS;
}
