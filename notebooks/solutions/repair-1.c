/* Exercise "repair-1" (lesson 03-3): no byte was proved. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int drop_udp(struct xdp_md *ctx)
{
    __u8 *data = (void *)(long)ctx->data;
    __u8 *data_end = (void *)(long)ctx->data_end;

    if (data + 24 > data_end)
        return XDP_PASS;
    return data[23] == 17 ? XDP_DROP : XDP_PASS;
}
