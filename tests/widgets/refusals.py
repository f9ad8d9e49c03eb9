"""Programs that are refused, for the tests of the rejection view."""

from typing import Any

import pytest

import ebpflab as lab
from tests.engine import reason_programs

SOURCE = """\
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/in.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
SEC("xdp")
int drop_udp(struct xdp_md *ctx)
{
  void *data_end = (void *)(long)ctx->data_end;
  void *data = (void *)(long)ctx->data;
  struct ethhdr *eth = data;
  struct iphdr *ip = data + sizeof(*eth);

  if ((void *)(eth + 1) > data_end)
    return XDP_PASS;
  if (eth->h_proto != bpf_htons(ETH_P_IP))
    return XDP_PASS;
  if (ip->protocol == IPPROTO_UDP)
    return XDP_DROP;
  return XDP_PASS;
}
char _license[] SEC("license") = "GPL";
"""
FAMILIES = {  # kind -> the picture of its proof
    "packet-range": "bounds",
    "map-value-range": "bounds",
    "memory-above": "bounds",
    "memory-unbounded": "bounds",
    "index-negative": "bounds",
    "stack-write": "bounds",
    "null-pointer": "null",
    "stack-read": "bytes",
    "uninitialized": "registers",
    "infinite-loop": "states",
    "argument-type": "types",
    "stale-packet-pointer": "types",
    "reference-leak": "held",
    "return-range": "range",
    "stack-too-large": "depth",
    "context-access": "fields",
    "division-by-zero": "encoding",
}
ROWS: dict[str, dict[str, Any]] = {}
for _, _kind, _row in reason_programs.rows():
    ROWS.setdefault(_kind, _row)


def verdict_of(kind: str) -> lab.Verdict:
    if reason := lab.linux.available():
        pytest.skip(reason)
    program = reason_programs.program_of(ROWS[kind])
    return lab.linux.verify(program, privileged=ROWS[kind].get("privileged", True))
