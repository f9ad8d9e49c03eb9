/* The kernel's own structures, as many as the kit knows; written by hand.
 *
 * A real vmlinux.h is made from one kernel's BTF (bpftool btf dump file ... format c)
 * and holds all of it. This one holds what programs usually read, in the same names.
 * Members stand in no order: where this kernel has them, the loader looks up (CO-RE).
 * A member that is missing here can be added in the program, in a flavor of its own:
 *
 *	struct task_struct___more { int thread_count; } __attribute__((preserve_access_index));
 *
 * As in a real vmlinux.h there are no macros of the kernel here (ETH_P_IP, TC_ACT_OK,
 * AF_INET, ...): programs define those that they need.
 */
#ifndef __VMLINUX_H__
#define __VMLINUX_H__

/* What is the same in every kernel, and is never moved. */
#include <linux/bpf.h>
#include <vmlinux/types.h>
#include <vmlinux/packets.h>
#include <vmlinux/registers.h>

/* What each kernel keeps elsewhere. */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
#include <vmlinux/basics.h>
#include <vmlinux/tasks.h>
#include <vmlinux/memory.h>
#include <vmlinux/files.h>
#include <vmlinux/block.h>
#include <vmlinux/sockets.h>
#include <vmlinux/devices.h>
#include <vmlinux/iterators.h>
#include <vmlinux/tracepoints.h>
#pragma clang attribute pop

#endif
