/* System calls by number and process, from the raw tracepoint. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

struct key {
	u32 tgid;
	u32 number;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 10240);
	__type(key, struct key);
	__type(value, u64);
} counts SEC(".maps");

SEC("raw_tp/sys_enter")
int sys_enter(struct bpf_raw_tracepoint_args *ctx)
{
	struct key key = {
		.tgid = bpf_get_current_pid_tgid() >> 32,
		.number = ctx->args[1],
	};
	u64 *count = bpf_map_lookup_elem(&counts, &key), one = 1;

	if (count)
		(*count)++;
	else
		bpf_map_update_elem(&counts, &key, &one, BPF_ANY);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
