/* Counters, lists, trees: what every structure of the kernel is built with. */
#pragma once

typedef struct {
	int counter;
} atomic_t;
typedef struct {
	s64 counter;
} atomic64_t;
typedef atomic64_t atomic_long_t;
typedef struct refcount_struct {
	atomic_t refs;
} refcount_t;
typedef struct {
	uid_t val;
} kuid_t;
typedef struct {
	gid_t val;
} kgid_t;
typedef struct {
	u64 val;
} kernel_cap_t;

struct list_head {
	struct list_head *next, *prev;
};
struct hlist_node {
	struct hlist_node *next, **pprev;
};
struct hlist_head {
	struct hlist_node *first;
};
struct rb_node {
	unsigned long __rb_parent_color;
	struct rb_node *rb_right, *rb_left;
};
struct rb_root {
	struct rb_node *rb_node;
};
struct callback_head {
	struct callback_head *next;
	void (*func)(struct callback_head *);
};
struct seq_file {
	char *buf;
	size_t size, from, count;
	loff_t index;
	void *private;
	const struct file *file;
};
struct bpf_map {
	enum bpf_map_type map_type;
	u32 key_size, value_size, max_entries, map_flags, id;
	char name[16];
};
struct bpf_prog_aux {
	u32 used_map_cnt, id;
	char name[16];
	const char *attach_func_name;
	u64 load_time;
	u32 verified_insns;
};
struct bpf_prog {
	u32 len;
	enum bpf_prog_type type;
	enum bpf_attach_type expected_attach_type;
	u32 jited_len;
	u8 tag[8];
	struct bpf_prog_aux *aux;
};
