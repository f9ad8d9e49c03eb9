/* The program of the talk's slide "Programme eBPF", mended: it looks at each packet that
 * arrives and sends its length, the time and its first bytes to userspace. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define SAMPLE_SIZE 64
#define min(a, b) ((a) < (b) ? (a) : (b))

struct metadata {
    __u64 time;
    __u16 pkt_len;
    __u8 pad[6]; /* so that no byte of the record is left unwritten */
};

struct {
    __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
    __uint(key_size, sizeof(int));
    __uint(value_size, sizeof(int));
} my_map SEC(".maps");

SEC("xdp")
int xdp_sample_prog(struct xdp_md *ctx)
{
    void *data_end = (void *)(long)ctx->data_end;
    void *data = (void *)(long)ctx->data;
    struct metadata metadata = {};
    __u16 sample_size;
    __u64 flags;

    if (data >= data_end)
        return XDP_DROP;

    metadata.pkt_len = (__u16)(data_end - data);
    metadata.time = bpf_ktime_get_ns();
    sample_size = min(metadata.pkt_len, SAMPLE_SIZE);
    flags = BPF_F_CURRENT_CPU | (__u64)sample_size << 32;

    bpf_perf_event_output(ctx, &my_map, flags, &metadata, sizeof(metadata));

    return XDP_PASS;
}

char _license[] SEC("license") = "GPL"; /* bpf_perf_event_output asks for it */
