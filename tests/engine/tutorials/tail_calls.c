/* A dispatcher and two handlers, joined by tail calls. */
#include "packet.h"

struct {
    __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
    __uint(max_entries, 4);
    __uint(key_size, 4);
    __uint(value_size, 4);
} handlers SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __type(key, __u32);
    __type(value, __u64);
    __uint(max_entries, 4);
} seen SEC(".maps");

static __always_inline void see(__u32 key)
{
    __u64 *count = bpf_map_lookup_elem(&seen, &key);

    if (count)
        ++*count;
}

SEC("xdp")
int handle_tcp(struct xdp_md *ctx)
{
    see(1);
    bpf_tail_call(ctx, &handlers, 3); /* nobody there */
    see(3);
    return XDP_TX;
}

SEC("xdp")
int handle_other(struct xdp_md *ctx)
{
    see(2);
    return XDP_DROP;
}

SEC("xdp")
int dispatch(struct xdp_md *ctx)
{
    struct iphdr *ip = ipv4_of(DATA(ctx), END(ctx));

    see(0);
    bpf_tail_call(ctx, &handlers, ip && ip->protocol == IPPROTO_TCP ? 0 : 1);
    return XDP_ABORTED;
}
