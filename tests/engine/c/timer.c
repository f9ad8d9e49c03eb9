/* A timer in a map, that starts itself again. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#define CLOCK_MONOTONIC 1

struct elem {
	struct bpf_timer timer;
	int ticks;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, int);
	__type(value, struct elem);
} timers SEC(".maps");

static int tick(void *map, int *key, struct elem *value)
{
	value->ticks++;
	bpf_timer_start(&value->timer, 1000000, 0);
	return 0;
}

SEC("tc")
int start(struct __sk_buff *skb)
{
	int key = 0;
	struct elem *value = bpf_map_lookup_elem(&timers, &key);

	if (!value)
		return 0;
	if (bpf_timer_init(&value->timer, &timers, CLOCK_MONOTONIC))
		return 0;
	bpf_timer_set_callback(&value->timer, tick);
	bpf_timer_start(&value->timer, 1000, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
