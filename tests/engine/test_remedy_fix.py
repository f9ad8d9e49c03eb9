"""Fixes: each kind has its patch; the kernel accepts it, and it does no wrong."""

import pytest

import ebpflab as lab
from ebpflab.remedy.c_fix import fix_source
from ebpflab.remedy.fixes import ROWS
from ebpflab.remedy.mend import fix
from ebpflab.remedy.witness import witness

LOOKUP = """
    *(u32 *)(r10 -4) = 0
    r2 = r10
    r2 += -4
    r1 = map[0] ll
    call bpf_map_lookup_elem
"""
HASH = lab.MapSpec("hash", 4, 8, 4, name="seen")
TABLE = lab.MapSpec("array", 4, 64, 4, name="table")
RING = lab.MapSpec("ringbuf", 0, 0, 4096, name="ring")

CASES = {
    "packet": ("r2 = *(u32 *)(r1 +0)\nr0 = *(u8 *)(r2 +23)\nexit", "xdp", ()),
    "packet, its end is known": (
        """
        r2 = *(u32 *)(r1 +0)
        r3 = *(u32 *)(r1 +4)
        r4 = r2
        r4 += 14
        if r4 > r3 goto out
        r0 = *(u16 *)(r2 +20)
        exit
        out: r0 = 1
        exit
        """,
        "xdp",
        (),
    ),
    "packet of tc": (
        "r2 = *(u32 *)(r1 +76)\nr0 = *(u8 *)(r2 +40)\nexit",
        "sched_cls",
        (),
    ),
    "packet write": (
        "r2 = *(u32 *)(r1 +0)\n*(u32 *)(r2 +40) = 1\nr0 = 2\nexit",
        "xdp",
        (),
    ),
    "null": (f"{LOOKUP}r0 = *(u64 *)(r0 +0)\nexit", "xdp", (HASH,)),
    "null and arithmetic": (
        f"{LOOKUP}r0 += 4\nr0 = *(u8 *)(r0 +0)\nexit",
        "xdp",
        (HASH,),
    ),
    "index": (
        f"r6 = *(u32 *)(r1 +16)\n{LOOKUP}"
        "if r0 == 0 goto out\nr0 += r6\nr0 = *(u8 *)(r0 +3)\nout: r0 = 2\nexit",
        "xdp",
        (TABLE,),
    ),
    "index, a little too far": (
        f"r6 = *(u32 *)(r1 +16)\nr6 &= 127\n{LOOKUP}"
        "if r0 == 0 goto out\nr0 += r6\n*(u32 *)(r0 +0) = 1\nout: r0 = 2\nexit",
        "xdp",
        (TABLE,),
    ),
    "never written": ("r0 = r7\nexit", "xdp", ()),
    "no answer": ("exit", "xdp", ()),
    "answer": ("r0 = *(u32 *)(r1 +0)\nexit", "cgroup_skb", ()),
    "record": (
        """
        r1 = map[0] ll
        r2 = 8
        r3 = 0
        call bpf_ringbuf_reserve
        if r0 == 0 goto out
        r8 = r0
        r0 = 0
        out: exit
        """,
        "xdp",
        (RING,),
    ),
    "two at once": (
        f"r7 = r1\nr6 = *(u32 *)(r1 +0)\n{LOOKUP}"
        "r0 = *(u64 *)(r0 +0)\nr0 = *(u8 *)(r6 +90)\nexit",
        "xdp",
        (HASH,),
    ),
}


def assembled(name: str) -> lab.Program:
    text, type, maps = CASES[name]
    return lab.assemble(text, type=type, maps=list(maps))


@pytest.fixture
def verify(linux):
    return lambda program: linux.verify(program, log_level=2)


@pytest.mark.parametrize("name", CASES)
def test_the_kernel_accepts_what_was_mended(verify, name):
    program = assembled(name)
    verdict = verify(program)
    assert not verdict.accepted
    mended = fix(program, verdict, verify=verify)
    assert mended.found
    assert verify(mended.after).accepted
    assert mended.steps


@pytest.mark.parametrize("name", CASES)
def test_what_went_wrong_before_goes_well_after(verify, name):
    program = assembled(name)
    found = witness(program)
    assert found.found
    mended = fix(program, verify(program), verify=verify)
    if found.fault:
        with pytest.raises(lab.VmFault):
            found.run()
    assert found.run(mended.after)
    assert not witness(mended.after, tries=60).found


@pytest.mark.parametrize("name", CASES)
def test_the_diff_leads_from_one_listing_to_the_other(verify, name):
    mended = fix(assembled(name), verify(assembled(name)), verify=verify)
    kept = [line for sign, line in mended.diff if sign in " +"]
    assert kept == lab.disassemble(mended.after).splitlines()


def test_each_row_is_used_by_some_case(verify):
    used = {verify(assembled(name)).rejection.kind for name in CASES}
    assert used <= set(ROWS)
    assert len(used) >= 7


def test_where_nothing_fits_nothing_is_changed(verify):
    program = lab.assemble("again: r0 = 1\ngoto again", type="xdp")
    unmended = fix(program, verify(program), verify=verify)
    assert not unmended.found
    assert unmended.after == program
    assert "no mechanical fix" in str(unmended)


@pytest.mark.parametrize("text", ["r0 = 0\ngoto +5\nexit", "exit\nr0 = 1\nexit"])
def test_what_is_refused_before_the_walk_has_no_fix(text):
    program = lab.assemble(text, type="xdp")
    verdict = lab.verify(program)
    assert not verdict.accepted
    assert not lab.fix(program, verdict).found


C_PACKET = """
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_helpers.h>
SEC("xdp")
int first(struct xdp_md *ctx)
{
    void *data_end = (void *)(long)ctx->data_end;
    struct ethhdr *eth = (void *)(long)ctx->data;
    if (eth->h_proto == 8)
        return XDP_DROP;
    return XDP_PASS;
}
char _license[] SEC("license") = "GPL";
"""
C_NULL = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct { __uint(type, BPF_MAP_TYPE_HASH); __type(key, __u32); __type(value, __u64);
         __uint(max_entries, 4); } seen SEC(".maps");
SEC("xdp")
int count(struct xdp_md *ctx)
{
    __u32 key = 7;
    __u64 *value = bpf_map_lookup_elem(&seen, &key);
    *value += 1;
    return XDP_PASS;
}
char _license[] SEC("license") = "GPL";
"""


@pytest.mark.parametrize(
    ("source", "name", "text"),
    [
        (C_PACKET, "first", "if ((void *)(eth + 1) > (void *)data_end)"),
        (C_NULL, "count", "if (!value) return XDP_PASS;"),
    ],
)
def test_the_c_line_is_found_where_it_is_clear(verify, source, name, text):
    program = lab.compile(source).programs[name]
    found = fix_source(program, verify(program), verify=verify)
    assert found
    assert text in found.line.text
    assert found.verdict.accepted
    assert text in found.source
    assert str(found.line.line) in str(found)


def test_a_program_without_source_has_no_c_line(verify):
    program = assembled("packet")
    assert fix_source(program, verify(program), verify=verify) is None


def test_sentences_are_there_in_both_languages(verify, monkeypatch):
    program = assembled("null")
    english = str(fix(program, verify(program), verify=verify))
    monkeypatch.setenv("EBPFLAB_LANG", "fr")
    assert str(fix(program, verify(program), verify=verify)) != english
