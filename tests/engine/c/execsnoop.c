/* Each program that is started, with its arguments, through a perf buffer. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

#define MAX_ARGS 4
#define ARG_LEN 64

struct event {
	pid_t pid;
	uid_t uid;
	int args_count;
	char comm[16];
	char args[MAX_ARGS][ARG_LEN];
};

const volatile bool ignore_failed = true;
const volatile uid_t targ_uid = (uid_t)-1;
static const struct event empty_event = {};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, pid_t);
	__type(value, struct event);
} execs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(u32));
	__uint(value_size, sizeof(u32));
} events SEC(".maps");

SEC("tracepoint/syscalls/sys_enter_execve")
int enter_execve(struct trace_event_raw_sys_enter *ctx)
{
	const char **argv = (const char **)ctx->args[1];
	uid_t uid = (u32)bpf_get_current_uid_gid();
	pid_t pid = bpf_get_current_pid_tgid() >> 32;
	struct event *event;
	const char *arg = NULL;
	int i;

	if (targ_uid != (uid_t)-1 && targ_uid != uid)
		return 0;
	if (bpf_map_update_elem(&execs, &pid, &empty_event, BPF_NOEXIST))
		return 0;
	event = bpf_map_lookup_elem(&execs, &pid);
	if (!event)
		return 0;
	event->pid = pid;
	event->uid = uid;
#pragma unroll
	for (i = 0; i < MAX_ARGS; i++) {
		bpf_probe_read_user(&arg, sizeof(arg), &argv[i]);
		if (!arg)
			break;
		bpf_probe_read_user_str(event->args[i], ARG_LEN, arg);
		event->args_count++;
	}
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_execve")
int exit_execve(struct trace_event_raw_sys_exit *ctx)
{
	pid_t pid = bpf_get_current_pid_tgid() >> 32;
	struct event *event = bpf_map_lookup_elem(&execs, &pid);

	if (!event)
		return 0;
	if (ctx->ret >= 0 || !ignore_failed) {
		bpf_get_current_comm(&event->comm, sizeof(event->comm));
		bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, event,
				      sizeof(*event));
	}
	bpf_map_delete_elem(&execs, &pid);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
