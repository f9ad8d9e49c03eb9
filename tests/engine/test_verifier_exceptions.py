"""Exceptions: who may throw, and what a program's callback for them may be.

Against Linux: verdict, errno, message, and the log of level 2.
"""

import pytest

import ebpflab as lab
from tests.engine.test_verifier_calls import difference

SOURCE = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
char _license[] SEC("license") = "GPL";
extern void bpf_throw(__u64 cookie) __ksym;
#define to(name) __attribute__((btf_decl_tag("exception_callback:" #name)))
#define TC SEC("tc") to
#define EGRESS SEC("cgroup_skb/egress")
#define BODY (struct __sk_buff *s) { if (s->len) bpf_throw(5); return 0; }
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4);
         __type(key, int); __type(value, __u64); } m SEC(".maps");
__noinline int fine(__u64 c) { return c & 1; }
__noinline int any(__u64 c) { return c + 64; }
__noinline int two(__u64 c, __u64 d) { return c + d; }
__noinline void nothing(__u64 c) { asm volatile(""); }
__noinline int pointer(int *c) { return c ? *c : 1; }
static __noinline int hidden(__u64 c) { return c; }
__noinline int throws(__u64 c) { bpf_throw(c); return 0; }
static __noinline int may_throw(__u64 c) { if (c > 3) bpf_throw(c); return c; }
__noinline int calls(__u64 c) { return fine(c) + hidden(c); }
__noinline int throws_below(__u64 c) { return may_throw(c); }
__noinline int uses_a_map(__u64 c)
{
    int k = 2;
    __u64 *v = bpf_map_lookup_elem(&m, &k);
    if (v)
        *v = c;
    return 2;
}
static int throws_in_loop(__u32 i, void *c) { if (i == 3) bpf_throw(1); return 0; }
static int calls_in_loop(__u32 i, void *c) { return may_throw(i) & 1; }
static int global_in_loop(__u32 i, void *c) { return throws(i) & 1; }

TC(fine) int to_fine BODY
TC(any) int to_any BODY
TC(two) int to_two BODY
TC(nothing) int to_nothing BODY
TC(pointer) int to_pointer BODY
TC(missing) int to_missing BODY
TC(fine) to(any) int to_both BODY
TC(throws) int to_throws BODY
TC(throws_below) int to_throws_below BODY
TC(calls) int to_calls BODY
TC(uses_a_map) int to_map BODY
TC(hidden) int to_hidden(struct __sk_buff *s) { return may_throw(hidden(s->len)); }
TC(fine) int direct(struct __sk_buff *s) { if (s->len) bpf_throw(5); return fine(3); }
TC(fine) int never(struct __sk_buff *s) { return 0; }
TC(fine) int below(struct __sk_buff *s) { return throws(s->len); }
TC(fine) int in_loop(struct __sk_buff *s)
{
    bpf_loop(5, throws_in_loop, 0, 0);
    return 0;
}
TC(fine) int under_loop(struct __sk_buff *s)
{
    bpf_loop(5, calls_in_loop, 0, 0);
    return 0;
}
SEC("tc") int alone(struct __sk_buff *s) { return throws(s->len); }
SEC("tc") int loop_alone(struct __sk_buff *s)
{
    bpf_loop(5, global_in_loop, 0, 0);
    return 0;
}
EGRESS to(any) int answers_any BODY
EGRESS to(fine) int answers BODY
EGRESS int answers_cookie BODY
EGRESS int answers_small(struct __sk_buff *s) { return may_throw(s->len & 1); }
"""
REFUSED = {
    "to_two": "exception cb only supports single integer argument",
    "to_missing": "exception callback 'missing' could not be found in BTF",
    "to_both": "multiple exception callback tags for main subprog",
    "in_loop": "bpf_throw kfunc (insn 10) cannot be called from callback subprog 1",
}


@pytest.mark.parametrize("cpu", ["v1", "v3"])
def test_exceptions_are_judged_as_linux_does(linux, cpu) -> None:
    programs = lab.compile(SOURCE, cpu=cpu).programs
    found = {name: difference(program) for name, program in programs.items()}
    assert {name: what for name, what in found.items() if what} == {}


def test_what_is_refused_and_why() -> None:
    programs = lab.compile(SOURCE).programs
    told = {name: lab.verify(programs[name]).message for name in REFUSED}
    assert told == REFUSED


def test_the_callback_is_part_of_the_program_once() -> None:
    """Nothing calls it: the tag alone brings it behind the program."""
    programs = lab.compile(SOURCE).programs
    never, direct = programs["never"], programs["direct"]
    assert never.insns[-3:] == programs["to_fine"].insns[-3:]
    assert sum(insn == never.insns[-2] for insn in direct.insns) == 1


def test_a_static_function_alone_in_its_section_is_a_program() -> None:
    head = '#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\nSEC("tc") '
    body = "int own(struct __sk_buff *skb) { return 0; }\n"
    alone = lab.compile(f"{head}static {body}")
    assert set(alone.programs) == {"own"}
    assert "static" in " ".join(alone.notices)
    beside = lab.compile(f"{head}static {body}" + 'SEC("tc") int main_() { return 0; }')
    assert set(beside.programs) == {"main_"}
