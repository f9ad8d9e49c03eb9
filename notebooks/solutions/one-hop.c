/* Exercise "one-hop" (lesson 03-5). */
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

SEC("tc") int hop(struct __sk_buff *skb)
{
    struct { __u8 ttl, protocol; } old, new;

    if (skb->protocol != bpf_htons(0x0800))
        return 0;
    bpf_skb_load_bytes(skb, 22, &old, 2);
    if (old.ttl <= 1)
        return 2;
    new = old;
    new.ttl -= 1;
    bpf_skb_store_bytes(skb, 22, &new, 2, 0);
    bpf_l3_csum_replace(skb, 24, *(__u16 *)&old, *(__u16 *)&new, 2);
    return 0;
}
