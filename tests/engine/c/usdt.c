/* Marks in programs of user space: queries of a database, garbage collections. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/usdt.bpf.h>

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

SEC("usdt//usr/sbin/mysqld:mysql:query__start")
int BPF_USDT(query, char *text, long connection)
{
	char copy[64] = {};

	bpf_probe_read_user_str(copy, sizeof(copy), text);
	bpf_ringbuf_output(&events, copy, sizeof(copy), 0);
	bpf_printk("connection %ld", connection);
	return 0;
}

SEC("usdt")
int gc(struct pt_regs *ctx)
{
	long generation;

	if (bpf_usdt_arg_cnt(ctx) < 1 || bpf_usdt_arg(ctx, 0, &generation))
		return 0;
	bpf_printk("gc %ld, cookie %ld", generation, bpf_usdt_cookie(ctx));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
