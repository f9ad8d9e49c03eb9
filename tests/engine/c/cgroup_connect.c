/* Connections of a control group sent elsewhere; nobody binds low ports. */
#include <linux/bpf.h>
#include <linux/in.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

#define SERVICE 0x0a000001
#define BACKEND 0x7f000001

SEC("cgroup/connect4")
int balance(struct bpf_sock_addr *ctx)
{
	if (ctx->type != 1 /* SOCK_STREAM */)
		return 1;
	if (ctx->user_ip4 == bpf_htonl(SERVICE) && ctx->user_port == bpf_htons(80)) {
		ctx->user_ip4 = bpf_htonl(BACKEND);
		ctx->user_port = bpf_htons(8080);
	}
	return 1;
}

SEC("cgroup/bind4")
int no_low_ports(struct bpf_sock_addr *ctx)
{
	return bpf_ntohs(ctx->user_port) >= 1024;
}

SEC("cgroup/sock_create")
int no_raw_sockets(struct bpf_sock *sk)
{
	return sk->type != 3 /* SOCK_RAW */;
}

char LICENSE[] SEC("license") = "GPL";
