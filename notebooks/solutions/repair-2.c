/* Exercise "repair-2" (lesson 03-3): byte 47 is the 48th. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int refuse(struct xdp_md *ctx)
{
    __u8 *data = (void *)(long)ctx->data;
    __u8 *data_end = (void *)(long)ctx->data_end;

    if (data + 48 > data_end)
        return XDP_PASS;
    return data[47] == 2 ? XDP_DROP : XDP_PASS;
}
