/* A congestion control of TCP: a structure filled with programs. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

SEC("struct_ops")
void BPF_PROG(start, struct sock *sk)
{
	bpf_printk("start");
}

SEC("struct_ops")
u32 BPF_PROG(threshold, struct sock *sk)
{
	return 2;
}

SEC("struct_ops")
u32 BPF_PROG(undo, struct sock *sk)
{
	return 10;
}

SEC("struct_ops")
void BPF_PROG(avoid, struct sock *sk, u32 ack, u32 acked) {}

SEC(".struct_ops")
struct tcp_congestion_ops slow = {
	.init = (void *)start,
	.ssthresh = (void *)threshold,
	.undo_cwnd = (void *)undo,
	.cong_avoid = (void *)avoid,
	.name = "bpf_slow",
};

char LICENSE[] SEC("license") = "GPL";
