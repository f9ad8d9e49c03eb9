/* Sends records of any length, by dynptr. */
#include "packet.h"

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 4096);
} records SEC(".maps");

SEC("xdp")
int dynptrs(struct xdp_md *ctx)
{
    __u32 length = END(ctx) - DATA(ctx);
    struct bpf_dynptr record;
    __u64 word = 0;

    if (bpf_ringbuf_reserve_dynptr(&records, length, 0, &record)) {
        bpf_ringbuf_discard_dynptr(&record, 0);
        return XDP_DROP;
    }
    bpf_dynptr_write(&record, 0, &length, sizeof(length), 0);
    bpf_dynptr_write(&record, length - 4, &length, sizeof(length), 0);
    bpf_dynptr_read(&word, sizeof(word), &record, 2, 0);
    bpf_ringbuf_submit_dynptr(&record, 0);
    return word;
}
