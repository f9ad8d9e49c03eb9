"""The interpreter against the real kernel: verdictless programs, equal answers.

Random programs of arithmetic, memory and control flow are made so that the kernel's
verifier takes them; both sides then run them on the same packet, and return value and
packet must be equal. The oracle itself is tested with a planted error.
"""

import dataclasses
import random

import pytest

import ebpflab as lab
from ebpflab.isa.operations import ALU_BY_CODE, ALU_OPS, JUMP_OPS, SIZES, Source
from ebpflab.vm import actions

PACKET = bytes(range(64))
PROLOGUE = """
r9 = *(u32 *)(r1 +0)
r8 = *(u32 *)(r1 +4)
r2 = r9
r2 += 64
if r2 > r8 goto out
"""
EPILOGUE = """
*(u64 *)(r9 +0) = r6
*(u64 *)(r9 +8) = r7
w0 = w6
w0 ^= w7
exit
out: r0 = 0
exit
"""


def arithmetic(chance: random.Random) -> str:
    """Return one line of arithmetic on r6 and r7."""
    op = chance.choice([op for op in ALU_OPS if op.name not in ("neg",)])
    letter = "w" if chance.random() < 0.5 and op.name != "movsx32" else "r"
    dst, src = (f"{letter}{n}" for n in chance.sample((6, 7), 2))
    if op.name.startswith("movsx"):
        return f"{dst} = {op.symbol}{src}"
    if Source.K in op.sources and chance.random() < 0.5:
        shifts = op.name in ("lsh", "rsh", "arsh")
        constant = (
            chance.randrange(32) if shifts else chance.randint(-(1 << 31), 1 << 30)
        )
        return f"{dst} {op.symbol} {constant or 1}"
    if op.name in ("lsh", "rsh", "arsh"):
        return f"{src} &= 31\n{dst} {op.symbol} {src}"
    return f"{dst} {op.symbol} {src}"


def memory(chance: random.Random) -> str:
    """Return a store to and a load from packet or stack, of any width."""
    size = chance.choice(SIZES)
    base, low = chance.choice((("r9", 16), ("r10", -64)))
    off = low + size.bytes * chance.randrange(40 // size.bytes)
    reg = chance.choice(("r6", "r7"))
    store = f"*({size.name} *)({base} {off:+d}) = {reg}"
    sign = "s" if size.name != "u64" and chance.random() < 0.3 else "u"
    return f"{store}\n{reg} = *({sign}{size.name[1:]} *)({base} {off:+d})"


def branch(chance: random.Random, number: int) -> str:
    """Return a jump over some arithmetic."""
    op = chance.choice(JUMP_OPS)
    letter = chance.choice("rw")
    right = chance.choice((f"{letter}7", str(chance.randint(-100, 100))))
    test = f"if {letter}6 {op.symbol} {right} goto over{number}"
    return f"{test}\n{arithmetic(chance)}\nover{number}:"


def program_text(seed: int) -> str:
    chance = random.Random(seed)
    start = [
        f"r{n} = {chance.getrandbits(64):#x} ll"
        if chance.random() < 0.7
        else f"r{n} = {chance.randint(-3, 3)}"
        for n in (6, 7)
    ]
    body = []
    for number in range(12):
        kind = chance.choice((arithmetic, arithmetic, memory, None))
        body.append(kind(chance) if kind else branch(chance, number))
    return "\n".join([PROLOGUE, *start, *body, EPILOGUE])


def differences(seeds: range) -> list[str]:
    """Run both sides; return what differed, and count what the kernel refused."""
    found, refused = [], 0
    for seed in seeds:
        program = lab.assemble(program_text(seed), type="xdp")
        try:
            there = lab.linux.run(program, PACKET)
        except lab.VerifierError:
            refused += 1
            continue
        here = lab.run(program, PACKET)
        if (here.retval, here.data) != (there.retval, there.data):
            found.append(f"seed {seed}: {here.retval:#x} here, {there.retval:#x} there")
    assert refused < len(seeds) / 10, f"{refused} of {len(seeds)} refused: a bad oracle"
    return found


def test_random_programs_give_what_linux_gives(linux: None) -> None:
    assert differences(range(1_500)) == []


@pytest.mark.parametrize("name", ["sdiv", "smod", "arsh", "movsx16", "mod"])
def test_a_wrong_row_is_found(
    linux: None, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    row = next(op for op in ALU_OPS if op.name == name)
    wrong = dataclasses.replace(row, meaning=lambda dst, src, bits: dst + 1)
    monkeypatch.setitem(actions.ALU_BY_CODE, (row.code, row.off), wrong)
    assert ALU_BY_CODE[row.code, row.off] is wrong
    assert differences(range(120)) != []
