/* Counts system calls by number, at the raw tracepoint. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __type(key, __u32);
    __type(value, __u64);
    __uint(max_entries, 512);
} calls SEC(".maps");

SEC("raw_tracepoint/sys_enter")
int raw_syscalls(struct bpf_raw_tracepoint_args *ctx)
{
    __u32 number = ctx->args[1];
    __u64 *count = bpf_map_lookup_elem(&calls, &number);

    if (count)
        ++*count;
    return 0;
}

char LICENSE[] SEC("license") = "GPL";
