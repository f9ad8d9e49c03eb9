/* The program of the talk's slide "Programme eBPF". The function is the slide's, line
 * by line; what the slide leaves out stands around it, so that it compiles. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u64 u64;

#define SAMPLE_SIZE 64
#define min(a, b) ((a) < (b) ? (a) : (b))

struct {
    __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
    __uint(key_size, sizeof(int));
    __uint(value_size, sizeof(int));
} my_map SEC(".maps");

SEC("xdp_sample")
int xdp_sample_prog(struct xdp_md *ctx)
{
    void *data_end = (void *)(long)ctx->data_end;
    void *data = (void *)(long)ctx->data;
    struct { u64 time; u16 pkt_len; u8 pad[6]; } metadata = {}; /* not on the slide */
    u16 sample_size;
    u64 flags;

    if (data < data_end)
        return XDP_DROP;

    metadata.pkt_len = (u16)(data_end - data);
    metadata.time = bpf_ktime_get_ns();
    sample_size = min(metadata.pkt_len, SAMPLE_SIZE);
    flags = BPF_F_CURRENT_CPU | (u64)sample_size << 32;

    bpf_perf_event_output(ctx, &my_map, flags,
                          &metadata, sizeof(metadata));

    return XDP_PASS;
}

char _license[] SEC("license") = "GPL"; /* bpf_perf_event_output asks for it */
