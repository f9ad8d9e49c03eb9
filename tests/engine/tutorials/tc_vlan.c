/* Tags packets twice, and takes one tag off again. */
#include "packet.h"

SEC("tc")
int tc_vlan(struct __sk_buff *skb)
{
    if (bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021AD), 100))
        return TC_ACT_SHOT;
    if (bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), 7))
        return TC_ACT_SHOT;
    if (skb->len & 4 && bpf_skb_vlan_pop(skb))
        return TC_ACT_SHOT;
    return skb->vlan_present << 16 | skb->vlan_tci;
}
