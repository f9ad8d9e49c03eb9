"""C programs that own objects, keep them in lists and trees, and count with iterators.

Functions of the program are called back, states converge: all of it, the log of level 2
included, must be Linux's.
"""

import pytest

import ebpflab as lab
from ebpflab.results import Verdict
from ebpflab.verifier.check import verify
from tests.engine.test_verifier_calls import difference

HEAD = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
typedef _Bool bool;
#define holds(name) __attribute__((btf_decl_tag("contains:" #name ":part")))
#define data(name) SEC(".data." #name) __attribute__((hidden, aligned(8)))
#define of(p) \\
    ((struct node *)((void *)(p) - __builtin_offsetof(struct node, part)))
#define make() ((struct node *)bpf_obj_new_impl( \\
    __builtin_btf_type_id(*(struct node *)0, 0), 0))
#define drop(p) bpf_obj_drop_impl(p, 0)
char _license[] SEC("license") = "GPL";
extern void *bpf_obj_new_impl(__u64 id, void *meta) __ksym;
extern void bpf_obj_drop_impl(void *p, void *meta) __ksym;
"""
LISTS = (
    HEAD
    + """
extern int bpf_list_push_front_impl(struct bpf_list_head *head,
    struct bpf_list_node *node, void *meta, __u64 off) __ksym;
extern struct bpf_list_node *bpf_list_pop_front(struct bpf_list_head *head) __ksym;
struct node { __u64 key; struct bpf_list_node part; };
struct val { struct bpf_spin_lock lock; struct bpf_list_head head holds(node); };
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4);
         __type(key, int); __type(value, struct val); } m SEC(".maps");
#define FIND int k = 1; struct val *v = bpf_map_lookup_elem(&m, &k); if (!v) return 0;
SEC("tc") int add(void *ctx) { FIND
    struct node *n = make(); if (!n) return 1;
    bpf_spin_lock(&v->lock);
    bpf_list_push_front_impl(&v->head, &n->part, 0, 0);
    bpf_spin_unlock(&v->lock); return 0; }
SEC("tc") int pop(void *ctx) { FIND
    bpf_spin_lock(&v->lock);
    struct bpf_list_node *part = bpf_list_pop_front(&v->head);
    bpf_spin_unlock(&v->lock);
    if (part) drop(of(part)); return 0; }
SEC("tc") int lose(void *ctx) { FIND
    bpf_spin_lock(&v->lock);
    bpf_list_pop_front(&v->head);
    bpf_spin_unlock(&v->lock); return 0; }
"""
)
TREES = (
    HEAD
    + """
extern int bpf_rbtree_add_impl(struct bpf_rb_root *root, struct bpf_rb_node *node,
    bool (less)(struct bpf_rb_node *a, const struct bpf_rb_node *b),
    void *meta, __u64 off) __ksym;
extern struct bpf_rb_node *bpf_rbtree_remove(struct bpf_rb_root *root,
    struct bpf_rb_node *node) __ksym;
extern struct bpf_rb_node *bpf_rbtree_first(struct bpf_rb_root *root) __ksym;
struct node { __u64 key; struct bpf_rb_node part; };
data(A) struct bpf_spin_lock lock;
data(A) struct bpf_rb_root root holds(node);
static bool less(struct bpf_rb_node *a, const struct bpf_rb_node *b)
{
    struct bpf_rb_node *part = a;
    __u64 key = of(part)->key;
    part = (struct bpf_rb_node *)b;
    return key < of(part)->key;
}
#define PUT(n) bpf_rbtree_add_impl(&root, &n->part, less, 0, 0)
SEC("tc") int add(struct __sk_buff *skb) {
    struct node *n = make(); if (!n) return 1;
    n->key = skb->len; bpf_spin_lock(&lock); PUT(n); bpf_spin_unlock(&lock); return 0; }
SEC("tc") int both(struct __sk_buff *skb) {
    struct node *n = make(), *m; if (!n) return 1;
    m = make(); if (!m) { drop(n); return 1; }
    bpf_spin_lock(&lock); PUT(n); m->key = n->key; PUT(m); bpf_spin_unlock(&lock);
    return 0; }
SEC("tc") int take(struct __sk_buff *skb) {
    bpf_spin_lock(&lock);
    struct bpf_rb_node *part = bpf_rbtree_first(&root);
    if (part) part = bpf_rbtree_remove(&root, part);
    bpf_spin_unlock(&lock);
    if (part) drop(of(part)); return 0; }
SEC("tc") int late(struct __sk_buff *skb) {
    bpf_spin_lock(&lock);
    struct bpf_rb_node *part = bpf_rbtree_first(&root);
    bpf_spin_unlock(&lock);
    return part ? of(part)->key : 2; }
SEC("tc") int lose(struct __sk_buff *skb) { return make() != 0; }
"""
)
ITERATORS = (
    HEAD
    + """
extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __ksym;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __ksym;
#define EACH(it, v, end) bpf_iter_num_new(&it, 0, end); \\
    while ((v = bpf_iter_num_next(&it)))
int cells[64];
static __noinline int twice(int x) { return x * 2; }
SEC("xdp") int sum(void *ctx) { struct bpf_iter_num it; int *v, s = 0;
    EACH(it, v, 100) { s += twice(*v); } bpf_iter_num_destroy(&it); return s; }
SEC("xdp") int fill(void *ctx) { struct bpf_iter_num it; int *v;
    EACH(it, v, 64) { int i = *v; if (i >= 0 && i < 64) cells[i] = i; }
    bpf_iter_num_destroy(&it); return 0; }
SEC("xdp") int nested(void *ctx) { struct bpf_iter_num a, b; int *v, *w, s = 0;
    EACH(a, v, 10) { EACH(b, w, *v) s += *w; bpf_iter_num_destroy(&b); }
    bpf_iter_num_destroy(&a); return s; }
SEC("xdp") int outside(void *ctx) { struct bpf_iter_num it; int *v;
    EACH(it, v, 64) cells[*v] = 1; bpf_iter_num_destroy(&it); return 0; }
SEC("xdp") int leaves(void *ctx) { struct bpf_iter_num it; int *v, s = 0;
    EACH(it, v, 64) { if (*v == 7) break; s++; } bpf_iter_num_destroy(&it); return s; }
SEC("xdp") int forgets(void *ctx) { struct bpf_iter_num it; int *v, s = 0;
    EACH(it, v, 64) { if (*v == 7) return 1; s++; } bpf_iter_num_destroy(&it);
    return s; }
"""
)
REFUSED = {"lose", "late", "outside", "forgets"}


@pytest.mark.parametrize(
    "source", [LISTS, TREES, ITERATORS], ids=["lists", "trees", "iterators"]
)
def test_programs_are_judged_as_by_linux(linux, source: str) -> None:
    for name, program in lab.compile(source).programs.items():
        ours: Verdict = verify(program)
        assert ours.accepted == (name not in REFUSED), name
        assert difference(program) == "", name
        assert ours.insns_processed == lab.linux.verify(program).insns_processed
