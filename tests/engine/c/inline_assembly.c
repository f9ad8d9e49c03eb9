/* Instructions by hand inside C. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int by_hand(struct xdp_md *ctx)
{
	__u64 length = ctx->data_end - ctx->data, result;
	int index = bpf_get_prandom_u32();

	asm volatile("%[result] = %[length]\n\t"
		     "%[result] &= 0xff\n\t"
		     "if %[result] > 10 goto +1\n\t"
		     "%[result] = 10\n\t"
		     : [result] "=r"(result)
		     : [length] "r"(length));
	barrier_var(index);
	index &= 1;
	barrier();
	return result > 20 ? XDP_DROP : XDP_PASS + index * 0;
}

__attribute__((naked)) SEC("socket") int naked(void *ctx)
{
	asm volatile("r0 = *(u32 *)(r1 + 0);"
		     "r0 >>= 1;"
		     "exit;" ::: "memory");
}

char LICENSE[] SEC("license") = "GPL";
