"""Variables on the stack, against the code: who stores what where.

Each member of the program's variables is given a constant of its own through a
volatile access, so the instructions themselves tell where it lies: a constant is put
into a register and stored at an offset from r10. DWARF must say the same.
"""

from dataclasses import replace

import pytest

from ebpflab.c.compiler import compile
from ebpflab.isa.codec import decode
from ebpflab.program import Program, Variable

SOURCE = """\
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct inner { __u32 a; __u16 b; __u8 c; };
struct outer { __u64 first; struct inner inside; __s32 last; };
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8);
     __type(key, struct inner); __type(value, struct outer); } seen SEC(".maps");
static __always_inline void inlined(void)
{
    volatile struct inner deep = {};

    deep.a = 0x51;
    bpf_map_delete_elem(&seen, (void *)&deep);
}
static __noinline int sub(int x)
{
    volatile int elsewhere = 0x71;

    return bpf_map_delete_elem(&seen, (void *)&elsewhere) + x;
}
SEC("xdp") int prog(struct xdp_md *ctx)
{
    volatile struct outer value = {};
    volatile struct inner key = {};
    volatile __u32 alone = 0x41;
    int in_register = ctx->ingress_ifindex;

    value.first = 0x11;
    value.inside.a = 0x12;
    value.inside.b = 0x13;
    value.inside.c = 0x14;
    value.last = 0x15;
    key.a = 0x31;
    key.b = 0x32;
    key.c = 0x33;
    inlined();
    bpf_map_update_elem(&seen, (void *)&key, (void *)&value, 0);
    return sub(in_register) + alone;
}
char _license[] SEC("license") = "GPL";
"""
BLOCK = """\
    {
        volatile struct inner brief = {};

        brief.a = 0x61;
        bpf_map_delete_elem(&seen, (void *)&brief);
    }
    inlined();
"""
CONSTANTS = {
    0x11: ("value", "first"),
    0x12: ("value", "inside.a"),
    0x13: ("value", "inside.b"),
    0x14: ("value", "inside.c"),
    0x15: ("value", "last"),
    0x31: ("key", "a"),
    0x32: ("key", "b"),
    0x33: ("key", "c"),
    0x41: ("alone", ""),
    0x51: ("deep", "a"),
}
SIZES = {0x10: 1, 0x08: 2, 0x00: 4, 0x18: 8}
MOV_IMM, STX, ST = (0xB7, 0xB4), 0x63 & 7, 0x62 & 7


def stored(program: Program) -> set[tuple[str, str, int, int]]:
    """Return (variable, member, offset, size) as the code says it."""
    held: dict[int, int] = {}
    found = set()
    for insn in decode(program.code):
        if insn is None:
            continue
        if insn.opcode in MOV_IMM:
            held[insn.dst] = insn.imm
        elif insn.opcode & 7 in (ST, STX) and insn.dst == 10:
            value = insn.imm if insn.opcode & 7 == ST else held.get(insn.src)
            if value in CONSTANTS:
                size = SIZES[insn.size_code]
                found.add((*CONSTANTS[value], insn.off, size))
        elif insn.opcode & 7 not in (ST, STX):
            held.pop(insn.dst, None)
    return found


def told(program: Program) -> set[tuple[str, str, int, int]]:
    """Return the same as DWARF says it."""
    return {(v.name, v.member, v.offset, v.size) for v in program.variables}


@pytest.mark.parametrize("cpu", ["v1", "v2", "v3", "v4"])
def test_the_code_stores_where_dwarf_says(cpu: str) -> None:
    program = compile(SOURCE, cpu=cpu).programs["prog"]
    assert len(stored(program)) == len(CONSTANTS)
    assert stored(program) <= told(program)


def test_a_moved_variable_is_noticed() -> None:
    program = compile(SOURCE).programs["prog"]
    moved = tuple(replace(v, offset=v.offset - 8) for v in program.variables)
    assert not stored(program) <= told(replace(program, variables=moved))


def test_only_this_function_and_only_the_stack() -> None:
    program = compile(SOURCE).programs["prog"]
    names = {v.name for v in program.variables}
    assert names == {"value", "key", "alone", "deep"}
    assert all(-512 <= v.offset < 0 for v in program.variables)


def test_two_that_share_bytes_in_turn_are_both_left_out() -> None:
    """The compiler gives the same bytes to what is never alive at once."""
    program = compile(SOURCE.replace("    inlined();\n", BLOCK)).programs["prog"]
    names = {v.name for v in program.variables}
    assert names == {"value", "key", "alone"}


def test_no_byte_belongs_to_two_variables() -> None:
    wholes = [v for v in compile(SOURCE).programs["prog"].variables if not v.member]
    taken = [b for v in wholes for b in range(v.offset, v.offset + v.size)]
    assert len(taken) == len(set(taken))


def test_sign_of_a_member() -> None:
    rows = compile(SOURCE).programs["prog"].variables
    signs = {v.member: v.signed for v in rows if v.name == "value"}
    assert signs["last"]
    assert not signs["first"]


def test_members_lie_inside_their_variable() -> None:
    whole: Variable | None = None
    for row in compile(SOURCE).programs["prog"].variables:
        whole = row if not row.member else whole
        assert whole.offset <= row.offset
        assert row.offset + row.size <= whole.offset + whole.size
