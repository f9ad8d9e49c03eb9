/* Entry and exit of a function of the kernel, with its types. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

SEC("fentry/do_unlinkat")
int BPF_PROG(entered, int dfd, struct filename *name)
{
	bpf_printk("unlink %s", name->name);
	return 0;
}

SEC("fexit/do_unlinkat")
int BPF_PROG(left, int dfd, struct filename *name, long ret)
{
	bpf_printk("unlink gave %ld", ret);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
