/* Traffic counted, devices, sysctls and socket options judged. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_STORAGE);
	__type(key, struct bpf_cgroup_storage_key);
	__type(value, __u64);
} bytes SEC(".maps");

SEC("cgroup_skb/egress")
int count(struct __sk_buff *skb)
{
	__u64 *total = bpf_get_local_storage(&bytes, 0);

	__sync_fetch_and_add(total, skb->len);
	return 1;
}

SEC("cgroup/dev")
int device(struct bpf_cgroup_dev_ctx *ctx)
{
	short type = ctx->access_type & 0xFFFF;

	if (ctx->major != 1 || type != BPF_DEVCG_DEV_CHAR)
		return 0;
	switch (ctx->minor) {
	case 5: /* /dev/zero */
	case 9: /* /dev/urandom */
		return 1;
	}
	return 0;
}

SEC("cgroup/sysctl")
int sysctl(struct bpf_sysctl *ctx)
{
	char name[32] = {};

	if (bpf_sysctl_get_name(ctx, name, sizeof(name), 0) < 0)
		return 0;
	return !ctx->write || name[0] != 'k';
}

SEC("cgroup/getsockopt")
int option(struct bpf_sockopt *ctx)
{
	__u8 *value = ctx->optval;

	if (value + 1 > (__u8 *)ctx->optval_end)
		return 0;
	ctx->retval = 0;
	return value[0] != 0x5a;
}

char LICENSE[] SEC("license") = "GPL";
