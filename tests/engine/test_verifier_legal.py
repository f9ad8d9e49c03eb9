"""Illegal instructions against Linux: which are refused, when, and in which words.

Every opcode with each field changed, where a path gets there and where none does; what
stands behind a 64-bit load; legacy loads from a packet; addresses of kernel symbols.
"""

import random
from collections.abc import Iterator

import pytest

from ebpflab.btf import Kind
from ebpflab.btf.kernel import running_btf
from ebpflab.isa.codec import encode
from ebpflab.isa.insn import Insn
from ebpflab.listing import assemble
from ebpflab.program import Program
from ebpflab.verifier import check_legal
from tests.engine.agreement import MAPS, compare, mutants

START, END = Insn(0xB7), (Insn(0xB7), Insn(0x95))
FIELDS: dict[str, dict[str, int]] = {
    "plain": {},
    "off": {"off": 1},
    "off -1": {"off": -1},
    "imm": {"imm": 1},
    "src": {"src": 1},
    "dst": {"dst": 1},
    "src 11": {"src": 11},
    "dst 11": {"dst": 11},
    "dst 10": {"dst": 10},
    "all": {"off": 1, "imm": 3, "src": 2, "dst": 2},
    "off, imm": {"off": 2, "imm": 3},
    "imm, src": {"imm": 16, "src": 2},
}
WIDE = 0x18


def programs(opcodes: range, reached: bool) -> Iterator[Program]:
    """Yield a program around each instruction; a jump may lead past it."""
    past = () if reached else (Insn(0x15, off=1),)  # if r0 == 0
    for opcode in opcodes:
        if opcode == WIDE:
            continue
        for fields in FIELDS.values():
            code = encode([START, *past, Insn(opcode, **fields), *END])
            yield Program(code, type="xdp")


@pytest.mark.parametrize("reached", [True, False])
@pytest.mark.parametrize("start", range(0, 256, 32))
def test_every_opcode_with_each_field(linux, start: int, reached: bool) -> None:
    for program in programs(range(start, start + 32), reached):
        assert compare(linux, program) == [], program.code.hex()


EXIT = bytes.fromhex("b7000000000000009500000000000000")
LOADS = {  # the bytes of a 64-bit load
    "a map that is not there": "18110000050000000000000000000000",
    "a map by index": "18510000000000000000000000000000",
    "a value by index": "18610000000000000000000000000000",
    "no such kind": "18710000000000000000000000000000",
    "a place in a map itself": "18110000000000000000000001000000",
    "a function": "18410000020000000000000000000000",
    "an offset": "18010100000000000000000000000000",
    "r11": "180b0000000000000000000000000000",
    "r10": "180a0000000000000000000000000000",
    "an exit behind it": "18010000000000009500000000000000",
    "a jump behind it": "18010000000000000500400000000000",
    "no type": "18310000000000000000000000000000",
    "a type that is no symbol": "18310000050000000000000000000000",
    "a type that is not there": "18310000ffffff000000000000000000",
    "a negative type": "18310000ffffffff0000000000000000",
    "another BTF": "18310000050000000000000009000000",
}


@pytest.mark.parametrize("load", LOADS)
def test_a_64_bit_load(linux, load: str) -> None:
    code = bytes.fromhex(LOADS[load])
    assert compare(linux, Program(code + EXIT, type="xdp", maps=MAPS)) == []


@pytest.mark.parametrize(
    "text",
    [
        "b7000000000000001801000000000000",
        "1801000000000000",
        "b700000000000000180100000000000095000000000000000500000000000000",
        "b70000000000000018010000000000009500000000000000",
    ],
)
def test_a_load_that_the_end_cuts_off(linux, text: str) -> None:
    assert compare(linux, Program(bytes.fromhex(text), type="xdp")) == []


