/* What every eBPF program in C begins with: SEC, map definitions, helpers, bpf_printk.
 *
 * The names and their meaning are those of libbpf's <bpf/bpf_helpers.h>, so a program
 * written for one compiles with the other. Include <linux/bpf.h> (or "vmlinux.h")
 * before it.
 */
#ifndef __BPF_HELPERS_H__
#define __BPF_HELPERS_H__

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#include <bpf/bpf_helper_defs.h>

/* Where something goes in the object: SEC("xdp"), SEC(".maps"), SEC("license"). */
#define SEC(name) __attribute__((section(name), used))

/* A map is described by types: a number is an array's length, a type is pointed at. */
#define __uint(name, val) int (*name)[val]
#define __type(name, val) typeof(val) *name
#define __array(name, val) typeof(val) *name[]
#define __ulong(name, val) enum { ___bpf_concat(__unique_value, __COUNTER__) = val } name

#define ___bpf_concat(a, b) ___bpf_paste(a, b)
#define ___bpf_paste(a, b) a##b

#define ___bpf_apply(fn, n) ___bpf_concat(fn, n)

/* <linux/stddef.h> has one too, which only asks for it. */
#undef __always_inline
#define __always_inline inline __attribute__((always_inline))
#ifndef __noinline
#define __noinline __attribute__((noinline))
#endif
#ifndef __weak
#define __weak __attribute__((weak))
#endif
#ifndef __hidden
#define __hidden __attribute__((visibility("hidden")))
#endif

#define __kconfig __attribute__((section(".kconfig")))
#define __ksym __attribute__((section(".ksyms")))
/* Whether a weak function or variable of the kernel is there. */
#define bpf_ksym_exists(sym) \
	({ \
		_Static_assert(!__builtin_constant_p(!!sym), #sym " must be __weak"); \
		!!sym; \
	})

#define __kptr __attribute__((btf_type_tag("kptr")))
#define __kptr_untrusted __attribute__((btf_type_tag("kptr_untrusted")))
#define __percpu_kptr __attribute__((btf_type_tag("percpu_kptr")))
#define __uptr __attribute__((btf_type_tag("uptr")))
#define __arg_ctx __attribute__((btf_decl_tag("arg:ctx")))
#define __arg_nonnull __attribute__((btf_decl_tag("arg:nonnull")))
#define __arg_nullable __attribute__((btf_decl_tag("arg:nullable")))
#define __arg_trusted __attribute__((btf_decl_tag("arg:trusted")))
#define __arg_untrusted __attribute__((btf_decl_tag("arg:untrusted")))
#define __arg_arena __attribute__((btf_decl_tag("arg:arena")))

#ifndef KERNEL_VERSION
#define KERNEL_VERSION(a, b, c) \
	(((a) << 16) + ((b) << 8) + ((c) > 255 ? 255 : (c)))
#endif
#ifndef NULL
#define NULL ((void *)0)
#endif
#ifndef offsetof
#define offsetof(TYPE, MEMBER) ((unsigned long)&((TYPE *)0)->MEMBER)
#endif
#ifndef container_of
#define container_of(ptr, type, member) \
	((type *)((void *)(ptr) - offsetof(type, member)))
#endif

#ifndef barrier
#define barrier() asm volatile("" ::: "memory")
#endif
#ifndef barrier_var
#define barrier_var(var) asm volatile("" : "+r"(var))
#endif
#ifndef __bpf_unreachable
#define __bpf_unreachable() __builtin_trap()
#endif

/* A map as it was described before BTF: struct bpf_map_def m SEC("maps") = { ... }; */
struct bpf_map_def {
	unsigned int type;
	unsigned int key_size;
	unsigned int value_size;
	unsigned int max_entries;
	unsigned int map_flags;
};

/* What the key and the value of such a map are. */
#define BPF_ANNOTATE_KV_PAIR(name, type_key, type_val) \
	struct ____btf_map_##name { \
		type_key key; \
		type_val value; \
	}; \
	struct ____btf_map_##name __attribute__((section(".maps." #name), used)) \
		____btf_map_##name = {}

/* How a map that is pinned by name is asked for, and how an extern may be missing. */
enum libbpf_pin_type { LIBBPF_PIN_NONE, LIBBPF_PIN_BY_NAME };
enum libbpf_tristate { TRI_NO = 0, TRI_YES = 1, TRI_MODULE = 2 };

/* A call through a table of programs that never comes back. */
#define bpf_tail_call_static(ctx, map, slot) bpf_tail_call(ctx, map, slot)

