/* Exercise "service" (lesson 03-7). */
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

SEC("cgroup/connect4") int service(struct bpf_sock_addr *ctx)
{
    if (ctx->user_ip4 != bpf_htonl(0x0a600001) || ctx->user_port != bpf_htons(80))
        return 1;
    ctx->user_ip4 = bpf_htonl(0x0a000009);
    ctx->user_port = bpf_htons(8080);
    return 1;
}
