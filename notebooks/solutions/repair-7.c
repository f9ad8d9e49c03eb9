/* Exercise "repair-7" (lesson 03-3): what is waited for cannot change. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int wait(struct xdp_md *ctx)
{
    volatile __u8 *data = (void *)(long)ctx->data;

    if (data + 14 > (volatile __u8 *)(long)ctx->data_end)
        return XDP_PASS;
    return data[0] == 1 ? XDP_DROP : XDP_PASS;
}
