/* Exercise "mend-the-program" (lesson 00): byte 37 is read, so 38 bytes must be there. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int no_dns(struct xdp_md *ctx)
{
    __u8 *data = (void *)(long)ctx->data;
    __u8 *data_end = (void *)(long)ctx->data_end;

    if (data + 38 > data_end)
        return XDP_PASS;
    if (data[23] == 17 && data[36] == 0 && data[37] == 53)
        return XDP_DROP;
    return XDP_PASS;
}
