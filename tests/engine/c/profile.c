/* Stacks at regular times, counted. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

#define MAX_DEPTH 127

struct key {
	u32 pid;
	int user_stack, kernel_stack;
};

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(key_size, sizeof(u32));
	__uint(value_size, MAX_DEPTH * sizeof(u64));
	__uint(max_entries, 1024);
} stacks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_PERCPU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct key);
	__type(value, u64);
} counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64[MAX_DEPTH]);
} scratch SEC(".maps");

SEC("perf_event")
int sample(struct bpf_perf_event_data *ctx)
{
	struct key key = { .pid = bpf_get_current_pid_tgid() >> 32 };
	u64 one = 1, *count, *frames;
	u32 zero = 0;

	if (!key.pid || !PT_REGS_IP(&ctx->regs))
		return 0;
	key.user_stack = bpf_get_stackid(ctx, &stacks, BPF_F_USER_STACK);
	key.kernel_stack = bpf_get_stackid(ctx, &stacks, 0);
	count = bpf_map_lookup_elem(&counts, &key);
	if (count)
		++*count;
	else
		bpf_map_update_elem(&counts, &key, &one, BPF_ANY);
	frames = bpf_map_lookup_elem(&scratch, &zero);
	if (frames)
		bpf_get_stack(ctx, frames, MAX_DEPTH * sizeof(u64), 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
