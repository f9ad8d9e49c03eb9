/* Exercise "repair-10" (lesson 03-3): addresses taken before the packet moved are stale. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int cut(struct xdp_md *ctx)
{
    __u8 *data = (void *)(long)ctx->data;
    __u8 version;

    if (data + 34 > (__u8 *)(long)ctx->data_end)
        return XDP_PASS;
    version = data[14];
    bpf_xdp_adjust_head(ctx, 14);
    return version == 0x45 ? XDP_DROP : XDP_PASS;
}
