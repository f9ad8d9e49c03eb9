/* Loops that call back: bpf_loop, each element of a map, what user space sent. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32);
	__type(key, __u32);
	__type(value, __u64);
} table SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_USER_RINGBUF);
	__uint(max_entries, 4096);
} orders SEC(".maps");

struct sum {
	__u64 total;
	int seen;
};

static int add_one(__u32 index, void *data)
{
	struct sum *sum = data;

	sum->total += index;
	return sum->total > 1000;
}

static __u64 add_value(void *map, __u32 *key, __u64 *value, struct sum *sum)
{
	sum->total += *value;
	sum->seen++;
	return 0;
}

static long take(struct bpf_dynptr *order, void *context)
{
	__u32 *word = bpf_dynptr_data(order, 0, sizeof(*word));

	if (!word)
		return 0;
	*(__u64 *)context += *word;
	return 0;
}

__u64 result;

SEC("tp/syscalls/sys_enter_getpgid")
int all(void *ctx)
{
	struct sum sum = {};
	__u64 taken = 0;

	bpf_loop(100, add_one, &sum, 0);
	bpf_for_each_map_elem(&table, add_value, &sum, 0);
	bpf_user_ringbuf_drain(&orders, take, &taken, 0);
	result = sum.total + taken;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
