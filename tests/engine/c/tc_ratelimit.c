/* A token bucket behind a spin lock. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

struct bucket {
	struct bpf_spin_lock lock;
	__u64 tokens;
	__u64 last_ns;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct bucket);
} buckets SEC(".maps");

#define RATE 1000 /* packets a second */

SEC("tc")
int limit(struct __sk_buff *skb)
{
	__u32 key = 0;
	struct bucket *b = bpf_map_lookup_elem(&buckets, &key);
	__u64 now = bpf_ktime_get_ns();
	int verdict = TC_ACT_SHOT;

	if (!b)
		return TC_ACT_OK;
	bpf_spin_lock(&b->lock);
	if (now - b->last_ns > 1000000000ULL / RATE) {
		b->tokens = b->tokens < 10 ? b->tokens + 1 : 10;
		b->last_ns = now;
	}
	if (b->tokens) {
		b->tokens--;
		verdict = TC_ACT_OK;
	}
	bpf_spin_unlock(&b->lock);
	return verdict;
}

char LICENSE[] SEC("license") = "GPL";
