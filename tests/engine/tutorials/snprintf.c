/* Writes text into a map. */
#include "packet.h"

struct line {
    char text[64];
};

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __type(key, __u32);
    __type(value, struct line);
    __uint(max_entries, 64);
} lines SEC(".maps");

SEC("xdp")
int snprintf(struct xdp_md *ctx)
{
    static const char format[] = "%d bytes, proto %04x, %s, %pI4";
    struct iphdr *ip = ipv4_of(DATA(ctx), END(ctx));
    struct line line = {};
    __u32 key = END(ctx) - DATA(ctx), address;
    __u64 values[4] = {key};
    long size;

    if (!ip)
        return XDP_PASS;
    address = ip->saddr;
    values[1] = ip->protocol;
    values[2] = (long)"from";
    values[3] = (long)&address;
    size = bpf_snprintf(line.text, sizeof(line.text), format, values, sizeof(values));
    bpf_map_update_elem(&lines, &key, &line, BPF_ANY);
    return size;
}
