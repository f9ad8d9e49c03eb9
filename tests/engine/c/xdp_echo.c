/* An answer to ping: addresses exchanged, the checksum mended. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/in.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#include <linux/icmp.h>

static __always_inline void swap_mac(struct ethhdr *eth)
{
	__u8 other[ETH_ALEN];

	__builtin_memcpy(other, eth->h_source, ETH_ALEN);
	__builtin_memcpy(eth->h_source, eth->h_dest, ETH_ALEN);
	__builtin_memcpy(eth->h_dest, other, ETH_ALEN);
}

static __always_inline __u16 csum_fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

SEC("xdp")
int echo(struct xdp_md *ctx)
{
	void *data_end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = (void *)(long)ctx->data;
	struct iphdr *iph = (void *)(eth + 1);
	struct icmphdr *icmp = (void *)(iph + 1), old;
	__be32 address;
	__u32 sum;

	if ((void *)(icmp + 1) > data_end)
		return XDP_PASS;
	if (eth->h_proto != bpf_htons(ETH_P_IP) || iph->ihl != 5)
		return XDP_PASS;
	if (iph->protocol != IPPROTO_ICMP || icmp->type != ICMP_ECHO)
		return XDP_PASS;
	swap_mac(eth);
	address = iph->saddr;
	iph->saddr = iph->daddr;
	iph->daddr = address;
	old = *icmp;
	icmp->type = ICMP_ECHOREPLY;
	icmp->checksum = 0;
	old.checksum = 0;
	sum = bpf_csum_diff((void *)&old, sizeof(old), (void *)icmp, sizeof(*icmp),
			    ~old.checksum & 0xffff);
	icmp->checksum = csum_fold(sum);
	return XDP_TX;
}

char LICENSE[] SEC("license") = "GPL";
