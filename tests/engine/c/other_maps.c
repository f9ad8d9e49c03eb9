/* Queue, stack, bloom filter: maps without keys. And storage of a task. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 16);
	__type(value, __u32);
} waiting SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK);
	__uint(max_entries, 16);
	__type(value, __u32);
} piled SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_BLOOM_FILTER);
	__uint(max_entries, 1000);
	__uint(map_extra, 3);
	__type(value, __u32);
} known SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, u64);
} since SEC(".maps");

SEC("tp_btf/sched_process_fork")
int BPF_PROG(fork, struct task_struct *parent, struct task_struct *child)
{
	__u32 pid = child->pid, value;
	u64 *time;

	if (bpf_map_peek_elem(&known, &pid))
		bpf_map_push_elem(&known, &pid, BPF_ANY);
	bpf_map_push_elem(&waiting, &pid, BPF_EXIST);
	bpf_map_push_elem(&piled, &pid, 0);
	if (!bpf_map_pop_elem(&waiting, &value))
		bpf_map_peek_elem(&piled, &value);
	time = bpf_task_storage_get(&since, child, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (time)
		*time = bpf_ktime_get_boot_ns();
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
