/* Memory taken from dynptrs: who gets it, when it is gone; iterators at the stack's end. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
char _license[] SEC("license") = "GPL";
extern int bpf_dynptr_from_skb(struct __sk_buff *s, u64 flags, struct bpf_dynptr *p)
    __ksym;
extern int bpf_dynptr_clone(const struct bpf_dynptr *p, struct bpf_dynptr *to) __ksym;
extern void *bpf_dynptr_slice(const struct bpf_dynptr *p, u32 off, void *b, u32 n)
    __ksym;
extern void *bpf_dynptr_slice_rdwr(const struct bpf_dynptr *p, u32 off, void *b, u32 n)
    __ksym;
extern int bpf_iter_num_new(struct bpf_iter_num *it, int from, int to) __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __ksym;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __ksym;
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } rb SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 2);
    __type(key, u32); __type(value, u64); } h SEC(".maps");
char big[256];
__noinline int maybe(u64 *x) { return x ? *x : 0; }
__noinline int surely(u64 *x __arg_nonnull) { return *x; }

#define SKB bpf_dynptr_from_skb(s, 0, &p);
#define MEM bpf_dynptr_from_mem(big, 100, 0, &p);
#define RING bpf_ringbuf_reserve_dynptr(&rb, 64, 0, &p);
#define SUBMIT bpf_ringbuf_submit_dynptr(&p, 0);
#define TEST(name, make, take, body, end) SEC("tc") int name(struct __sk_buff *s) { \
    struct bpf_dynptr p; char b[16]; u8 *d; u32 k = 0; make d = take; \
    if (d) { body; } end return k; }
#define SLICE bpf_dynptr_slice_rdwr(&p, 0, b, 16)
#define READ bpf_dynptr_slice(&p, 0, b, 16)
#define DATA bpf_dynptr_data(&p, 0, 16)
/* each with all three kinds */
#define ALL(name, take, body) TEST(name##_skb, SKB, take, body,) \
    TEST(name##_mem, MEM, take, body,) TEST(name##_ring, RING, take, body, SUBMIT)
ALL(sum, SLICE, bpf_csum_diff(0, 0, (void *)d, 8, 0))
ALL(sum_moved, SLICE, bpf_csum_diff(0, 0, (void *)(d + 4), 8, 0))
ALL(sum_far, SLICE, d += s->len & 7; bpf_csum_diff(0, 0, (void *)d, 8, 0))
ALL(key, SLICE, bpf_map_lookup_elem(&h, d))
ALL(key_moved, SLICE, bpf_map_lookup_elem(&h, d + 4))
ALL(key_read, READ, bpf_map_lookup_elem(&h, d))
ALL(value, SLICE, bpf_map_update_elem(&h, &k, d, 0))
ALL(filled, SLICE, bpf_skb_load_bytes(s, 0, d, 16))
ALL(filled_moved, SLICE, bpf_skb_load_bytes(s, 0, d + 1, 8))
ALL(read_moved, READ, bpf_skb_store_bytes(s, 0, d + 2, 8, 0))
ALL(to_function, SLICE, k = maybe((void *)(d + 8)))
ALL(to_function_2, READ, k = surely((void *)d))
ALL(overwritten, SLICE, *(volatile u64 *)b = 0; d[1] = 2)
ALL(moved_packet, SLICE, bpf_skb_pull_data(s, 4); d[1] = 3)
ALL(cloned, SLICE, struct bpf_dynptr q; bpf_dynptr_clone(&p, &q); d[1] = 3;
    if (bpf_dynptr_data(&q, 0, 8)) k = 1)
TEST(data_key, RING, DATA, bpf_map_lookup_elem(&h, d + 4), SUBMIT)
TEST(data_sum, RING, DATA, bpf_csum_diff(0, 0, (void *)(d + 4), 8, 0), SUBMIT)
TEST(lost, MEM, SLICE, *(volatile u64 *)&p = 0; d[1] = 2,)
TEST(lost_data, MEM, DATA, *(volatile u64 *)&p = 0; d[1] = 2,)
TEST(lost_record, RING, SLICE, SUBMIT; k = d[1],)

/* Linux takes the end of the stack for its first slot */
#define AT(name, make, next, end) SEC("tc") int name(void *c) { asm volatile( \
    "r1 = r10\n r1 += " #make "\n r2 = 0\n r3 = 9\n call bpf_iter_num_new\n" \
    "r1 = r10\n r1 += " #next "\n call bpf_iter_num_next\n" \
    "r1 = r10\n r1 += " #end "\n call bpf_iter_num_destroy\n" \
    :: "i"(bpf_iter_num_new), "i"(bpf_iter_num_next), "i"(bpf_iter_num_destroy) \
    : "r0", "r1", "r2", "r3", "r4", "r5", "memory"); return 0; }
AT(at_8, -8, -8, -8) AT(end_made, 0, -8, -8) AT(end_asked, -8, 0, -8)
AT(end_destroyed, -8, -8, 0) AT(beyond, -8, 8, -8) AT(askew, -8, -4, -8)
