/* Arguments of probes and tracing programs, by name.
 *
 *	SEC("kprobe/do_unlinkat") int BPF_KPROBE(prog, int dfd, struct filename *name)
 *	SEC("fentry/tcp_close")   int BPF_PROG(prog, struct sock *sk, long timeout)
 *
 * The names are those of libbpf's <bpf/bpf_tracing.h>. Registers are x86-64's, unless
 * __TARGET_ARCH_arm64 is defined. Include <linux/ptrace.h> or "vmlinux.h" before it.
 */
#ifndef __BPF_TRACING_H__
#define __BPF_TRACING_H__

#include <bpf/bpf_helpers.h>

#if defined(__TARGET_ARCH_arm64)
#define ___bpf_regs(ctx) ((const struct user_pt_regs *)(ctx))
#define PT_REGS_PARM1(x) (___bpf_regs(x)->regs[0])
#define PT_REGS_PARM2(x) (___bpf_regs(x)->regs[1])
#define PT_REGS_PARM3(x) (___bpf_regs(x)->regs[2])
#define PT_REGS_PARM4(x) (___bpf_regs(x)->regs[3])
#define PT_REGS_PARM5(x) (___bpf_regs(x)->regs[4])
#define PT_REGS_PARM6(x) (___bpf_regs(x)->regs[5])
#define PT_REGS_PARM7(x) (___bpf_regs(x)->regs[6])
#define PT_REGS_PARM8(x) (___bpf_regs(x)->regs[7])
#define PT_REGS_PARM4_SYSCALL(x) PT_REGS_PARM4(x)
#define PT_REGS_RET(x) (___bpf_regs(x)->regs[30])
#define PT_REGS_FP(x) (___bpf_regs(x)->regs[29])
#define PT_REGS_RC(x) (___bpf_regs(x)->regs[0])
#define PT_REGS_SP(x) (___bpf_regs(x)->sp)
#define PT_REGS_IP(x) (___bpf_regs(x)->pc)
#else
#ifdef __VMLINUX_H__ /* the kernel drops the r of a register's name */
#define ___bpf_register(x, name) ((x)->name)
#else
#define ___bpf_register(x, name) ((x)->r##name)
#endif
#define PT_REGS_PARM1(x) ___bpf_register(x, di)
#define PT_REGS_PARM2(x) ___bpf_register(x, si)
#define PT_REGS_PARM3(x) ___bpf_register(x, dx)
#define PT_REGS_PARM4(x) ___bpf_register(x, cx)
#define PT_REGS_PARM5(x) ((x)->r8)
#define PT_REGS_PARM6(x) ((x)->r9)
#define PT_REGS_PARM4_SYSCALL(x) ((x)->r10)
#define PT_REGS_RET(x) ___bpf_register(x, sp)
#define PT_REGS_FP(x) ___bpf_register(x, bp)
#define PT_REGS_RC(x) ___bpf_register(x, ax)
#define PT_REGS_SP(x) ___bpf_register(x, sp)
#define PT_REGS_IP(x) ___bpf_register(x, ip)
#endif

/* System calls get their arguments in the same registers, but for the fourth. */
#define PT_REGS_PARM1_SYSCALL(x) PT_REGS_PARM1(x)
#define PT_REGS_PARM2_SYSCALL(x) PT_REGS_PARM2(x)
#define PT_REGS_PARM3_SYSCALL(x) PT_REGS_PARM3(x)
#define PT_REGS_PARM5_SYSCALL(x) PT_REGS_PARM5(x)
#define PT_REGS_PARM6_SYSCALL(x) PT_REGS_PARM6(x)
/* Their registers are behind a pointer: the wrapper's one argument. */
#define PT_REGS_SYSCALL_REGS(ctx) ((struct pt_regs *)PT_REGS_PARM1(ctx))

