/* a number from the packet's size is an index without a limit
   refused as: memory-unbounded */
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

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 16);
    __type(key, __u32);
    __type(value, __u64[4]);
} sizes SEC(".maps");

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
    metadata.time = bpf_ktime_get_ns();
    sample_size = min(metadata.pkt_len, SAMPLE_SIZE);
    flags = BPF_F_CURRENT_CPU | (__u64)sample_size << 32;
    bpf_perf_event_output(ctx, &my_map, flags, &metadata, sizeof(metadata));
    __u32 key = 0;
    __u8 *count = bpf_map_lookup_elem(&sizes, &key);
    if (count)
        count[*(volatile __u32 *)&ctx->rx_queue_index] = 1;
    return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
