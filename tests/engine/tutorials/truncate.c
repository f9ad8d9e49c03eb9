/* Cuts long packets, and tells how long they were in front of the data. */
#include "packet.h"

SEC("xdp")
int truncate(struct xdp_md *ctx)
{
    int length = END(ctx) - DATA(ctx);
    __u32 *meta;

    if (bpf_xdp_adjust_meta(ctx, -(int)sizeof(*meta)))
        return XDP_ABORTED;
    meta = (void *)(long)ctx->data_meta;
    if ((void *)(meta + 1) > DATA(ctx))
        return XDP_ABORTED;
    *meta = length;
    if (length > 60 && bpf_xdp_adjust_tail(ctx, 60 - length))
        return XDP_ABORTED;
    return XDP_PASS;
}
