/* Many ports, one listening socket; and sockets of one port by hash. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

struct {
	__uint(type, BPF_MAP_TYPE_SOCKMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} server SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_REUSEPORT_SOCKARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u32);
} workers SEC(".maps");

SEC("sk_lookup")
int steer(struct bpf_sk_lookup *ctx)
{
	const __u32 zero = 0;
	struct bpf_sock *sk;
	long err;

	if (ctx->local_port < 7000 || ctx->local_port > 7999)
		return SK_PASS;
	sk = bpf_map_lookup_elem(&server, &zero);
	if (!sk)
		return SK_PASS;
	err = bpf_sk_assign(ctx, sk, 0);
	bpf_sk_release(sk);
	return err ? SK_DROP : SK_PASS;
}

SEC("sk_reuseport")
int choose(struct sk_reuseport_md *md)
{
	__u32 slot = md->hash % 4;

	return bpf_sk_select_reuseport(md, &workers, &slot, 0) ? SK_DROP : SK_PASS;
}

char LICENSE[] SEC("license") = "GPL";
