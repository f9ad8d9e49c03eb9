/* Functions of each kind: static, global, with pointers, with the context. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct args {
	__u32 a, b;
};

static __noinline int fib(int n)
{
	int a = 0, b = 1, i, c;

	for (i = 0; i < n && i < 20; i++) {
		c = a + b;
		a = b;
		b = c;
	}
	return a;
}

__noinline int global_sum(const struct args *args)
{
	return args ? args->a + args->b : -1;
}

__noinline int with_context(struct __sk_buff *skb)
{
	return skb->len + fib(skb->mark & 15);
}

__weak __noinline int may_be_replaced(int x) { return x + 1; }

__hidden __noinline long helper_of_ours(long *p) { return p ? *p * 2 : 0; }

SEC("tc")
int calls(struct __sk_buff *skb)
{
	struct args args = { 1, skb->len };
	long number = skb->len;

	return global_sum(&args) + with_context(skb) + may_be_replaced(3) +
	       helper_of_ours(&number);
}

char LICENSE[] SEC("license") = "GPL";
