/* Loops that the kernel counts: bpf_for, bpf_repeat, bpf_for_each. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

extern int bpf_iter_task_new(struct bpf_iter_task *it, struct task_struct *task,
			     unsigned int flags) __weak __ksym;
extern struct task_struct *bpf_iter_task_next(struct bpf_iter_task *it) __weak __ksym;
extern void bpf_iter_task_destroy(struct bpf_iter_task *it) __weak __ksym;
extern void bpf_rcu_read_lock(void) __ksym __weak;
extern void bpf_rcu_read_unlock(void) __ksym __weak;

int values[100];
int threads;

SEC("raw_tp/sys_enter")
int loops(void *ctx)
{
	int i, sum = 0;

	bpf_for(i, 0, 100) {
		if (values[i] < 0)
			break;
		sum += values[i];
	}
	bpf_repeat(10) {
		if (sum > 1000)
			continue;
		sum *= 2;
	}
	return sum;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(tasks)
{
	struct task_struct *task;

	if (!bpf_ksym_exists(bpf_iter_task_new))
		return 0;
	bpf_rcu_read_lock();
	bpf_for_each(task, task, NULL, 1)
		threads++;
	bpf_rcu_read_unlock();
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
