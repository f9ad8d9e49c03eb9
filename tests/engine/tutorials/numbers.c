/* Reads a number out of a text that is in the packet. */
#include "packet.h"

SEC("xdp")
int numbers(struct xdp_md *ctx)
{
    static const char known[] = "0x1f";
    char text[8] = "  -0x1f";
    long number = 0;
    unsigned long other = 0;
    __u8 byte = 0;
    long used, more;

    bpf_xdp_load_bytes(ctx, 23, &byte, 1);
    text[5] = '0' + (byte & 15);
    used = bpf_strtol(text, sizeof(text), 0, &number);
    more = bpf_strtoul(text + 3, 5, 16, &other);
    return used << 24 | more << 16 | (number & 0xff) << 8 | (other & 0xff) |
           bpf_strncmp(text + 3, 5, known) << 30;
}
