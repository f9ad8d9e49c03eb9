/* Drops packets from whole networks: the longest prefix wins. */
#include "packet.h"

struct prefix {
    __u32 length;
    __u8 address[4];
};

struct {
    __uint(type, BPF_MAP_TYPE_LPM_TRIE);
    __type(key, struct prefix);
    __type(value, __u32);
    __uint(max_entries, 16);
    __uint(map_flags, BPF_F_NO_PREALLOC);
} networks SEC(".maps");

SEC("xdp")
int lpm_blocklist(struct xdp_md *ctx)
{
    struct iphdr *ip = ipv4_of(DATA(ctx), END(ctx));
    struct prefix key = {.length = 32};
    __u32 *verdict;

    if (!ip)
        return XDP_PASS;
    __builtin_memcpy(key.address, &ip->saddr, 4);
    verdict = bpf_map_lookup_elem(&networks, &key);
    return verdict ? *verdict : XDP_PASS;
}
