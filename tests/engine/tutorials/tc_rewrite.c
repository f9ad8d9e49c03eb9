/* Changes a destination port in traffic control, with the helpers for checksums. */
#include "packet.h"

#define IP_CHECK (ETH_HLEN + offsetof(struct iphdr, check))
#define IP_DEST (ETH_HLEN + offsetof(struct iphdr, daddr))
#define TCP_PORT (ETH_HLEN + sizeof(struct iphdr) + offsetof(struct tcphdr, dest))
#define TCP_CHECK (ETH_HLEN + sizeof(struct iphdr) + offsetof(struct tcphdr, check))

SEC("tc")
int tc_rewrite(struct __sk_buff *skb)
{
    struct iphdr *ip = ipv4_of(DATA(skb), END(skb));
    __be32 old_address, address = bpf_htonl(0xc0000207);
    __be16 old_port, port = bpf_htons(8081);

    if (!ip || ip->protocol != IPPROTO_TCP)
        return TC_ACT_OK;
    old_address = ip->daddr;
    if (bpf_skb_load_bytes(skb, TCP_PORT, &old_port, 2))
        return TC_ACT_SHOT;
    bpf_l4_csum_replace(skb, TCP_CHECK, old_address, address, BPF_F_PSEUDO_HDR | 4);
    bpf_l4_csum_replace(skb, TCP_CHECK, old_port, port, 2);
    bpf_l3_csum_replace(skb, IP_CHECK, old_address, address, 4);
    bpf_skb_store_bytes(skb, IP_DEST, &address, 4, 0);
    bpf_skb_store_bytes(skb, TCP_PORT, &port, 2, BPF_F_RECOMPUTE_CSUM);
    return TC_ACT_OK;
}
