/* Sockets, from the file to TCP's counters. */
#pragma once

enum {
	TCP_ESTABLISHED = 1,
	TCP_SYN_SENT,
	TCP_SYN_RECV,
	TCP_FIN_WAIT1,
	TCP_FIN_WAIT2,
	TCP_TIME_WAIT,
	TCP_CLOSE,
	TCP_CLOSE_WAIT,
	TCP_LAST_ACK,
	TCP_LISTEN,
	TCP_CLOSING,
	TCP_NEW_SYN_RECV,
};
enum sock_type {
	SOCK_STREAM = 1,
	SOCK_DGRAM,
	SOCK_RAW,
	SOCK_RDM,
	SOCK_SEQPACKET,
	SOCK_DCCP,
	SOCK_PACKET = 10,
};
typedef enum {
	SS_FREE = 0,
	SS_UNCONNECTED,
	SS_CONNECTING,
	SS_CONNECTED,
	SS_DISCONNECTING,
} socket_state;

typedef struct {
	struct net *net;
} possible_net_t;
struct net {
	struct ns_common ns;
	u64 net_cookie;
	u32 ifindex;
	struct user_namespace *user_ns;
	struct net_device *loopback_dev;
};
struct proto {
	char name[32];
	int max_header;
};
struct socket {
	socket_state state;
	short type;
	unsigned long flags;
	struct file *file;
	struct sock *sk;
	const struct proto_ops *ops;
};
struct sock_common {
	union {
		__addrpair skc_addrpair;
		struct {
			__be32 skc_daddr, skc_rcv_saddr;
		};
	};
	union {
		__portpair skc_portpair;
		struct {
			__be16 skc_dport;
			__u16 skc_num;
		};
	};
	unsigned int skc_hash;
	unsigned short skc_family;
	volatile unsigned char skc_state;
	unsigned char skc_reuse : 4;
	unsigned char skc_reuseport : 1;
	unsigned char skc_ipv6only : 1;
	int skc_bound_dev_if;
	struct proto *skc_prot;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr, skc_v6_rcv_saddr;
	atomic64_t skc_cookie;
	unsigned long skc_flags;
	refcount_t skc_refcnt;
};
struct sk_buff_head {
	struct sk_buff *next, *prev;
	__u32 qlen;
};
struct sock {
	struct sock_common __sk_common;
	int sk_err, sk_err_soft;
	struct sk_buff_head sk_receive_queue, sk_write_queue;
	struct {
		atomic_t rmem_alloc;
		int len;
		struct sk_buff *head, *tail;
	} sk_backlog;
	int sk_rcvbuf, sk_sndbuf, sk_wmem_queued, sk_forward_alloc, sk_rcvlowat;
	refcount_t sk_wmem_alloc;
	u8 sk_shutdown;
	u16 sk_type, sk_protocol;
	u32 sk_mark, sk_priority, sk_ack_backlog, sk_max_ack_backlog;
	kuid_t sk_uid;
	unsigned long sk_pacing_rate, sk_max_pacing_rate, sk_lingertime;
	long sk_rcvtimeo, sk_sndtimeo;
	void *sk_user_data;
	struct socket *sk_socket;
	atomic_t sk_drops;
};
struct ipv6_pinfo {
	struct in6_addr saddr;
	s16 hop_limit;
	u8 tclass;
	__be32 flow_label;
};
struct inet_sock {
	struct sock sk;
	struct ipv6_pinfo *pinet6;
	unsigned long inet_flags;
	__be32 inet_saddr;
	__s16 uc_ttl;
	__be16 inet_sport;
	__u8 tos, min_ttl, mc_ttl;
};
struct inet_connection_sock {
	struct inet_sock icsk_inet;
	__u32 icsk_rto;
	const struct tcp_congestion_ops *icsk_ca_ops;
	__u8 icsk_ca_state : 5;
	__u8 icsk_retransmits, icsk_pending, icsk_backoff, icsk_syn_retries;
};
struct tcp_sock {
	struct inet_connection_sock inet_conn;
	u16 tcp_header_len;
	u32 rcv_nxt, copied_seq, rcv_wup, snd_nxt, snd_una, write_seq, pushed_seq;
	u32 segs_in, segs_out, data_segs_in, data_segs_out;
	u64 bytes_received, bytes_sent, bytes_acked, bytes_retrans;
	u32 rcv_wnd, snd_wnd, max_window, mss_cache, window_clamp, rcv_ssthresh;
	u32 srtt_us, mdev_us, mdev_max_us, rttvar_us;
	u32 packets_out, retrans_out, max_packets_out, lost_out, sacked_out;
	u32 snd_ssthresh, snd_cwnd, snd_cwnd_cnt, snd_cwnd_clamp, prior_cwnd;
	u32 delivered, delivered_ce, lost, total_retrans, reordering, app_limited;
};
struct request_sock {
	struct sock_common __req_common;
	struct sock *sk;
	u8 num_retrans;
};
struct udp_sock {
	struct inet_sock inet;
	int pending;
	__u8 encap_type;
	unsigned long udp_flags;
};
struct unix_address {
	int len;
	struct sockaddr_un name[];
};
struct unix_sock {
	struct sock sk;
	struct unix_address *addr;
	struct path path;
};
struct msghdr {
	void *msg_name;
	int msg_namelen;
	struct iov_iter msg_iter;
	void *msg_control;
	__kernel_size_t msg_controllen;
	unsigned int msg_flags;
};
struct tcp_congestion_ops {
	u32 (*ssthresh)(struct sock *sk);
	void (*cong_avoid)(struct sock *sk, u32 ack, u32 acked);
	void (*set_state)(struct sock *sk, u8 new_state);
	void (*in_ack_event)(struct sock *sk, u32 flags);
	u32 (*undo_cwnd)(struct sock *sk);
	char name[16];
	void (*init)(struct sock *sk);
	void (*release)(struct sock *sk);
	u32 key, flags;
};
