"""Rules off, bugs back: what is refused then passes, and the run shows the damage."""

import pytest

import ebpflab as lab
from ebpflab.errors import EbpfLabError
from ebpflab.verifier.bugs import BUGS
from ebpflab.verifier.rules import RULES
from ebpflab.verifier.verdict import verify

TABLE = lab.MapSpec("array", 4, 64, 1, name="table")
SEEN = lab.MapSpec("hash", 4, 8, 4, name="seen")

# The packet's first eight bytes in r6, a pointer to the map's 64 bytes in r7.
BEGIN = """
    r2 = *(u32 *)(r1 +0)
    r3 = *(u32 *)(r1 +4)
    r4 = r2
    r4 += 14
    if r4 > r3 goto out
    r6 = *(u64 *)(r2 +0)
    *(u32 *)(r10 -4) = 0
    r2 = r10
    r2 += -4
    r1 = map[0] ll
    call bpf_map_lookup_elem
    if r0 == 0 goto out
    r7 = r0
"""
# r6 is believed to be 0, and is not: 64 times that leads out of the value.
END = """
    r6 <<= 6
    r7 += r6
    r0 = *(u8 *)(r7 +0)
    out: r0 = 2
    exit
"""
EXPLOITS = {  # what makes r6 be believed 0, and a packet with which it is not
    "2017-16995": (
        "w6 = -1\nif r6 == -1 goto out\nr6 = 1",
        bytes(14),
    ),
    "2017-17852": (
        "w6 = -1\nw6 += 1\nr6 >>= 32\nr8 = 1\nr8 -= r6\nr6 = r8",
        bytes(14),
    ),
    "2017-17853": (
        "r6 &= 1\nr6 = -r6\nr6 >>= 63\nif r6 s< 0 goto out",
        b"\1" + bytes(13),
    ),
    "2018-18445": (
        "r6 &= 0x7fffffff\nr8 = 0x80000000 ll\nr8 <<= 1\nr6 |= r8\nw6 >>= 31\nr8 = 2\n"
        "r8 -= r6\nr6 = r8",
        bytes(14),
    ),
    "2020-8835": ("if w6 != 0 goto out", bytes(4) + b"\1" + bytes(9)),
    "2020-27194": (
        "if r6 == 0 goto out\nr8 = 0x600000001 ll\nif r6 > r8 goto out\nr6 |= 0\n"
        "w6 = w6\nr6 -= 1",
        b"\2" + bytes(13),
    ),
    "2021-3490": ("r6 >>= 32\nr6 <<= 32\nr6 |= 1\nw6 = w6", bytes(14)),
    "2021-31440": (
        "if r6 == 0 goto out\nr8 = 1\nif r6 < r8 goto out\nw6 = w6\n"
        "if r6 > 1 goto out\nr6 -= 1\nr6 = -r6",
        bytes(4) + b"\1" + bytes(9),
    ),
}
NULL = """
    r6 = r1
    *(u32 *)(r10 -4) = 7
    r2 = r10
    r2 += -4
    r1 = map[1] ll
    call bpf_map_lookup_elem
    r8 = r0
    r8 += 1
    if r0 != 0 goto out
    r8 <<= 6
    *(u32 *)(r10 -4) = 0
    r2 = r10
    r2 += -4
    r1 = map[0] ll
    call bpf_map_lookup_elem
    if r0 == 0 goto out
    r0 += r8
    r0 = *(u8 *)(r0 +0)
    out: r0 = 2
    exit
"""


def exploit(cve: str) -> tuple[lab.Program, bytes]:
    if cve == "2022-23222":
        return lab.assemble(NULL, type="xdp", maps=[TABLE, SEEN]), bytes(14)
    text, packet = EXPLOITS[cve]
    return lab.assemble(f"{BEGIN}{text}{END}", type="xdp", maps=[TABLE]), packet


def test_there_is_an_exploit_for_each_bug():
    assert {*EXPLOITS, "2022-23222"} == set(BUGS)
    assert len(BUGS) >= 8


