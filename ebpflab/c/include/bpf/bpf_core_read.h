/* CO-RE: reading kernel structures wherever this kernel keeps their members.
 *
 * The compiler notes which member of which structure is meant; the loader looks the
 * place up in the kernel's own BTF. The names are those of libbpf's
 * <bpf/bpf_core_read.h>.
 */
#ifndef __BPF_CORE_READ_H__
#define __BPF_CORE_READ_H__

#include <bpf/bpf_helpers.h>

/* What may be asked about a member, a type, an enumerator (by the compiler's number). */
enum bpf_field_info_kind {
	BPF_FIELD_BYTE_OFFSET = 0,
	BPF_FIELD_BYTE_SIZE = 1,
	BPF_FIELD_EXISTS = 2,
	BPF_FIELD_SIGNED = 3,
	BPF_FIELD_LSHIFT_U64 = 4,
	BPF_FIELD_RSHIFT_U64 = 5,
};
enum bpf_type_id_kind { BPF_TYPE_ID_LOCAL = 0, BPF_TYPE_ID_TARGET = 1 };
enum bpf_type_info_kind { BPF_TYPE_EXISTS = 0, BPF_TYPE_SIZE = 1, BPF_TYPE_MATCHES = 2 };
enum bpf_enum_value_kind { BPF_ENUMVAL_EXISTS = 0, BPF_ENUMVAL_VALUE = 1 };

#define ___bpf_field1(field) (field)
#define ___bpf_field2(type, field) (((typeof(type) *)0)->field)
#define ___bpf_field(args...) ___bpf_concat(___bpf_field, ___bpf_narg(args))(args)
#define ___bpf_about(kind, args...) \
	__builtin_preserve_field_info(___bpf_field(args), kind)

#define bpf_core_field_exists(args...) ___bpf_about(BPF_FIELD_EXISTS, args)
#define bpf_core_field_size(args...) ___bpf_about(BPF_FIELD_BYTE_SIZE, args)
#define bpf_core_field_offset(args...) ___bpf_about(BPF_FIELD_BYTE_OFFSET, args)

#define bpf_core_type_id_local(type) \
	__builtin_btf_type_id(*(typeof(type) *)0, BPF_TYPE_ID_LOCAL)
#define bpf_core_type_id_kernel(type) \
	__builtin_btf_type_id(*(typeof(type) *)0, BPF_TYPE_ID_TARGET)
#define bpf_core_type_exists(type) \
	__builtin_preserve_type_info(*(typeof(type) *)0, BPF_TYPE_EXISTS)
#define bpf_core_type_size(type) \
	__builtin_preserve_type_info(*(typeof(type) *)0, BPF_TYPE_SIZE)
#define bpf_core_type_matches(type) \
	__builtin_preserve_type_info(*(typeof(type) *)0, BPF_TYPE_MATCHES)
#define bpf_core_enum_value_exists(type, value) \
	__builtin_preserve_enum_value(*(typeof(type) *)value, BPF_ENUMVAL_EXISTS)
#define bpf_core_enum_value(type, value) \
	__builtin_preserve_enum_value(*(typeof(type) *)value, BPF_ENUMVAL_VALUE)

/* Copy from an address that CO-RE moves; helpers for kernel memory. */
#define ___bpf_moved(src) (const void *)__builtin_preserve_access_index(src)
#define bpf_core_read(dst, size, src) \
	bpf_probe_read_kernel(dst, size, ___bpf_moved(src))
#define bpf_core_read_str(dst, size, src) \
	bpf_probe_read_kernel_str(dst, size, ___bpf_moved(src))
#define bpf_core_read_user(dst, size, src) \
	bpf_probe_read_user(dst, size, ___bpf_moved(src))
#define bpf_core_read_user_str(dst, size, src) \
	bpf_probe_read_user_str(dst, size, ___bpf_moved(src))

/* BPF_CORE_READ(task, parent, pid) is task->parent->pid, one safe copy an arrow. */
#define ___bpf_arrow(read, src, field) \
	({ \
		__auto_type ___from = (src); \
		typeof(___from->field) ___value; \
		read(&___value, sizeof(___value), &___from->field); \
		___value; \
	})
#define ___bpf_path2(read, s, a) ___bpf_arrow(read, s, a)
#define ___bpf_path3(read, s, a, b...) ___bpf_path2(read, ___bpf_arrow(read, s, a), b)
#define ___bpf_path4(read, s, a, b...) ___bpf_path3(read, ___bpf_arrow(read, s, a), b)
#define ___bpf_path5(read, s, a, b...) ___bpf_path4(read, ___bpf_arrow(read, s, a), b)
#define ___bpf_path6(read, s, a, b...) ___bpf_path5(read, ___bpf_arrow(read, s, a), b)
#define ___bpf_path7(read, s, a, b...) ___bpf_path6(read, ___bpf_arrow(read, s, a), b)
#define ___bpf_path8(read, s, a, b...) ___bpf_path7(read, ___bpf_arrow(read, s, a), b)
#define ___bpf_path9(read, s, a, b...) ___bpf_path8(read, ___bpf_arrow(read, s, a), b)
#define ___bpf_path10(read, s, a, b...) ___bpf_path9(read, ___bpf_arrow(read, s, a), b)
#define ___bpf_path(read, args...) \
	___bpf_concat(___bpf_path, ___bpf_narg(args))(read, args)
#define BPF_CORE_READ(args...) ___bpf_path(bpf_core_read, args)
#define BPF_CORE_READ_USER(args...) ___bpf_path(bpf_core_read_user, args)
#define BPF_PROBE_READ(args...) ___bpf_path(bpf_probe_read_kernel, args)
#define BPF_PROBE_READ_USER(args...) ___bpf_path(bpf_probe_read_user, args)

