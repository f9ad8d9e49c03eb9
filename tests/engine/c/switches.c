/* A long switch, with gaps, with ranges, with falls. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/in.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

static __always_inline int weight(__u8 protocol)
{
	switch (protocol) {
	case IPPROTO_ICMP: return 1;
	case IPPROTO_IGMP: return 2;
	case IPPROTO_IPIP:
	case IPPROTO_IPV6: return 3;
	case IPPROTO_TCP: return 10;
	case IPPROTO_UDP: return 9;
	case 200 ... 254: return 50;
	case IPPROTO_GRE: return 4;
	case IPPROTO_ESP:
		protocol++;
		/* fall through */
	case IPPROTO_AH: return protocol;
	default: return 0;
	}
}

SEC("xdp")
int switches(struct xdp_md *ctx)
{
	void *end = (void *)(long)ctx->data_end;
	struct iphdr *ip = (void *)(long)ctx->data + sizeof(struct ethhdr);

	if ((void *)(ip + 1) > end)
		return XDP_PASS;
	return weight(ip->protocol) > 5 ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
