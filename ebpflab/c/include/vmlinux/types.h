/* Names of numbers, as kernel code says them. */
#pragma once

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s8 s8;
typedef __s16 s16;
typedef __s32 s32;
typedef __s64 s64;

#if !defined(__STDC_VERSION__) || __STDC_VERSION__ < 202311L
#ifndef __bool_true_false_are_defined
typedef _Bool bool;
enum { false = 0, true = 1 };
#endif
#endif

typedef __kernel_size_t size_t;
typedef __kernel_ssize_t ssize_t;
typedef __kernel_loff_t loff_t;
typedef __kernel_pid_t pid_t;
typedef __kernel_mode_t mode_t;
typedef __u32 uid_t;
typedef __u32 gid_t;
typedef __u32 dev_t;
typedef unsigned short umode_t;
typedef unsigned int fmode_t;
typedef unsigned int gfp_t;
typedef unsigned long uintptr_t;
typedef u64 sector_t;
typedef u64 blkcnt_t;
typedef s64 time64_t;
typedef s64 ktime_t;
typedef u32 errseq_t;
typedef u32 blk_opf_t;
typedef u32 req_flags_t;
typedef u8 blk_status_t;
typedef unsigned long vm_flags_t;
typedef unsigned int sk_buff_data_t;
typedef __u32 __portpair;
typedef __u64 __addrpair;
typedef unsigned short sa_family_t;
