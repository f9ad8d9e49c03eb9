/* Exercise "safe-is-not-correct" (lesson 03-1): the bound stays as it was; what it
 * answers, the ICMP type and the EtherType are new. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int no_ping(struct xdp_md *ctx)
{
    __u8 *data = (void *)(long)ctx->data;
    __u8 *data_end = (void *)(long)ctx->data_end;

    if (data + 35 > data_end)
        return XDP_PASS;
    if (data[12] == 8 && data[13] == 0 && data[23] == 1 && data[34] == 8)
        return XDP_DROP;
    return XDP_PASS;
}
