/* How long tasks wait for a CPU: a histogram of powers of two. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

#define MAX_SLOTS 26

struct hist {
	u32 slots[MAX_SLOTS];
	char comm[16];
};

static struct hist zero;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, u32);
	__type(value, u64);
} start SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, u32);
	__type(value, struct hist);
} hists SEC(".maps");

static __always_inline u64 log2(u32 v)
{
	u32 shift, r;

	r = (v > 0xFFFF) << 4; v >>= r;
	shift = (v > 0xFF) << 3; v >>= shift; r |= shift;
	shift = (v > 0xF) << 2; v >>= shift; r |= shift;
	shift = (v > 0x3) << 1; v >>= shift; r |= shift;
	r |= (v >> 1);
	return r;
}

static int trace_enqueue(u32 pid)
{
	u64 ts = bpf_ktime_get_ns();

	return pid ? bpf_map_update_elem(&start, &pid, &ts, BPF_ANY) : 0;
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(sched_wakeup, struct task_struct *p)
{
	trace_enqueue(p->pid);
	return 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(sched_switch, bool preempt, struct task_struct *prev,
	     struct task_struct *next)
{
	u32 pid = next->pid;
	struct hist *histp;
	u64 *tsp, slot;
	s64 delta;

	if (prev->__state == 0)
		trace_enqueue(prev->pid);
	tsp = bpf_map_lookup_elem(&start, &pid);
	if (!tsp)
		return 0;
	delta = bpf_ktime_get_ns() - *tsp;
	if (delta < 0)
		goto cleanup;
	if (bpf_map_update_elem(&hists, &pid, &zero, BPF_NOEXIST) == 0) {
		histp = bpf_map_lookup_elem(&hists, &pid);
		if (histp)
			bpf_probe_read_kernel_str(&histp->comm, sizeof(histp->comm),
						  next->comm);
	}
	histp = bpf_map_lookup_elem(&hists, &pid);
	if (!histp)
		goto cleanup;
	slot = log2(delta / 1000U);
	if (slot >= MAX_SLOTS)
		slot = MAX_SLOTS - 1;
	__sync_fetch_and_add(&histp->slots[slot], 1);
cleanup:
	bpf_map_delete_elem(&start, &pid);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
