/* Exercise "false-positive" (lesson 03-2): the length of a packet is a number, and from
 * a number the verifier does not learn how far it may read. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int refuse(struct xdp_md *ctx)
{
    __u8 *data = (void *)(long)ctx->data;
    __u8 *data_end = (void *)(long)ctx->data_end;

    if (data_end - data < 48)
        return XDP_PASS;
    return data[47] == 2 ? XDP_DROP : XDP_PASS;
}
