/* Pointers that maps hold: exchanged, read under RCU, one for each CPU. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
char _license[] SEC("license") = "GPL";
extern void *bpf_obj_new_impl(u64 id, void *meta) __ksym;
extern void bpf_obj_drop_impl(void *p, void *meta) __ksym;
extern void *bpf_percpu_obj_new_impl(u64 id, void *meta) __ksym;
extern void bpf_percpu_obj_drop_impl(void *p, void *meta) __ksym;
extern void *bpf_refcount_acquire_impl(void *p, void *meta) __ksym;
extern struct task_struct *bpf_task_from_pid(s32 pid) __ksym;
extern void bpf_task_release(struct task_struct *p) __ksym;
extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;

struct plain { u64 x, y; };
struct counted { u64 x; struct bpf_refcount r; };
struct in_list { u64 x; struct bpf_list_node l; u64 y; };
struct in_tree { u64 x; struct bpf_rb_node l; struct bpf_refcount r; };
struct holder { u64 x; struct plain __kptr *p; };
struct value {
    struct plain __kptr *p;
    struct plain __percpu_kptr *each;
    struct task_struct __kptr *t;
    struct counted __kptr *c;
    struct in_list __kptr *l;
    struct in_tree __kptr *b;
    struct holder __kptr *h;
};
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1);
    __type(key, u32); __type(value, struct value); } m SEC(".maps");

#define FIND u32 k = 0; struct value *v = bpf_map_lookup_elem(&m, &k); \
    void *old, *n; if (!v) return 0;
#define NEW(t) bpf_obj_new_impl(__builtin_btf_type_id(*(t *)0, 0), 0)
#define NEW_EACH(t) bpf_percpu_obj_new_impl(__builtin_btf_type_id(*(t *)0, 0), 0)
#define DROP(p) if (p) bpf_obj_drop_impl(p, 0)
#define X(p) (*(u64 *)(p))
#define TEST(name, body) SEC("syscall") int name(void *c) { FIND body return k; }
#define RCU(name, body) TEST(name, bpf_rcu_read_lock(); body bpf_rcu_read_unlock();)

/* what is given must not be null, and is nobody's afterwards */
TEST(null_object, n = NEW(struct plain); bpf_kptr_xchg(&v->p, n);)
TEST(null_each, n = NEW_EACH(struct plain); bpf_kptr_xchg(&v->each, n);)
TEST(null_task, n = bpf_task_from_pid(1); bpf_kptr_xchg(&v->t, n);)
TEST(other_kind, n = NEW(struct plain); if (!n) return 0; bpf_kptr_xchg(&v->each, n);)
TEST(other_kind_2, n = NEW_EACH(struct plain); if (!n) return 0;
    bpf_kptr_xchg(&v->p, n);)
TEST(given, n = NEW(struct plain); if (!n) return 0; old = bpf_kptr_xchg(&v->p, n);
    DROP(old); k = X(n);)
TEST(given_task, n = bpf_task_from_pid(1); if (!n) return 0;
    old = bpf_kptr_xchg(&v->t, n); if (old) bpf_task_release(old); k = X(n);)
TEST(given_each, n = NEW_EACH(struct plain); if (!n) return 0;
    old = bpf_kptr_xchg(&v->each, n); if (old) bpf_percpu_obj_drop_impl(old, 0);
    bpf_this_cpu_ptr(n);)
RCU(given_under_rcu, n = NEW_EACH(struct plain); if (n) {
    old = bpf_kptr_xchg(&v->each, n); if (old) bpf_percpu_obj_drop_impl(old, 0);
    n = bpf_this_cpu_ptr(n); X(n) = 1; })

/* each CPU's own */
RCU(each, n = v->each; if (n) { old = bpf_per_cpu_ptr(n, 0); X(old) = 2;
    old = bpf_this_cpu_ptr(n); k = X(old); })
RCU(each_dropped, n = v->each; if (n) bpf_obj_drop_impl(bpf_per_cpu_ptr(n, 0), 0);)
RCU(each_itself, n = v->each; if (n) k = X(n);)
RCU(each_null, n = v->each; bpf_this_cpu_ptr(n);)
RCU(each_moved, n = v->each; if (n) bpf_this_cpu_ptr(n + 8);)
TEST(each_late, bpf_rcu_read_lock(); n = v->each; bpf_rcu_read_unlock();
    if (n) bpf_per_cpu_ptr(n, 0);)
TEST(each_kept, bpf_rcu_read_lock(); n = v->each;
    if (!n) { bpf_rcu_read_unlock(); return 0; }
    old = bpf_per_cpu_ptr(n, 0); bpf_rcu_read_unlock(); k = X(old);)
TEST(each_new, n = NEW_EACH(struct plain); if (n) bpf_per_cpu_ptr(n, 0);)

/* read from the map: what may be done with it depends on what else may own it */
#define READ(name, field, in, out) TEST(name, bpf_rcu_read_lock(); n = v->field; \
    if (!n) { bpf_rcu_read_unlock(); return 0; } in; bpf_rcu_read_unlock(); out;) \
    SEC("tc") int name##_tc(void *c) { FIND n = v->field; if (!n) return 0; \
    in; out; return k; }
#define READS(name, field) READ(name##_read, field, k = X(n),) \
    READ(name##_written, field, X(n) = k,) \
    READ(name##_late, field,, k = X(n)) \
    READ(name##_written_late, field,, X(n) = k) \
    READ(name##_dropped, field, bpf_obj_drop_impl(n, 0),) \
    READ(name##_given, field, old = bpf_kptr_xchg(&v->field, n); DROP(old),) \
    READ(name##_acquired, field, old = bpf_refcount_acquire_impl(n, 0); DROP(old),) \
    READ(name##_unchecked, field, old = bpf_refcount_acquire_impl(n, 0); \
        bpf_obj_drop_impl(old, 0),)
READS(counted, c) READS(in_list, l) READS(in_tree, b) READS(holder, h)
RCU(inner, n = v->h; if (n) { n = ((struct holder *)n)->p; if (n) k = X(n); })
