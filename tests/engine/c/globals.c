/* Global variables of every kind: constants, arrays of structures, hidden ones. */
#include <stdbool.h>
#include <stdint.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct rule {
	uint32_t from, to;
	bool drop;
	char name[8];
};

static const volatile struct {
	uint32_t limit;
	bool verbose;
	int64_t bias;
} config = { .limit = 100, .verbose = true, .bias = -3 };

const volatile int rule_count = 2;
struct rule rules[4] = {
	{ 1, 10, true, "low" },
	{ .from = 90, .to = 100, .name = "high" },
};
static uint64_t seen[3][2];
int64_t last __attribute__((aligned(16))) = -1;
const char greeting[] = "a constant";
int separate SEC(".data.separate") = 4;

SEC("xdp")
int judge(struct xdp_md *ctx)
{
	uint32_t size = (ctx->data_end - ctx->data) & 127;
	int i;

	seen[size & 1][size >> 6 & 1]++;
	for (i = 0; i < rule_count && i < 4; i++) {
		struct rule *rule = &rules[i];

		if (rule->from <= size && size <= rule->to) {
			last = size + config.bias;
			return rule->drop ? XDP_DROP : XDP_PASS;
		}
	}
	if (config.verbose)
		bpf_printk("%s: %u", greeting, size);
	separate++;
	return size > config.limit ? XDP_DROP : XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
