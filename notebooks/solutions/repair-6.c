/* Exercise "repair-6" (lesson 03-3): 8 bytes of stack, 16 places. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int first(struct xdp_md *ctx)
{
    volatile __u8 seen[8] = {0};
    __u32 place = ctx->rx_queue_index & 15;

    if (place < 8)
        seen[place] = 1;
    return seen[0] ? XDP_DROP : XDP_PASS;
}
