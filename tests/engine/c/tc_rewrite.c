/* A port rewritten in a packet, with the checksums of both headers. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/in.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#include <linux/pkt_cls.h>
#include <stddef.h>

#define IP_CSUM_OFF (ETH_HLEN + offsetof(struct iphdr, check))
#define TOS_OFF (ETH_HLEN + offsetof(struct iphdr, tos))
#define TCP_CSUM_OFF (ETH_HLEN + sizeof(struct iphdr) + offsetof(struct tcphdr, check))
#define TCP_DPORT_OFF (ETH_HLEN + sizeof(struct iphdr) + offsetof(struct tcphdr, dest))

static inline void set_ip_tos(struct __sk_buff *skb, __u8 new_tos)
{
	__u8 old_tos = 0;

	bpf_skb_load_bytes(skb, TOS_OFF, &old_tos, 1);
	bpf_l3_csum_replace(skb, IP_CSUM_OFF, __builtin_bswap16(old_tos),
			    __builtin_bswap16(new_tos), 2);
	bpf_skb_store_bytes(skb, TOS_OFF, &new_tos, sizeof(new_tos), 0);
}

static inline void set_tcp_dest_port(struct __sk_buff *skb, __u16 new_port)
{
	__u16 old_port = 0;

	bpf_skb_load_bytes(skb, TCP_DPORT_OFF, &old_port, sizeof(old_port));
	bpf_l4_csum_replace(skb, TCP_CSUM_OFF, old_port, new_port, sizeof(new_port));
	bpf_skb_store_bytes(skb, TCP_DPORT_OFF, &new_port, sizeof(new_port), 0);
}

SEC("tc")
int rewrite(struct __sk_buff *skb)
{
	__u8 proto = 0;

	bpf_skb_load_bytes(skb, ETH_HLEN + offsetof(struct iphdr, protocol), &proto, 1);
	if (proto == IPPROTO_TCP) {
		set_ip_tos(skb, 8);
		set_tcp_dest_port(skb, bpf_htons(5001));
	}
	return TC_ACT_OK;
}

char LICENSE[] SEC("license") = "GPL";
