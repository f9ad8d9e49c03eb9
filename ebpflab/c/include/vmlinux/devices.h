/* Packets on their way through the kernel, and the devices that they come from. */
#pragma once

struct net_device {
	char name[16];
	int ifindex, group;
	unsigned int mtu, flags, num_rx_queues, num_tx_queues, operstate;
	unsigned short type, hard_header_len;
	unsigned char addr_len;
	const unsigned char *dev_addr;
	possible_net_t nd_net;
};
struct sk_buff {
	struct sk_buff *next, *prev;
	struct net_device *dev;
	struct sock *sk;
	ktime_t tstamp;
	char cb[48];
	unsigned int len, data_len, truesize;
	__u16 mac_len, hdr_len, queue_mapping;
	__u8 cloned : 1;
	__u8 pkt_type : 3;
	__u8 ip_summed : 2;
	int skb_iif;
	__u32 hash, mark, priority;
	__be16 vlan_proto, protocol, inner_protocol;
	__u16 vlan_tci;
	__u16 transport_header, network_header, mac_header;
	__u16 inner_transport_header, inner_network_header, inner_mac_header;
	sk_buff_data_t tail, end;
	unsigned char *head, *data;
	refcount_t users;
};
struct skb_shared_info {
	__u8 nr_frags, tx_flags;
	unsigned short gso_size, gso_segs;
	unsigned int gso_type;
};
enum skb_drop_reason {
	SKB_NOT_DROPPED_YET = 0,
	SKB_CONSUMED,
	SKB_DROP_REASON_NOT_SPECIFIED,
	SKB_DROP_REASON_NO_SOCKET,
};
struct xdp_rxq_info {
	struct net_device *dev;
	u32 queue_index;
};
struct xdp_buff {
	void *data, *data_end, *data_meta, *data_hard_start;
	struct xdp_rxq_info *rxq;
	u32 frame_sz, flags;
};
struct xdp_frame {
	void *data;
	u32 len, headroom;
};
struct nf_hook_state {
	u8 hook, pf;
	struct net_device *in, *out;
	struct sock *sk;
	struct net *net;
};
struct bpf_nf_ctx {
	const struct nf_hook_state *state;
	struct sk_buff *skb;
};
