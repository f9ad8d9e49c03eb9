/* Lets a cgroup read /dev/null and nothing else. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

SEC("cgroup/dev")
int device_guard(struct bpf_cgroup_dev_ctx *ctx)
{
    if ((ctx->access_type & 0xffff) != BPF_DEVCG_DEV_CHAR)
        return 0;
    return ctx->major == 1 && ctx->minor == 3;
}

char LICENSE[] SEC("license") = "GPL";
