/* Changes of state of TCP connections, and how long each state lasted. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

#define AF_INET 2
#define AF_INET6 10
#define MAX_ENTRIES 10240

struct event {
	__u8 saddr[16];
	__u8 daddr[16];
	__u64 skaddr;
	__u64 delta_us;
	int oldstate;
	int newstate;
	__u16 family, sport, dport;
};

const volatile __u16 target_family = 0;

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_ENTRIES);
	__type(key, struct sock *);
	__type(value, __u64);
} timestamps SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

SEC("tracepoint/sock/inet_sock_set_state")
int handle_set_state(struct trace_event_raw_inet_sock_set_state *ctx)
{
	struct sock *sk = (struct sock *)ctx->skaddr;
	struct event event = {};
	__u64 *tsp, ts;

	if (ctx->protocol != IPPROTO_TCP)
		return 0;
	if (target_family && target_family != ctx->family)
		return 0;
	tsp = bpf_map_lookup_elem(&timestamps, &sk);
	ts = bpf_ktime_get_ns();
	event.delta_us = tsp ? (ts - *tsp) / 1000 : 0;
	event.skaddr = (__u64)sk;
	event.oldstate = ctx->oldstate;
	event.newstate = ctx->newstate;
	event.family = ctx->family;
	event.sport = ctx->sport;
	event.dport = ctx->dport;
	if (ctx->family == AF_INET) {
		__builtin_memcpy(event.saddr, ctx->saddr, 4);
		__builtin_memcpy(event.daddr, ctx->daddr, 4);
	} else {
		bpf_probe_read_kernel(&event.saddr, sizeof(event.saddr),
				      &sk->__sk_common.skc_v6_rcv_saddr);
	}
	bpf_ringbuf_output(&events, &event, sizeof(event), 0);
	if (ctx->newstate == TCP_CLOSE)
		bpf_map_delete_elem(&timestamps, &sk);
	else
		bpf_map_update_elem(&timestamps, &sk, &ts, BPF_ANY);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