/* The same of registers that are not the context: copied first. */
#define ___bpf_copied(x, REG) \
	({ \
		unsigned long ___reg = 0; \
		bpf_probe_read_kernel(&___reg, sizeof(___reg), &PT_REGS_##REG(x)); \
		___reg; \
	})
#define PT_REGS_PARM1_CORE(x) ___bpf_copied(x, PARM1)
#define PT_REGS_PARM2_CORE(x) ___bpf_copied(x, PARM2)
#define PT_REGS_PARM3_CORE(x) ___bpf_copied(x, PARM3)
#define PT_REGS_PARM4_CORE(x) ___bpf_copied(x, PARM4)
#define PT_REGS_PARM5_CORE(x) ___bpf_copied(x, PARM5)
#define PT_REGS_PARM6_CORE(x) ___bpf_copied(x, PARM6)
#define PT_REGS_RET_CORE(x) ___bpf_copied(x, RET)
#define PT_REGS_FP_CORE(x) ___bpf_copied(x, FP)
#define PT_REGS_RC_CORE(x) ___bpf_copied(x, RC)
#define PT_REGS_SP_CORE(x) ___bpf_copied(x, SP)
#define PT_REGS_IP_CORE(x) ___bpf_copied(x, IP)
#define PT_REGS_PARM1_CORE_SYSCALL(x) ___bpf_copied(x, PARM1_SYSCALL)
#define PT_REGS_PARM2_CORE_SYSCALL(x) ___bpf_copied(x, PARM2_SYSCALL)
#define PT_REGS_PARM3_CORE_SYSCALL(x) ___bpf_copied(x, PARM3_SYSCALL)
#define PT_REGS_PARM4_CORE_SYSCALL(x) ___bpf_copied(x, PARM4_SYSCALL)
#define PT_REGS_PARM5_CORE_SYSCALL(x) ___bpf_copied(x, PARM5_SYSCALL)
#define PT_REGS_PARM6_CORE_SYSCALL(x) ___bpf_copied(x, PARM6_SYSCALL)

/* Where a probed function returns to, which its stack (or a register) tells. */
#if defined(__TARGET_ARCH_arm64)
#define BPF_KPROBE_READ_RET_IP(ip, ctx) ({ (ip) = PT_REGS_RET(ctx); })
#define BPF_KRETPROBE_READ_RET_IP BPF_KPROBE_READ_RET_IP
#else
#define BPF_KPROBE_READ_RET_IP(ip, ctx) \
	({ bpf_probe_read_kernel(&(ip), sizeof(ip), (void *)PT_REGS_RET(ctx)); })
#define BPF_KRETPROBE_READ_RET_IP(ip, ctx) \
	({ \
		bpf_probe_read_kernel(&(ip), sizeof(ip), \
				      (void *)(PT_REGS_FP(ctx) + sizeof(ip))); \
	})
#endif

/* Each argument is read from its word (ctx[n]) or its register. */
#define ___bpf_words0()
#define ___bpf_words1(x) , (void *)ctx[0]
#define ___bpf_words2(x, args...) ___bpf_words1(args), (void *)ctx[1]
#define ___bpf_words3(x, args...) ___bpf_words2(args), (void *)ctx[2]
#define ___bpf_words4(x, args...) ___bpf_words3(args), (void *)ctx[3]
#define ___bpf_words5(x, args...) ___bpf_words4(args), (void *)ctx[4]
#define ___bpf_words6(x, args...) ___bpf_words5(args), (void *)ctx[5]
#define ___bpf_words7(x, args...) ___bpf_words6(args), (void *)ctx[6]
#define ___bpf_words8(x, args...) ___bpf_words7(args), (void *)ctx[7]
#define ___bpf_words9(x, args...) ___bpf_words8(args), (void *)ctx[8]
#define ___bpf_words10(x, args...) ___bpf_words9(args), (void *)ctx[9]
#define ___bpf_words11(x, args...) ___bpf_words10(args), (void *)ctx[10]
#define ___bpf_words12(x, args...) ___bpf_words11(args), (void *)ctx[11]
#define ___bpf_words(args...) ___bpf_concat(___bpf_words, ___bpf_narg(args))(args)

#define ___bpf_parms0()
#define ___bpf_parms1(x) , (void *)PT_REGS_PARM1(ctx)
#define ___bpf_parms2(x, args...) ___bpf_parms1(args), (void *)PT_REGS_PARM2(ctx)
#define ___bpf_parms3(x, args...) ___bpf_parms2(args), (void *)PT_REGS_PARM3(ctx)
#define ___bpf_parms4(x, args...) ___bpf_parms3(args), (void *)PT_REGS_PARM4(ctx)
#define ___bpf_parms5(x, args...) ___bpf_parms4(args), (void *)PT_REGS_PARM5(ctx)
#define ___bpf_parms6(x, args...) ___bpf_parms5(args), (void *)PT_REGS_PARM6(ctx)
#define ___bpf_parms(args...) ___bpf_concat(___bpf_parms, ___bpf_narg(args))(args)

/* The function that Linux enters takes the context and calls the one with names. */
#define ___bpf_entry(name, context, values, args...) \
	name(context *ctx); \
	static __always_inline typeof(name(0)) ____##name(context *ctx, ##args); \
	typeof(name(0)) name(context *ctx) \
	{ \
		_Pragma("clang diagnostic push") \
		_Pragma("clang diagnostic ignored \"-Wint-conversion\"") \
		return ____##name(ctx values); \
		_Pragma("clang diagnostic pop") \
	} \
	static __always_inline typeof(name(0)) \
	____##name(context *ctx __attribute__((unused)), ##args)

#define BPF_PROG(name, args...) \
	___bpf_entry(name, unsigned long long, ___bpf_words(args), ##args)
#define BPF_KPROBE(name, args...) \
	___bpf_entry(name, struct pt_regs, ___bpf_parms(args), ##args)
#define ___bpf_result0()
#define ___bpf_result1(x) , (void *)PT_REGS_RC(ctx)
#define BPF_KRETPROBE(name, args...) \
	___bpf_entry(name, struct pt_regs, \
		     ___bpf_concat(___bpf_result, ___bpf_narg(args))(args), ##args)
#define ___bpf_asked0()
#define ___bpf_asked1(x) , (void *)PT_REGS_PARM1_CORE_SYSCALL(regs)
#define ___bpf_asked2(x, args...) ___bpf_asked1(args), (void *)PT_REGS_PARM2_CORE_SYSCALL(regs)
#define ___bpf_asked3(x, args...) ___bpf_asked2(args), (void *)PT_REGS_PARM3_CORE_SYSCALL(regs)
#define ___bpf_asked4(x, args...) ___bpf_asked3(args), (void *)PT_REGS_PARM4_CORE_SYSCALL(regs)
#define ___bpf_asked5(x, args...) ___bpf_asked4(args), (void *)PT_REGS_PARM5_CORE_SYSCALL(regs)
#define ___bpf_asked6(x, args...) ___bpf_asked5(args), (void *)PT_REGS_PARM6_CORE_SYSCALL(regs)
#define ___bpf_given0()
#define ___bpf_given1(x) , (void *)PT_REGS_PARM1_SYSCALL(ctx)
#define ___bpf_given2(x, args...) ___bpf_given1(args), (void *)PT_REGS_PARM2_SYSCALL(ctx)
#define ___bpf_given3(x, args...) ___bpf_given2(args), (void *)PT_REGS_PARM3_SYSCALL(ctx)
#define ___bpf_given4(x, args...) ___bpf_given3(args), (void *)PT_REGS_PARM4_SYSCALL(ctx)
#define ___bpf_given5(x, args...) ___bpf_given4(args), (void *)PT_REGS_PARM5_SYSCALL(ctx)
#define ___bpf_given6(x, args...) ___bpf_given5(args), (void *)PT_REGS_PARM6_SYSCALL(ctx)

/* A system call's arguments; since Linux 4.17 a wrapper takes them as one pointer. */
#define BPF_KSYSCALL(name, args...) \
	name(struct pt_regs *ctx); \
	extern _Bool LINUX_HAS_SYSCALL_WRAPPER __kconfig; \
	static __always_inline typeof(name(0)) ____##name(struct pt_regs *ctx, ##args); \
	typeof(name(0)) name(struct pt_regs *ctx) \
	{ \
		struct pt_regs *regs __attribute__((unused)) = PT_REGS_SYSCALL_REGS(ctx); \
		_Pragma("clang diagnostic push") \
		_Pragma("clang diagnostic ignored \"-Wint-conversion\"") \
		if (LINUX_HAS_SYSCALL_WRAPPER) \
			return ____##name(ctx ___bpf_concat(___bpf_asked, \
							    ___bpf_narg(args))(args)); \
		return ____##name(ctx ___bpf_concat(___bpf_given, \
						    ___bpf_narg(args))(args)); \
		_Pragma("clang diagnostic pop") \
	} \
	static __always_inline typeof(name(0)) \
	____##name(struct pt_regs *ctx __attribute__((unused)), ##args)
#define BPF_KPROBE_SYSCALL BPF_KSYSCALL

#define BPF_UPROBE(name, args...) BPF_KPROBE(name, ##args)
#define BPF_URETPROBE(name, args...) BPF_KRETPROBE(name, ##args)

#endif
