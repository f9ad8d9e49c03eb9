/* Who may do what: hooks of the security modules. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

#define EPERM 1

SEC("lsm/file_open")
int BPF_PROG(no_secrets, struct file *file)
{
	const unsigned char *name = BPF_CORE_READ(file, f_path.dentry, d_name.name);
	char text[8] = {};

	bpf_probe_read_kernel_str(text, sizeof(text), name);
	return bpf_strncmp(text, 6, "secret") ? 0 : -EPERM;
}

SEC("lsm/bprm_check_security")
int BPF_PROG(log_exec, struct linux_binprm *bprm, int ret)
{
	bpf_printk("exec %s", bprm->filename);
	return ret;
}

char LICENSE[] SEC("license") = "GPL";
