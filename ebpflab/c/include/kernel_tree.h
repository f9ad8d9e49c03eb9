/* What is always there inside the kernel's own tree: u32, bool, htons, TASK_COMM_LEN.
 *
 * Read first for sources that include <uapi/...>: that spelling is of the kernel's
 * samples, which are built in that tree.
 */
#pragma once

#include <linux/types.h>
#include <vmlinux/types.h>
#include <arpa/inet.h>
#include <linux/errno.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <string.h>
#include <sys/socket.h>

typedef __u8 uint8_t;
typedef __u16 uint16_t;
typedef __u32 uint32_t;
typedef __u64 uint64_t;

#define TASK_COMM_LEN 16
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#define cpu_to_be16(x) bpf_htons(x)
#define cpu_to_be32(x) bpf_htonl(x)
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define __stringify_1(x...) #x
#define __stringify(x...) __stringify_1(x)
#ifndef __packed
#define __packed __attribute__((packed))
#endif
#ifndef __force
#define __force
#endif
#ifndef __user
#define __user
#endif
