/* Drops every packet: the shortest firewall. */
#include "packet.h"

SEC("xdp")
int drop_all(struct xdp_md *ctx)
{
    return XDP_DROP;
}
