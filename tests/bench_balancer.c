/* An XDP load balancer: the service is looked up in a hash table, the destination is
   rewritten, the checksum mended, and the packet sent back out. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct service {
	__u32 address;
	__u16 port;
	__u16 protocol;
};

struct backend {
	__u32 address;
	unsigned char mac[6];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct service);
	__type(value, struct backend);
} backends SEC(".maps");

SEC("xdp")
int balance(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = data + sizeof(*eth);
	struct tcphdr *tcp = (void *)(ip + 1);
	struct service key = {};
	struct backend *to;
	__u32 sum;

	if ((void *)(tcp + 1) > end)
		return XDP_PASS;
	if (eth->h_proto != bpf_htons(ETH_P_IP) || ip->protocol != IPPROTO_TCP)
		return XDP_PASS;
	key.address = ip->daddr;
	key.port = tcp->dest;
	key.protocol = ip->protocol;
	to = bpf_map_lookup_elem(&backends, &key);
	if (!to)
		return XDP_DROP;
	__builtin_memcpy(eth->h_source, eth->h_dest, ETH_ALEN);
	__builtin_memcpy(eth->h_dest, to->mac, ETH_ALEN);
	sum = (__u16)~ip->check;
	sum += (__u16)~ip->daddr + (__u16)~(ip->daddr >> 16);
	sum += (__u16)to->address + (__u16)(to->address >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	ip->check = ~sum;
	ip->daddr = to->address;
	return XDP_TX;
}

char LICENSE[] SEC("license") = "GPL";
