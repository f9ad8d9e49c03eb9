/* Global variables: counted, configured, constant. */
#include "packet.h"

__u64 packets;
__u64 bytes = 1000;
const volatile __u32 smallest = 70;
static __u32 history[4];

SEC("xdp")
int globals(struct xdp_md *ctx)
{
    __u32 length = END(ctx) - DATA(ctx);

    history[packets & 3] = length;
    packets++;
    bytes += length;
    return length < smallest ? XDP_DROP : XDP_PASS;
}
