/* The types that programs take from <sys/types.h>. */
#pragma once

#ifndef __VMLINUX_H__
#include <linux/types.h>
#include <stddef.h>

typedef __kernel_pid_t pid_t;
typedef __kernel_ssize_t ssize_t;
typedef __kernel_mode_t mode_t;
typedef __kernel_loff_t loff_t;
typedef __kernel_off_t off_t;
typedef __u32 uid_t;
typedef __u32 gid_t;
typedef __u32 dev_t;
typedef __u8 u_int8_t;
typedef __u16 u_int16_t;
typedef __u32 u_int32_t;
typedef __u64 u_int64_t;
#endif
