/* Exercise "two-hooks" (lesson 03-7). */
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int card(struct xdp_md *ctx)
{
    __u8 head[24] = {};

    bpf_xdp_load_bytes(ctx, 0, head, 24);
    if (head[12] == 8 && head[13] == 0 && head[23] == 17)
        return XDP_DROP;
    return XDP_PASS;
}

SEC("cgroup_skb/ingress") int unit(struct __sk_buff *skb)
{
    __u8 protocol = 0;

    bpf_skb_load_bytes(skb, 9, &protocol, 1);
    if (skb->protocol == bpf_htons(0x0800) && protocol == 17)
        return 0;
    return 1;
}
