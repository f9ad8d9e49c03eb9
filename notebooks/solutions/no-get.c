/* Exercise "no-get" (lesson 03-5). */
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

SEC("tc") int no_get(struct __sk_buff *skb)
{
    __u8 protocol = 0, length = 0;
    char word[4] = {};

    bpf_skb_load_bytes(skb, 23, &protocol, 1);
    if (skb->protocol != bpf_htons(0x0800) || protocol != 6)
        return 0;
    bpf_skb_load_bytes(skb, 46, &length, 1);
    if (bpf_skb_load_bytes(skb, 34 + (length >> 4) * 4, word, 4))
        return 0;
    return bpf_strncmp(word, 4, "GET ") == 0 ? 2 : 0;
}