@pytest.mark.parametrize("cve", BUGS)
def test_only_the_bug_lets_its_program_pass(cve):
    program, _ = exploit(cve)
    assert not verify(program).accepted
    believed = verify(program, cve=cve)
    assert believed.accepted, believed.message
    assert believed.relaxed == {cve}


@pytest.mark.parametrize("cve", BUGS)
def test_linux_refuses_the_program_today(linux, cve):
    program, _ = exploit(cve)
    assert linux.verify(program).message == verify(program).message


@pytest.mark.parametrize("cve", BUGS)
def test_the_program_leaves_the_memory_that_it_was_given(cve):
    program, packet = exploit(cve)
    with pytest.raises(lab.VmFault) as caught:
        lab.run(program, packet)
    assert program.insns[caught.value.pc].opcode == 0x71  # the load at the end


@pytest.mark.parametrize("cve", BUGS)
def test_programs_that_need_no_luck_are_judged_alike(cve):
    program = lab.assemble(f"{BEGIN}r6 &= 0{END}", type="xdp", maps=[TABLE])
    assert verify(program).accepted
    assert verify(program, cve=f"CVE-{cve}").accepted


REFUSED = {  # a program that one rule alone refuses
    "bounds": ("r2 = *(u32 *)(r1 +0)\nr0 = *(u8 *)(r2 +90)\nexit", "xdp", ()),
    "null": (
        "*(u32 *)(r10 -4) = 7\nr2 = r10\nr2 += -4\nr1 = map[0] ll\n"
        "call bpf_map_lookup_elem\nr0 = *(u64 *)(r0 +0)\nexit",
        "xdp",
        (SEEN,),
    ),
    "init": ("r0 = r7\nexit", "xdp", ()),
    "types": ("r2 = 1\nr0 = *(u8 *)(r2 +0)\nexit", "xdp", ()),
    "alignment": ("*(u32 *)(r10 -6) = 1\nr0 = 2\nexit", "xdp", ()),
    "context": ("r0 = *(u32 *)(r1 +200)\nexit", "xdp", ()),
    "references": (
        "r1 = map[0] ll\nr2 = 8\nr3 = 0\ncall bpf_ringbuf_reserve\nr0 = 0\nexit",
        "xdp",
        (lab.MapSpec("ringbuf", 0, 0, 4096, name="ring"),),
    ),
    "loops": ("again: r0 = 1\nif r0 == 1 goto again\nexit", "xdp", ()),
    "returns": ("r0 = 7\nexit", "cgroup_skb", ()),
    "rights": (
        "*(u32 *)(r10 -4) = 0\nr2 = r10\nr2 += -4\nr1 = map[0] ll\n"
        "call bpf_map_lookup_elem\nif r0 == 0 goto out\n*(u8 *)(r0 +0) = 1\n"
        "out: r0 = 2\nexit",
        "xdp",
        (lab.MapSpec("array", 4, 8, 1, name="fixed", flags=1 << 7),),
    ),
}


@pytest.mark.parametrize("rule", REFUSED)
def test_a_rule_that_is_off_lets_its_program_pass(rule):
    text, type, maps = REFUSED[rule]
    program = lab.assemble(text, type=type, maps=list(maps))
    strict, relaxed = verify(program), verify(program, without={rule})
    assert not strict.accepted
    assert not strict.relaxed
    assert relaxed.accepted, relaxed.message
    assert relaxed.relaxed == {rule}


@pytest.mark.parametrize("rule", REFUSED)
def test_another_rule_does_not(rule):
    text, type, maps = REFUSED[rule]
    program = lab.assemble(text, type=type, maps=list(maps))
    others = set(RULES) - {rule}
    answer = verify(program, without=others)
    assert answer.message == verify(program).message


@pytest.mark.parametrize("wrong", [{"without": ["gravity"]}, {"cve": "1999-1"}])
def test_what_cannot_be_switched_is_said(wrong):
    program = lab.assemble("r0 = 2\nexit", type="xdp")
    with pytest.raises(EbpfLabError):
        verify(program, **wrong)
