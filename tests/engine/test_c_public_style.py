"""Spellings of other people's sources: old headers, the kernel's tree, user space, bcc.

Tutorials of ten years are written in them. Each text here is ours; each spelling is
theirs.
"""

import pytest

import ebpflab as lab
from ebpflab.c.compiler import compile
from ebpflab.errors import CompileError

COMPILES = {
    "headers without bpf/": """
#include <linux/bpf.h>
#include "bpf_helpers.h"
#include "bpf_endian.h"
SEC("xdp") int f(struct xdp_md *ctx) { return bpf_htons(1) == 256; }
""",
    "the kernel's tree": """
#define KBUILD_MODNAME "f"
#include <uapi/linux/bpf.h>
#include <uapi/linux/if_ether.h>
#include <bpf/bpf_helpers.h>
struct names { char comm[TASK_COMM_LEN]; u64 when; s32 left; bool is_new; };
SEC("xdp") int f(struct xdp_md *ctx)
{
	struct names n = {};
	memcpy(n.comm, "name", 4);
	if (unlikely(n.left)) return XDP_DROP;
	return htons(ETH_P_IP) == 8 ? XDP_PASS : min(1, 2);
}
""",
    "user space": """
#include <arpa/inet.h>
#include <errno.h>
#include <net/ethernet.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
SEC("xdp") int f(struct xdp_md *ctx)
{
	struct ethhdr one, two;
	uint8_t zero[6];
	u_int32_t number = ntohl(1);
	memset(zero, 0, sizeof(zero));
	memset(&one, 0, sizeof(one));
	memcpy(two.h_dest, zero, sizeof(zero));
	bool same = !memcmp(one.h_dest, two.h_dest, 6);
	return same ? XDP_PASS : -ENOENT + number;
}
""",
    "bytes of a packet": """
#include <linux/bpf.h>
#include <bpf/bpf_legacy.h>
SEC("socket") int f(struct __sk_buff *skb)
{
	if (load_half(skb, 12) != 0x800 || load_byte(skb, 23) != 6)
		return 0;
	return load_word(skb, 26);
}
""",
    "maps of old": """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct bpf_map_def SEC("maps") counts = {
	.type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 4,
};
BPF_ANNOTATE_KV_PAIR(counts, __u32, __u64);
SEC("xdp_count") int f(struct xdp_md *ctx)
{
	__u32 key = 0;
	return bpf_map_lookup_elem(&counts, &key) ? XDP_PASS : XDP_DROP;
}
""",
    "maps of tc": """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct bpf_elf_map {
	__u32 type, size_key, size_value, max_elem, flags, id, pinning;
};
struct bpf_elf_map SEC("maps") counts = {
	.type = BPF_MAP_TYPE_HASH, .size_key = 4, .size_value = 8, .max_elem = 4,
};
SEC("tc") int f(struct __sk_buff *skb)
{
	__u32 key = 0;
	return !bpf_map_lookup_elem(&counts, &key);
}
""",
    "an architecture": """
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#if !defined(__TARGET_ARCH_x86)
#error "no architecture"
#endif
char _license[] SEC("license") = "GPL";
SEC("kprobe/x") int BPF_KPROBE(f, int a)
{
	unsigned long ip;
	BPF_KPROBE_READ_RET_IP(ip, ctx);
	return ip == a;
}
""",
}


@pytest.mark.parametrize("name", COMPILES)
def test_it_compiles_and_linux_takes_it(linux: None, name: str) -> None:
    made = compile(COMPILES[name])
    program = made.programs["f"]
    verdict = lab.linux.verify(program)
    assert verdict.accepted, verdict.message


def test_another_architecture_is_left_alone() -> None:
    text = "#if defined(__TARGET_ARCH_x86)\n#error x86\n#endif\nint x;\n"
    compile(text, defines={"__TARGET_ARCH_arm64": None})
    assert compile("#define __TARGET_ARCH_arm64 1\n" + text).notices == ()
    with pytest.raises(CompileError):
        compile(text)


BCC = {
    "maps": "BPF_HASH(n, u32);\nint f(void *c) { u32 k = 0; return !!n.lookup(&k); }",
    "header": "#include <bcc/proto.h>\nint f(void *ctx) { return 0; }",
    "tracepoint": "TRACEPOINT_PROBE(random, urandom_read) { return args->got_bits; }",
}


@pytest.mark.parametrize("name", BCC)
def test_a_source_for_bcc_is_recognized(name: str) -> None:
    with pytest.raises(CompileError, match=r"written for bcc[\s\S]*line \d"):
        compile(BCC[name])


@pytest.mark.parametrize("header", ["linux/skbuff.h", "net/sock.h", "trace/events/x.h"])
def test_a_header_of_the_kernel_itself_is_told(header: str) -> None:
    with pytest.raises(CompileError, match=r"kernel's own sources[\s\S]*vmlinux\.h"):
        compile(f"#include <{header}>\n")


def test_a_static_program_is_told() -> None:
    text = (
        "#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\n"
        'SEC("xdp") static int f(struct xdp_md *ctx) { return XDP_PASS; }\n'
    )
    made = compile(text)
    assert list(made.programs) == ["f"]  # alone in its section, as older loaders had it
    assert any("f in SEC" in n and "older loaders" in n for n in made.notices)
    two = compile(text + 'SEC("xdp") int g(struct xdp_md *ctx) { return XDP_PASS; }\n')
    assert list(two.programs) == ["g"]
    assert any("f in SEC" in n and "remove static" in n for n in two.notices)
    assert compile(text.replace("static ", "")).notices == ()
