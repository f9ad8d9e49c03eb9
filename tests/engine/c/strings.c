/* Text: compared, copied, searched, formatted, read from the kernel. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

const char wanted[] = "bash";
char out[64];
long copied;

static __always_inline bool same(const char *a, const char *b, int n)
{
	for (int i = 0; i < n; i++) {
		if (a[i] != b[i])
			return false;
		if (!a[i])
			break;
	}
	return true;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(exec, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	char comm[16], path[64] = {};
	int i, slashes = 0;

	bpf_get_current_comm(comm, sizeof(comm));
	if (same(comm, wanted, sizeof(wanted)) || !bpf_strncmp(comm, 4, "dash"))
		return 0;
	copied = bpf_probe_read_kernel_str(path, sizeof(path), bprm->filename);
	for (i = 0; i < sizeof(path); i++)
		slashes += path[i] == '/';
	BPF_SNPRINTF(out, sizeof(out), "%s (%d): %d", path, task->pid, slashes);
	bpf_printk("started %s", path);
	bpf_printk("%d %d %d %d", 1, 2, 3, slashes);
	bpf_printk("nothing");
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
