/* Functions of the kernel's structures: what they may call, write, and get as null. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
char _license[] SEC("license") = "GPL";
struct { __uint(type, BPF_MAP_TYPE_SK_STORAGE); __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, int); __type(value, u64); } storage SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1);
    __type(key, int); __type(value, u64); } array SEC(".maps");
#define SOCKET(member, name, body) SEC("struct_ops/" #member) \
    int BPF_PROG(name, struct sock *sk, u32 x) { char b[16] = {}; body; return 0; }
SOCKET(init, options, bpf_setsockopt(sk, 6, 13, "reno", 5);
    bpf_getsockopt(sk, 6, 13, b, 16))
SOCKET(ssthresh, options_by_context, bpf_getsockopt(ctx, 6, 13, b, 16))
SOCKET(release, late_set, bpf_setsockopt(sk, 6, 13, b, 5))
SOCKET(release, late_get, bpf_getsockopt(sk, 6, 13, b, 5))
SOCKET(cwnd_event, acknowledged, bpf_tcp_send_ack(sk, x))
SOCKET(set_state, stored, u64 *v = bpf_sk_storage_get(&storage, sk, 0, 1);
    if (v) *v += bpf_ktime_get_coarse_ns() + bpf_jiffies64())
SOCKET(undo_cwnd, cast, bpf_skc_to_tcp6_sock(sk))
SOCKET(min_tso_segs, marked, sk->sk_mark = 1)
SOCKET(sndbuf_expand, window, ((struct tcp_sock *)sk)->snd_cwnd = x)
SOCKET(cong_avoid, own_part,
    ((struct inet_connection_sock *)sk)->icsk_ca_priv[3] = x)
SOCKET(get_info, told,)

#define DUMMY(member, name, body) SEC(member) \
    int BPF_PROG(name, struct bpf_dummy_ops_state *s) { int k = 0; char b[8]; body; \
    return k; }
DUMMY("struct_ops/test_1", unchecked, k = s->val)
DUMMY("struct_ops/test_1", checked, if (s) { k = s->val; s->val = 1; })
DUMMY("struct_ops/test_2", never_null, k = s->val)
DUMMY("struct_ops/test_1", narrow, if (s) *(u8 *)&s->val = 1)
DUMMY("struct_ops/test_1", too_wide, if (s) __builtin_memset(s, 0, 8))
DUMMY("struct_ops/test_1", below, if (s) ((char *)s)[-1] = 3)
DUMMY("struct_ops/test_1", looked_up, bpf_map_lookup_elem(&array, &k))
DUMMY("struct_ops.s/test_sleepable", copied, bpf_copy_from_user(b, 8, 0))

#define TCP(n, ...) SEC(".struct_ops") struct tcp_congestion_ops tcp_##n = \
    { __VA_ARGS__ };
#define STATE(n, ...) SEC(".struct_ops") struct bpf_dummy_ops dummy_##n = \
    { __VA_ARGS__ };
#define IS(f) (void *)f
TCP(1, .init = IS(options), .ssthresh = IS(options_by_context), .release = IS(late_set),
    .cwnd_event = IS(acknowledged), .set_state = IS(stored), .undo_cwnd = IS(cast),
    .min_tso_segs = IS(marked), .sndbuf_expand = IS(window),
    .cong_avoid = IS(own_part), .get_info = IS(told))
TCP(2, .release = IS(late_get))
STATE(1, .test_1 = IS(unchecked), .test_2 = IS(never_null),
    .test_sleepable = IS(copied))
STATE(2, .test_1 = IS(checked)) STATE(3, .test_1 = IS(narrow))
STATE(4, .test_1 = IS(too_wide)) STATE(5, .test_1 = IS(below))
STATE(6, .test_1 = IS(looked_up))
