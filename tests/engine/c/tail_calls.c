/* Programs that go on in others; the table is filled in C. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/in.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

#define PROG(n) SEC("xdp") int n(struct xdp_md *ctx)

int parse_ip(struct xdp_md *ctx);
int parse_arp(struct xdp_md *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 4);
	__uint(key_size, sizeof(__u32));
	__array(values, int(struct xdp_md *));
} jmp_table SEC(".maps") = {
	.values = {
		[0] = (void *)&parse_ip,
		[2] = (void *)&parse_arp,
	},
};

PROG(entry)
{
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = (void *)(long)ctx->data;

	if ((void *)(eth + 1) > end)
		return XDP_PASS;
	switch (bpf_ntohs(eth->h_proto)) {
	case ETH_P_IP:
		bpf_tail_call(ctx, &jmp_table, 0);
		break;
	case ETH_P_ARP:
		bpf_tail_call_static(ctx, &jmp_table, 2);
		break;
	}
	return XDP_PASS;
}

PROG(parse_ip) { return XDP_DROP; }
PROG(parse_arp) { return XDP_TX; }

char LICENSE[] SEC("license") = "GPL";
