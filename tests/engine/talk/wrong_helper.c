/* a helper that this program type has not
   refused as: helper-not-allowed */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define SAMPLE_SIZE 64
#define min(a, b) ((a) < (b) ? (a) : (b))

struct event {
    __u64 time;
    __u16 pkt_len;
    __u8 pad[6];
};

struct {
    __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
    __uint(key_size, sizeof(int));
    __uint(value_size, sizeof(__u32));
    __uint(max_entries, 8);
} my_map SEC(".maps");

SEC("xdp")
int xdp_sample_prog(struct xdp_md *ctx)
{
    void *data_end = (void *)(long)ctx->data_end;
    void *data = (void *)(long)ctx->data;
    struct event metadata = {};
    __u16 sample_size;
    __u64 flags;

    if (data >= data_end)
        return XDP_DROP;
    metadata.pkt_len = (__u16)(data_end - data);
    metadata.time = bpf_get_current_task();
    bpf_skb_load_bytes(ctx, 0, &metadata.pad, 1);
    sample_size = min(metadata.pkt_len, SAMPLE_SIZE);
    flags = BPF_F_CURRENT_CPU | (__u64)sample_size << 32;
    bpf_perf_event_output(ctx, &my_map, flags, &metadata, sizeof(metadata));
    return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