@pytest.mark.parametrize("name", ["runqueues", "schedule", "cpu_tsc_khz"])
def test_the_address_of_a_symbol(linux, name: str) -> None:
    """Linux refuses a variable that it does not list; both sides look there."""
    btf = running_btf()
    if btf is None:
        pytest.skip("this kernel has no BTF")
    symbol = next(t for t in btf.find_all(name) if t.kind in (Kind.VAR, Kind.FUNC))
    load = encode([Insn(WIDE, 1, 3, imm=symbol.id), None])
    read = encode([Insn(0x61, 2, 1)])
    for code in (load + EXIT, load + read + EXIT):
        assert compare(linux, Program(code, type="sched_cls")) == []


# ---- legacy loads from a packet --------------------------------------------------

LEGACY = {
    "a place": "r6 = r1\nr0 = *(u32 *)skb[4]\nr1 = r0",
    "a place in a register": "r6 = r1\nr7 = 5\nr0 = *(u16 *)skb[r7 + 4]\nr1 = r0",
    "a register never written": "r6 = r1\nr0 = *(u16 *)skb[r7 + 4]",
    "a lost place": "r6 = r1\nr2 = 5\nr0 = *(u8 *)skb[r2 + 4]\nr0 = *(u8 *)skb[r2 + 4]",
    "a lost register": "r6 = r1\nr2 = 5\nr0 = *(u8 *)skb[-4]\nr0 = r2",
    "no context": "r0 = *(u8 *)skb[0]",
    "a number for a context": "r6 = 5\nr0 = *(u8 *)skb[0]",
    "a moved context": "r6 = r1\nr6 += 4\nr0 = *(u8 *)skb[0]",
    "a context moved back": "r6 = r1\nr6 += -4\nr0 = *(u8 *)skb[0]",
    "a context somewhere": "r2 = *(u32 *)(r1 +0)\nr6 = r1\nr6 += r2\n"
    "r0 = *(u8 *)skb[0]",
    "precise": "r6 = r1\nr0 = *(u8 *)skb[0]\nr2 = r10\nr2 += r0",
    "precise before": "r6 = r1\nr7 = *(u32 *)(r1 +0)\nr7 &= 7\n"
    "r0 = *(u8 *)skb[r7 + 0]\nr2 = r10\nr2 += r7",
    "a loop": "r6 = r1\nr7 = 0\nX:\nr0 = *(u8 *)skb[r7 + 0]\nr7 += 1\nif r7 < 5 goto X",
    "headers": "r6 = r1\nr0 = *(u16 *)skb[12]\nif r0 != 0x800 goto +2\n"
    "r0 = *(u8 *)skb[23]\nif r0 == 17 goto +0",
}


@pytest.mark.parametrize("privileged", [True, False])
@pytest.mark.parametrize("type", ["socket_filter", "sched_cls", "xdp", "cgroup_skb"])
@pytest.mark.parametrize("rule", LEGACY)
def test_legacy_loads(linux, rule: str, type: str, privileged: bool) -> None:
    program = assemble(f"{LEGACY[rule]}\nr0 = 0\nexit", type=type)
    assert compare(linux, program, privileged=privileged) == []
    for mutant in mutants(program, random.Random(rule), 3):
        assert compare(linux, mutant, privileged=privileged) == [], mutant.code.hex()


# ---- planted errors --------------------------------------------------------------


@pytest.mark.parametrize("name", ["_alu", "_jump", "_stx"])
def test_a_planted_error_is_found(linux, monkeypatch, name: str) -> None:
    rules = check_legal._RULES
    wrong = {c: lambda insn: "" for c, f in rules.items() if f.__name__ == name}
    monkeypatch.setattr(check_legal, "_RULES", {**rules, **wrong})
    chance = random.Random(1)
    tried = [*programs(range(256), reached=True)]
    chance.shuffle(tried)
    assert any(_differs(linux, program) for program in tried[:900])


def _differs(linux, program: Program) -> bool:
    try:
        return bool(compare(linux, program, 0))
    except KeyError:  # an operation that does not exist was walked into
        return True
