/* Round-trip times of a control group, and sockets put into a map. */
#include <linux/bpf.h>
#include <linux/socket.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

struct flow {
	__u32 saddr, daddr;
	__u16 sport, dport;
};

struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__uint(max_entries, 1024);
	__type(key, struct flow);
	__type(value, __u64);
} socks SEC(".maps");

SEC("sockops")
int watch(struct bpf_sock_ops *skops)
{
	struct flow flow = {
		.saddr = skops->local_ip4,
		.daddr = skops->remote_ip4,
		.sport = skops->local_port,
		.dport = bpf_ntohl(skops->remote_port),
	};

	switch (skops->op) {
	case BPF_SOCK_OPS_TCP_CONNECT_CB:
		bpf_sock_ops_cb_flags_set(skops, BPF_SOCK_OPS_RTT_CB_FLAG);
		break;
	case BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB:
	case BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB:
		bpf_sock_hash_update(skops, &socks, &flow, BPF_NOEXIST);
		break;
	case BPF_SOCK_OPS_RTT_CB:
		bpf_printk("srtt %u us", skops->srtt_us >> 3);
		break;
	default:
		break;
	}
	return 1;
}

SEC("sk_msg")
int redirect(struct sk_msg_md *msg)
{
	struct flow flow = { msg->remote_ip4, msg->local_ip4,
			     bpf_ntohl(msg->remote_port), msg->local_port };

	return bpf_msg_redirect_hash(msg, &socks, &flow, BPF_F_INGRESS);
}

SEC("sk_skb/stream_verdict")
int stream(struct __sk_buff *skb)
{
	return skb->len > 4 ? SK_PASS : SK_DROP;
}

char LICENSE[] SEC("license") = "GPL";
