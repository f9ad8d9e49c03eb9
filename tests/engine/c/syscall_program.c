/* A program that user space calls, with a structure of its own. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct args {
	__u64 x, y;
	__u64 result;
};

SEC("syscall")
int multiply(struct args *args)
{
	if (args->x >> 32 || args->y >> 32)
		return 1;
	args->result = args->x * args->y;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
