/* Signals, from the probe of a system call. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

struct event {
	pid_t from, to;
	int sig;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

SEC("ksyscall/kill")
int BPF_KSYSCALL(kill_entry, pid_t pid, int sig)
{
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event)
		return 0;
	event->from = bpf_get_current_pid_tgid() >> 32;
	event->to = pid;
	event->sig = sig;
	bpf_ringbuf_submit(event, 0);
	return 0;
}

SEC("kprobe/__x64_sys_tgkill")
int tgkill(struct pt_regs *ctx)
{
	struct pt_regs *regs = PT_REGS_SYSCALL_REGS(ctx);
	int tid = PT_REGS_PARM2_CORE_SYSCALL(regs);

	bpf_printk("tgkill %d", tid);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
