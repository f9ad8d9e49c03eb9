/* A rule of the firewall. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#define NF_DROP 0
#define NF_ACCEPT 1

SEC("netfilter")
int filter(struct bpf_nf_ctx *ctx)
{
	struct sk_buff *skb = ctx->skb;
	const struct nf_hook_state *state = ctx->state;

	if (state->pf == 2 && skb->len > 1400)
		return NF_DROP;
	return NF_ACCEPT;
}

char LICENSE[] SEC("license") = "GPL";
