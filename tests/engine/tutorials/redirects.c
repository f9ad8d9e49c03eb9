/* Sends packets to other interfaces, by number and by map. */
#include "packet.h"

struct {
    __uint(type, BPF_MAP_TYPE_DEVMAP);
    __type(key, __u32);
    __type(value, __u32);
    __uint(max_entries, 4);
} ports SEC(".maps");

SEC("xdp")
int redirects(struct xdp_md *ctx)
{
    __u32 length = END(ctx) - DATA(ctx);

    if (length > 80)
        return bpf_redirect(1, length > 90);
    return bpf_redirect_map(&ports, length & 3, XDP_DROP);
}
