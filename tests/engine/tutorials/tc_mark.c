/* Marks and prioritizes packets in the context, and cuts them. */
#include "packet.h"

SEC("tc")
int tc_mark(struct __sk_buff *skb)
{
    skb->mark = skb->len;
    skb->priority = 3;
    skb->cb[1] = 0x1234;
    if (skb->protocol == bpf_htons(ETH_P_IP))
        bpf_skb_change_tail(skb, 50, 0);
    else
        bpf_skb_change_head(skb, 4, 0);
    return skb->mark + skb->cb[1] + skb->len;
}
