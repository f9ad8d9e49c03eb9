/* A map whose values are maps, chosen by CPU. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct inner_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, int);
	__type(value, __u64);
} even SEC(".maps"), odd SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__uint(key_size, sizeof(int));
	__uint(value_size, sizeof(int));
	__array(values, struct inner_map);
} outer SEC(".maps") = {
	.values = { (void *)&even, (void *)&odd },
};

SEC("tp/syscalls/sys_enter_getpid")
int pick(void *ctx)
{
	int slot = bpf_get_smp_processor_id() & 1, key = 7;
	__u64 *value, one = 1;
	void *map = bpf_map_lookup_elem(&outer, &slot);

	if (!map)
		return 0;
	value = bpf_map_lookup_elem(map, &key);
	if (value)
		*value += 1;
	else
		bpf_map_update_elem(map, &key, &one, BPF_ANY);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
