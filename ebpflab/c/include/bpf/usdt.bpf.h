/* Arguments of USDT probes, the marks that programs of user space carry.
 *
 *	SEC("usdt/./program:provider:name") int BPF_USDT(prog, long first, char *second)
 *
 * Where an argument lies differs from place to place: libbpf's user space reads it from
 * the traced program when it attaches, and fills the two maps below, whose layout is
 * therefore libbpf's. The names are those of libbpf's <bpf/usdt.bpf.h>.
 */
#ifndef __USDT_BPF_H__
#define __USDT_BPF_H__

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#ifndef BPF_USDT_MAX_SPEC_CNT
#define BPF_USDT_MAX_SPEC_CNT 256
#endif
#ifndef BPF_USDT_MAX_IP_CNT
#define BPF_USDT_MAX_IP_CNT (4 * BPF_USDT_MAX_SPEC_CNT)
#endif
#define BPF_USDT_MAX_ARG_CNT 12
#define ___BPF_ENOENT 2
#define ___BPF_ESRCH 3
#define ___BPF_EINVAL 22

enum __bpf_usdt_arg_type {
	BPF_USDT_ARG_CONST, /* the number itself */
	BPF_USDT_ARG_REG, /* in a register */
	BPF_USDT_ARG_REG_DEREF, /* in memory, at a register and a distance */
};
struct __bpf_usdt_arg_spec {
	__u64 val_off; /* the number, or the distance */
	enum __bpf_usdt_arg_type arg_type;
	short reg_off; /* of the register in struct pt_regs */
	_Bool arg_signed;
	char arg_bitshift; /* cuts 64 bits to the argument's size */
};
struct __bpf_usdt_spec {
	struct __bpf_usdt_arg_spec args[BPF_USDT_MAX_ARG_CNT];
	__u64 usdt_cookie;
	short arg_cnt;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, BPF_USDT_MAX_SPEC_CNT);
	__type(key, int);
	__type(value, struct __bpf_usdt_spec);
} __bpf_usdt_specs SEC(".maps") __weak;
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, BPF_USDT_MAX_IP_CNT);
	__type(key, long);
	__type(value, __u32);
} __bpf_usdt_ip_to_spec_id SEC(".maps") __weak;

extern const _Bool LINUX_HAS_BPF_COOKIE __kconfig;

static __always_inline struct __bpf_usdt_spec *___bpf_usdt_spec(struct pt_regs *ctx)
{
	long ip = PT_REGS_IP(ctx);
	__u32 *found;
	int id;

	if (LINUX_HAS_BPF_COOKIE) {
		id = bpf_get_attach_cookie(ctx);
	} else {
		found = bpf_map_lookup_elem(&__bpf_usdt_ip_to_spec_id, &ip);
		if (!found)
			return (void *)0;
		id = *found;
	}
	return bpf_map_lookup_elem(&__bpf_usdt_specs, &id);
}

/* How many arguments there are here; negative: nobody has told. */
__weak __hidden int bpf_usdt_arg_cnt(struct pt_regs *ctx)
{
	struct __bpf_usdt_spec *spec = ___bpf_usdt_spec(ctx);

	return spec ? spec->arg_cnt : -___BPF_ESRCH;
}

/* How many bytes argument `number` has; negative: there is none. */
__weak __hidden int bpf_usdt_arg_size(struct pt_regs *ctx, __u64 number)
{
	struct __bpf_usdt_spec *spec = ___bpf_usdt_spec(ctx);

	if (!spec)
		return -___BPF_ESRCH;
	if (number >= BPF_USDT_MAX_ARG_CNT)
		return -___BPF_ENOENT;
	barrier_var(number);
	if (number >= spec->arg_cnt || number >= BPF_USDT_MAX_ARG_CNT)
		return -___BPF_ENOENT;
	return (64 - spec->args[number].arg_bitshift) / 8;
}

/* Read argument `number` (from 0) into *res; 0, or a negative error. */
__weak __hidden int bpf_usdt_arg(struct pt_regs *ctx, __u64 number, long *res)
{
	struct __bpf_usdt_spec *spec = ___bpf_usdt_spec(ctx);
	struct __bpf_usdt_arg_spec *arg;
	unsigned long value = 0;
	int error;

	*res = 0;
	if (!spec)
		return -___BPF_ESRCH;
	if (number >= BPF_USDT_MAX_ARG_CNT)
		return -___BPF_ENOENT;
	barrier_var(number);
	if (number >= spec->arg_cnt || number >= BPF_USDT_MAX_ARG_CNT)
		return -___BPF_ENOENT;
	arg = &spec->args[number];
	switch (arg->arg_type) {
	case BPF_USDT_ARG_CONST:
		value = arg->val_off;
		break;
	case BPF_USDT_ARG_REG:
	case BPF_USDT_ARG_REG_DEREF:
		error = bpf_probe_read_kernel(&value, sizeof(value),
					      (void *)ctx + arg->reg_off);
		if (!error && arg->arg_type == BPF_USDT_ARG_REG_DEREF)
			error = bpf_probe_read_user(&value, sizeof(value),
						    (void *)value + arg->val_off);
		if (error)
			return error;
		break;
	default:
		return -___BPF_EINVAL;
	}
	value <<= arg->arg_bitshift;
	*res = arg->arg_signed ? (long)value >> arg->arg_bitshift :
				 (long)(value >> arg->arg_bitshift);
	return 0;
}

/* The number that user space gave when it attached. */
__weak __hidden long bpf_usdt_cookie(struct pt_regs *ctx)
{
	struct __bpf_usdt_spec *spec = ___bpf_usdt_spec(ctx);

	return spec ? spec->usdt_cookie : 0;
}

#define ___bpf_usdt_value(n) \
	({ long ___x; bpf_usdt_arg(ctx, n, &___x); (void *)___x; })
#define ___bpf_usdts0()
#define ___bpf_usdts1(x) , ___bpf_usdt_value(0)
#define ___bpf_usdts2(x, args...) ___bpf_usdts1(args), ___bpf_usdt_value(1)
#define ___bpf_usdts3(x, args...) ___bpf_usdts2(args), ___bpf_usdt_value(2)
#define ___bpf_usdts4(x, args...) ___bpf_usdts3(args), ___bpf_usdt_value(3)
#define ___bpf_usdts5(x, args...) ___bpf_usdts4(args), ___bpf_usdt_value(4)
#define ___bpf_usdts6(x, args...) ___bpf_usdts5(args), ___bpf_usdt_value(5)
#define ___bpf_usdts(args...) ___bpf_concat(___bpf_usdts, ___bpf_narg(args))(args)

#define BPF_USDT(name, args...) \
	___bpf_entry(name, struct pt_regs, ___bpf_usdts(args), ##args)

#endif
