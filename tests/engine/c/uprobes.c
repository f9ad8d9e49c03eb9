/* Functions of user space: what a shell was told. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

struct line {
	pid_t pid;
	char text[80];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} events SEC(".maps");

SEC("uretprobe//bin/bash:readline")
int BPF_URETPROBE(printret, const void *ret)
{
	struct line line = {};

	if (!ret)
		return 0;
	line.pid = bpf_get_current_pid_tgid() >> 32;
	bpf_probe_read_user_str(&line.text, sizeof(line.text), ret);
	bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, &line, sizeof(line));
	return 0;
}

SEC("uprobe")
int BPF_UPROBE(add, int a, int b)
{
	bpf_printk("add(%d, %d) with cookie %llu", a, b, bpf_get_attach_cookie(ctx));
	return 0;
}

SEC("uprobe.multi//proc/self/exe:main")
int BPF_UPROBE(many) { return 0; }

char LICENSE[] SEC("license") = "GPL";
