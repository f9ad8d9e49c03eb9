/* A packet program on the kernel's own types, without one UAPI header. */
#include "vmlinux.h"
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#define ETH_P_IP 0x0800
#define ETH_P_IPV6 0x86dd
#define TC_ACT_OK 0
#define TC_ACT_SHOT 2

struct key {
	struct in6_addr address;
	__be16 port;
	u8 protocol;
	u8 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct key);
	__type(value, u64);
} flows SEC(".maps");

static __always_inline int account(void *data, void *end)
{
	struct ethhdr *eth = data;
	struct ipv6hdr *ip6 = (void *)(eth + 1);
	struct iphdr *ip4 = (void *)(eth + 1);
	struct tcphdr *tcp;
	struct key key = {};
	u64 one = 1, *count;

	if ((void *)(eth + 1) > end)
		return -1;
	if (eth->h_proto == bpf_htons(ETH_P_IPV6) && (void *)(ip6 + 1) <= end) {
		key.address = ip6->saddr;
		key.protocol = ip6->nexthdr;
		tcp = (void *)(ip6 + 1);
	} else if (eth->h_proto == bpf_htons(ETH_P_IP) && (void *)(ip4 + 1) <= end) {
		key.address.in6_u.u6_addr32[3] = ip4->saddr;
		key.protocol = ip4->protocol;
		tcp = (void *)ip4 + ip4->ihl * 4;
	} else {
		return 0;
	}
	if (key.protocol == IPPROTO_TCP && (void *)(tcp + 1) <= end) {
		if (tcp->syn && !tcp->ack && tcp->doff < 5)
			return -1;
		key.port = tcp->dest;
	}
	count = bpf_map_lookup_elem(&flows, &key);
	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(&flows, &key, &one, BPF_ANY);
	return 1;
}

SEC("xdp")
int at_the_door(struct xdp_md *ctx)
{
	int seen = account((void *)(long)ctx->data, (void *)(long)ctx->data_end);

	return seen < 0 ? XDP_DROP : XDP_PASS;
}

SEC("tcx/ingress")
int inside(struct __sk_buff *skb)
{
	int seen = account((void *)(long)skb->data, (void *)(long)skb->data_end);

	return seen < 0 ? TC_ACT_SHOT : TC_ACT_OK;
}

char LICENSE[] SEC("license") = "GPL";