/* The same into a place of your own; the last arrow copies straight to it. */
#define ___bpf_into2(last, read, dst, s, a) \
	({ \
		__auto_type ___end = (s); \
		last(dst, sizeof(*(dst)), &___end->a); \
	})
#define ___bpf_into3(last, read, dst, s, a, b...) \
	___bpf_into2(last, read, dst, ___bpf_arrow(read, s, a), b)
#define ___bpf_into4(last, read, dst, s, a, b...) \
	___bpf_into3(last, read, dst, ___bpf_arrow(read, s, a), b)
#define ___bpf_into5(last, read, dst, s, a, b...) \
	___bpf_into4(last, read, dst, ___bpf_arrow(read, s, a), b)
#define ___bpf_into6(last, read, dst, s, a, b...) \
	___bpf_into5(last, read, dst, ___bpf_arrow(read, s, a), b)
#define ___bpf_into7(last, read, dst, s, a, b...) \
	___bpf_into6(last, read, dst, ___bpf_arrow(read, s, a), b)
#define ___bpf_into(last, read, dst, args...) \
	___bpf_concat(___bpf_into, ___bpf_narg(args))(last, read, dst, args)
#define BPF_CORE_READ_INTO(dst, args...) \
	___bpf_into(bpf_core_read, bpf_core_read, dst, args)
#define BPF_CORE_READ_USER_INTO(dst, args...) \
	___bpf_into(bpf_core_read_user, bpf_core_read_user, dst, args)
#define BPF_CORE_READ_STR_INTO(dst, args...) \
	___bpf_into(bpf_core_read_str, bpf_core_read, dst, args)
#define BPF_CORE_READ_USER_STR_INTO(dst, args...) \
	___bpf_into(bpf_core_read_user_str, bpf_core_read_user, dst, args)
#define BPF_PROBE_READ_INTO(dst, args...) \
	___bpf_into(bpf_probe_read_kernel, bpf_probe_read_kernel, dst, args)
#define BPF_PROBE_READ_USER_INTO(dst, args...) \
	___bpf_into(bpf_probe_read_user, bpf_probe_read_user, dst, args)
#define BPF_PROBE_READ_STR_INTO(dst, args...) \
	___bpf_into(bpf_probe_read_kernel_str, bpf_probe_read_kernel, dst, args)
#define BPF_PROBE_READ_USER_STR_INTO(dst, args...) \
	___bpf_into(bpf_probe_read_user_str, bpf_probe_read_user, dst, args)

/* Bit-fields: the word that holds one is read whole, then cut on both sides. */
#define ___bpf_bits(s, field, KIND) \
	__builtin_preserve_field_info((s)->field, BPF_FIELD_##KIND)
#define ___bpf_cut(s, field, word) \
	({ \
		unsigned long long ___word = (word) << ___bpf_bits(s, field, LSHIFT_U64); \
		___bpf_bits(s, field, SIGNED) \
			? (unsigned long long)((long long)___word >> \
					       ___bpf_bits(s, field, RSHIFT_U64)) \
			: ___word >> ___bpf_bits(s, field, RSHIFT_U64); \
	})
#define BPF_CORE_READ_BITFIELD_PROBED(s, field) \
	({ \
		unsigned long long ___copy = 0; \
		bpf_probe_read_kernel( \
			&___copy, ___bpf_bits(s, field, BYTE_SIZE), \
			(const void *)(s) + ___bpf_bits(s, field, BYTE_OFFSET)); \
		___bpf_cut(s, field, ___copy); \
	})
#define BPF_CORE_READ_BITFIELD(s, field) \
	({ \
		const void *___at = (const void *)(s) + ___bpf_bits(s, field, BYTE_OFFSET); \
		unsigned long long ___whole; \
		asm volatile("" : "+r"(___at)); \
		switch (___bpf_bits(s, field, BYTE_SIZE)) { \
		case 1: ___whole = *(const unsigned char *)___at; break; \
		case 2: ___whole = *(const unsigned short *)___at; break; \
		case 4: ___whole = *(const unsigned int *)___at; break; \
		default: ___whole = *(const unsigned long long *)___at; break; \
		} \
		___bpf_cut(s, field, ___whole); \
	})

/* Shifted up and down again, a value's bits stand where the field's do. */
#define ___bpf_put(s, field, value) \
	((value) << ___bpf_bits(s, field, RSHIFT_U64) >> ___bpf_bits(s, field, LSHIFT_U64))
#define ___bpf_put_in(s, field, at, type, value) \
	(*(type *)(at) = (*(type *)(at) & ~___bpf_put(s, field, ~0ull)) | \
			 ___bpf_put(s, field, value))
#define BPF_CORE_WRITE_BITFIELD(s, field, new) \
	({ \
		void *___at = (void *)(s) + ___bpf_bits(s, field, BYTE_OFFSET); \
		unsigned long long ___new = (new); \
		asm volatile("" : "+r"(___at)); \
		switch (___bpf_bits(s, field, BYTE_SIZE)) { \
		case 1: ___bpf_put_in(s, field, ___at, unsigned char, ___new); break; \
		case 2: ___bpf_put_in(s, field, ___at, unsigned short, ___new); break; \
		case 4: ___bpf_put_in(s, field, ___at, unsigned int, ___new); break; \
		case 8: ___bpf_put_in(s, field, ___at, unsigned long long, ___new); break; \
		} \
	})

/* Read through any pointer as through one that the verifier knows. */
extern void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __ksym __weak;
#define bpf_core_cast(ptr, type) \
	((typeof(type) *)bpf_rdonly_cast((ptr), bpf_core_type_id_kernel(type)))

#endif
