/* Contexts of SEC("iter/..."): what each step of an iterator is shown. */
#pragma once

#define ___bpf_shown(type, name) union { type *name; }

struct bpf_iter_meta {
	___bpf_shown(struct seq_file, seq);
	u64 session_id, seq_num;
};
struct bpf_iter__task {
	___bpf_shown(struct bpf_iter_meta, meta);
	___bpf_shown(struct task_struct, task);
};
struct bpf_iter__task_file {
	___bpf_shown(struct bpf_iter_meta, meta);
	___bpf_shown(struct task_struct, task);
	u32 fd;
	___bpf_shown(struct file, file);
};
struct bpf_iter__task_vma {
	___bpf_shown(struct bpf_iter_meta, meta);
	___bpf_shown(struct task_struct, task);
	___bpf_shown(struct vm_area_struct, vma);
};
struct bpf_iter__bpf_map {
	___bpf_shown(struct bpf_iter_meta, meta);
	___bpf_shown(struct bpf_map, map);
};
struct bpf_iter__bpf_map_elem {
	___bpf_shown(struct bpf_iter_meta, meta);
	___bpf_shown(struct bpf_map, map);
	___bpf_shown(void, key);
	___bpf_shown(void, value);
};
struct bpf_iter__bpf_prog {
	___bpf_shown(struct bpf_iter_meta, meta);
	___bpf_shown(struct bpf_prog, prog);
};
struct bpf_iter__tcp {
	___bpf_shown(struct bpf_iter_meta, meta);
	___bpf_shown(struct sock_common, sk_common);
	uid_t uid;
};
struct bpf_iter__udp {
	___bpf_shown(struct bpf_iter_meta, meta);
	___bpf_shown(struct udp_sock, udp_sk);
	uid_t uid;
};

#undef ___bpf_shown

/* What bpf_for_each(task, ...) and its like keep between two steps. */
struct bpf_iter_task {
	__u64 __opaque[3];
};
struct bpf_iter_task_vma {
	__u64 __opaque[1];
};
struct bpf_iter_css {
	__u64 __opaque[3];
};
struct bpf_iter_css_task {
	__u64 __opaque[1];
};
struct bpf_iter_bits {
	__u64 __opaque[2];
};
