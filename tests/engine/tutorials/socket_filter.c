/* Keeps UDP to port 53 only; reads the packet with the oldest loads. */
#include "packet.h"

unsigned long long load_byte(void *skb, unsigned long long off) asm("llvm.bpf.load.byte");
unsigned long long load_half(void *skb, unsigned long long off) asm("llvm.bpf.load.half");

SEC("socket")
int socket_filter(struct __sk_buff *skb)
{
    __u64 header = (load_byte(skb, 0) & 0xf) * 4;

    if (load_byte(skb, 9) != IPPROTO_UDP)
        return 0;
    if (load_half(skb, header + 2) != 53 && load_half(skb, header) != 53)
        return 0;
    return skb->len;
}
