/* A packet program with the names of user space: htons, u_int types, sys/socket.h. */
#include <stdint.h>
#include <arpa/inet.h>
#include <sys/socket.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_vlan.h>
#include <linux/ip.h>
#include <linux/in.h>
#include <linux/icmpv6.h>
#include <linux/tcp.h>
#include <bpf/bpf_helpers.h>

#ifndef memcpy
#define memcpy(dest, src, n) __builtin_memcpy((dest), (src), (n))
#endif
#define likely(x) __builtin_expect(!!(x), 1)
#define bpf_debug(fmt, ...) bpf_printk("xdp: " fmt, ##__VA_ARGS__)

struct flow {
	uint32_t addresses[2];
	uint16_t port;
	uint8_t family;
} __attribute__((__packed__));

static struct flow last;

SEC("xdp")
int old_style(struct xdp_md *ctx)
{
	void *data_end = (void *)(uintptr_t)ctx->data_end;
	void *data = (void *)(uintptr_t)ctx->data;
	struct ethhdr *eth = data;
	struct iphdr *ip;
	struct tcphdr *tcp;
	struct flow flow = { .family = AF_INET };

	if (data + sizeof(*eth) + sizeof(*ip) + sizeof(*tcp) > data_end)
		return XDP_PASS;
	ip = data + sizeof(*eth);
	tcp = (void *)ip + sizeof(*ip);
	if (eth->h_proto != htons(ETH_P_IP) || ip->protocol != IPPROTO_TCP)
		return XDP_PASS;
	flow.addresses[0] = ntohl(ip->saddr);
	flow.addresses[1] = ntohl(ip->daddr);
	flow.port = ntohs(tcp->dest);
	memcpy(&last, &flow, sizeof(flow));
	if (likely(flow.port != 23))
		return XDP_PASS;
	bpf_debug("telnet from %x", flow.addresses[0]);
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