/* Count the arguments after the first, up to 12. */
#define ___bpf_nth(_, _1, _2, _3, _4, _5, _6, _7, _8, _9, _a, _b, _c, N, ...) N
#define ___bpf_narg(...) \
	___bpf_nth(_, ##__VA_ARGS__, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)

/* Fill an array of words with the arguments. */
#define ___bpf_fill0(arr, p, none...)
#define ___bpf_fill1(arr, p, x) arr[p] = (unsigned long long)(x)
#define ___bpf_fill2(arr, p, x, ...) \
	___bpf_fill1(arr, p, x); ___bpf_fill1(arr, p + 1, __VA_ARGS__)
#define ___bpf_fill3(arr, p, x, ...) \
	___bpf_fill1(arr, p, x); ___bpf_fill2(arr, p + 1, __VA_ARGS__)
#define ___bpf_fill4(arr, p, x, ...) \
	___bpf_fill1(arr, p, x); ___bpf_fill3(arr, p + 1, __VA_ARGS__)
#define ___bpf_fill5(arr, p, x, ...) \
	___bpf_fill1(arr, p, x); ___bpf_fill4(arr, p + 1, __VA_ARGS__)
#define ___bpf_fill6(arr, p, x, ...) \
	___bpf_fill1(arr, p, x); ___bpf_fill5(arr, p + 1, __VA_ARGS__)
#define ___bpf_fill7(arr, p, x, ...) \
	___bpf_fill1(arr, p, x); ___bpf_fill6(arr, p + 1, __VA_ARGS__)
#define ___bpf_fill8(arr, p, x, ...) \
	___bpf_fill1(arr, p, x); ___bpf_fill7(arr, p + 1, __VA_ARGS__)
#define ___bpf_fill9(arr, p, x, ...) \
	___bpf_fill1(arr, p, x); ___bpf_fill8(arr, p + 1, __VA_ARGS__)
#define ___bpf_fill10(arr, p, x, ...) \
	___bpf_fill1(arr, p, x); ___bpf_fill9(arr, p + 1, __VA_ARGS__)
#define ___bpf_fill11(arr, p, x, ...) \
	___bpf_fill1(arr, p, x); ___bpf_fill10(arr, p + 1, __VA_ARGS__)
#define ___bpf_fill12(arr, p, x, ...) \
	___bpf_fill1(arr, p, x); ___bpf_fill11(arr, p + 1, __VA_ARGS__)
#define ___bpf_fill(arr, args...) \
	___bpf_concat(___bpf_fill, ___bpf_narg(args))(arr, 0, ##args)

/* bpf_printk("%d bytes", n): up to 3 values in the call, more through an array. */
#define ___bpf_printk(fmt, args...) \
	({ \
		static const char ____fmt[] = fmt; \
		bpf_trace_printk(____fmt, sizeof(____fmt), ##args); \
	})
#define ___bpf_vprintk(fmt, args...) \
	({ \
		static const char ____fmt[] = fmt; \
		unsigned long long ____values[___bpf_narg(args)]; \
		___bpf_fill(____values, args); \
		bpf_trace_vprintk(____fmt, sizeof(____fmt), ____values, \
				  sizeof(____values)); \
	})
#define ___bpf_pick_printk(...) \
	___bpf_nth(_, ##__VA_ARGS__, ___bpf_vprintk, ___bpf_vprintk, ___bpf_vprintk, \
		   ___bpf_vprintk, ___bpf_vprintk, ___bpf_vprintk, ___bpf_vprintk, \
		   ___bpf_vprintk, ___bpf_vprintk, ___bpf_printk, ___bpf_printk, \
		   ___bpf_printk, ___bpf_printk)
#define bpf_printk(fmt, args...) ___bpf_pick_printk(args)(fmt, ##args)

#define BPF_SNPRINTF(out, out_size, fmt, args...) \
	({ \
		static const char ____fmt[] = fmt; \
		unsigned long long ____values[___bpf_narg(args)]; \
		___bpf_fill(____values, args); \
		bpf_snprintf(out, out_size, ____fmt, ____values, \
			     sizeof(____values)); \
	})
#define BPF_SEQ_PRINTF(seq, fmt, args...) \
	({ \
		static const char ____fmt[] = fmt; \
		unsigned long long ____values[___bpf_narg(args)]; \
		___bpf_fill(____values, args); \
		bpf_seq_printf(seq, ____fmt, sizeof(____fmt), ____values, \
			       sizeof(____values)); \
	})

/* Loops whose end the verifier knows: the kernel counts.
 *
 *	int i;
 *	bpf_for(i, 0, n) { ... }	bpf_repeat(5) { ... }
 *	bpf_for_each(task, t, NULL, BPF_TASK_ITER_ALL_PROCS) { ... }
 *
 * Each iterator is three functions of the kernel: bpf_iter_num_new, _next, _destroy.
 */
struct bpf_iter_num;
extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __weak __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __weak __ksym;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __weak __ksym;

#ifndef bpf_for_each
#define bpf_for_each(type, cur, args...) \
	for (struct bpf_iter_##type ___it \
		     __attribute__((aligned(8), cleanup(bpf_iter_##type##_destroy))), \
	     *___once __attribute__((unused)) = (bpf_iter_##type##_new(&___it, ##args), \
						 (void *)0); \
	     (((cur) = bpf_iter_##type##_next(&___it)));)
#endif

#define ___bpf_counter \
	struct bpf_iter_num ___counter \
	__attribute__((aligned(8), cleanup(bpf_iter_num_destroy)))
#ifndef bpf_for
#define bpf_for(i, start, end) \
	for (___bpf_counter, *___once = (bpf_iter_num_new(&___counter, start, end), \
					 (void *)0); \
	     !___once && ({ \
		     int *___now = bpf_iter_num_next(&___counter); \
		     ___now && ((i) = *___now, (i) >= (start) && (i) < (end)); \
	     });)
#endif
#ifndef bpf_repeat
#define bpf_repeat(n) \
	for (___bpf_counter, *___once = (bpf_iter_num_new(&___counter, 0, n), \
					 (void *)0); \
	     !___once && bpf_iter_num_next(&___counter);)
#endif

#endif
