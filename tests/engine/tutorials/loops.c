/* The internet checksum of a packet's IP header, with bpf_loop and a callback. */
#include "packet.h"

struct sum {
    struct xdp_md *ctx;
    __u32 total;
};

static long add(__u32 index, struct sum *sum)
{
    __u16 word;

    if (bpf_xdp_load_bytes(sum->ctx, 14 + 2 * index, &word, 2))
        return 1;
    sum->total += word;
    return 0;
}

SEC("xdp")
int loops(struct xdp_md *ctx)
{
    struct sum sum = {.ctx = ctx};
    long rounds = bpf_loop(40, add, &sum, 0);

    return rounds << 24 | ((sum.total & 0xffff) + (sum.total >> 16));
}
