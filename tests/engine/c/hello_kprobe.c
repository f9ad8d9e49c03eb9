/* A greeting whenever a file is removed. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

SEC("kprobe/do_unlinkat")
int BPF_KPROBE(hello, int dfd, struct filename *name)
{
	pid_t pid = bpf_get_current_pid_tgid() >> 32;
	const char *path = BPF_CORE_READ(name, name);

	bpf_printk("hello: pid %d removes %s", pid, path);
	return 0;
}

SEC("kretprobe/do_unlinkat")
int BPF_KRETPROBE(goodbye, long ret)
{
	bpf_printk("goodbye: %ld", ret);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
