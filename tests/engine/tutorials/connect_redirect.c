/* Sends connections to one service to another address. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

SEC("cgroup/connect4")
int connect_redirect(struct bpf_sock_addr *ctx)
{
    if (ctx->user_port != bpf_htons(80))
        return 1;
    ctx->user_ip4 = bpf_htonl(0x7f000001);
    ctx->user_port = bpf_htons(8080);
    return 1;
}

char LICENSE[] SEC("license") = "GPL";
