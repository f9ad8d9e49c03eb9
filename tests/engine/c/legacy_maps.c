/* Maps as they were described before BTF, in the style of the kernel samples. */
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct bpf_map_def SEC("maps") counts = {
	.type = BPF_MAP_TYPE_HASH,
	.key_size = sizeof(__u32),
	.value_size = sizeof(__u64),
	.max_entries = 1024,
};

struct bpf_map_def SEC("maps") output = {
	.type = BPF_MAP_TYPE_PERF_EVENT_ARRAY,
	.key_size = sizeof(int),
	.value_size = sizeof(__u32),
	.max_entries = 2,
};

int _version SEC("version") = 1;

SEC("kprobe/sys_write")
int on_write(struct pt_regs *ctx)
{
	__u32 pid = bpf_get_current_pid_tgid();
	__u64 one = 1, *count = bpf_map_lookup_elem(&counts, &pid);
	struct {
		__u64 pid;
		__u64 cookie;
	} data = { bpf_get_current_pid_tgid(), 0x12345678 };
	char fmt[] = "write %d %llx\n";

	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(&counts, &pid, &one, BPF_NOEXIST);
	bpf_perf_event_output(ctx, &output, BPF_F_CURRENT_CPU, &data, sizeof(data));
	bpf_trace_printk(fmt, sizeof(fmt), pid, PT_REGS_PARM1(ctx));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
