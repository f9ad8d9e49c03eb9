/* Functions of the kernel, called by name. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

extern struct task_struct *bpf_task_from_pid(s32 pid) __ksym;
extern struct task_struct *bpf_task_acquire(struct task_struct *p) __ksym;
extern void bpf_task_release(struct task_struct *p) __ksym;
extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;
extern int bpf_not_in_any_kernel(int x) __ksym __weak;

struct kept {
	struct task_struct __kptr *task;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, int);
	__type(value, struct kept);
} kept SEC(".maps");

int found;

SEC("tp_btf/task_newtask")
int BPF_PROG(on_fork, struct task_struct *task, u64 clone_flags)
{
	struct task_struct *init, *parent, *copy, *old;
	struct kept *slot;
	int key = 0;

	if (bpf_ksym_exists(bpf_not_in_any_kernel))
		return bpf_not_in_any_kernel(1);
	init = bpf_task_from_pid(1);
	if (init) {
		found = init->pid;
		bpf_task_release(init);
	}
	bpf_rcu_read_lock();
	parent = task->real_parent;
	found += parent->pid;
	bpf_rcu_read_unlock();
	slot = bpf_map_lookup_elem(&kept, &key);
	copy = slot ? bpf_task_acquire(task) : NULL;
	if (!copy)
		return 0;
	old = bpf_kptr_xchg(&slot->task, copy);
	if (old)
		bpf_task_release(old);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
