/* Exercise "make-it-faster" (lesson 03-4): one check, then two wide loads. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int broadcast(struct xdp_md *ctx)
{
    __u8 *data = (void *)(long)ctx->data;
    __u8 *data_end = (void *)(long)ctx->data_end;

    if (data + 6 > data_end)
        return XDP_PASS;
    if (*(__u32 *)data == 0xffffffff && *(__u16 *)(data + 4) == 0xffff)
        return XDP_DROP;
    return XDP_PASS;
}
