/* One program for many kernels: flavors, existence, sizes, enumerators. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

struct task_struct___old {
	long state;
} __attribute__((preserve_access_index));

struct cfs_rq___before {
	unsigned int nr_running;
} __attribute__((preserve_access_index));

struct nothing___known {
	int at_all;
} __attribute__((preserve_access_index));

enum bpf_func_id___mine { BPF_FUNC_ringbuf_output___mine = 1 };

long state, facts[8];

static __always_inline long get_state(void *t)
{
	struct task_struct___old *old = t;
	struct task_struct *task = t;

	if (bpf_core_field_exists(old->state))
		return BPF_CORE_READ(old, state);
	return BPF_CORE_READ(task, __state);
}

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev)
{
	struct cfs_rq___before *before = NULL;
	struct mm_struct *mm = prev->mm;

	state = get_state(prev);
	facts[0] = bpf_core_type_exists(struct nothing___known);
	facts[1] = bpf_core_field_size(struct task_struct, comm);
	facts[2] = bpf_core_type_size(struct task_struct);
	facts[3] = bpf_core_field_offset(struct task_struct, pid);
	if (bpf_core_enum_value_exists(enum bpf_func_id___mine,
				       BPF_FUNC_ringbuf_output___mine))
		facts[4] = bpf_core_enum_value(enum bpf_func_id___mine,
					       BPF_FUNC_ringbuf_output___mine);
	facts[5] = bpf_core_field_exists(before->nr_running);
	facts[6] = mm ? BPF_CORE_READ(mm, total_vm) : 0;
	facts[7] = BPF_CORE_READ_BITFIELD_PROBED(prev, in_iowait);
	facts[7] += BPF_CORE_READ_BITFIELD(prev, in_execve);
	facts[7] += bpf_core_cast((void *)bpf_get_current_task(), struct task_struct)->tgid;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
