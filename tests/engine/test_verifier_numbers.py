"""Arithmetic on numbers against Linux: every row, both widths, links between copies.

Random programs over all arithmetic and jump rows, cpu v4's among them, spills and fills
of every width; then a number is used as an offset. Judged with CAP_PERFMON and without.
All must be equal: verdict, errno, message, `processed`, and the log of level 2.
"""

import random

import pytest

from ebpflab.listing import assemble
from ebpflab.program import Program
from ebpflab.verifier import alu, check_alu, linked_regs
from tests.engine.agreement import MAPS, compare

NUMBERS = [0, 1, -1, 2, 3, 7, 8, 15, 16, 31, 32, 63, 64, 255, 256, 0x7FFF, 0x8000]
NUMBERS += [0xFFFF, 0x7FFFFFFF, -0x80000000, -2, -8, -128, -129, 100, 0x12345678]
FREE = [0, 1, 2, 3, 4, 5, 7, 8, 9]  # r6 keeps the context
ALU = ["+=", "-=", "*=", "&=", "|=", "^=", "+=", "&="]
JUMPS = ["==", "!=", "<", "<=", ">", ">=", "s<", "s<=", "s>", "s>=", "&"]
USE = (
    "*(u32 *)(r10 -28) = 1\nr2 = r10\nr2 += -28\nr7 = r{n}\nr1 = a ll\n"
    "call bpf_map_lookup_elem\nif r0 == 0 goto out\nr0 += r7\nr1 = *(u8 *)(r0 +0)"
)


def place(chance: random.Random, signed: bool = False) -> str:
    size = chance.choice((8, 16, 32) if signed else (8, 16, 32, 64, 64))
    return f"*({'s' if signed else 'u'}{size} *)(r10 -{chance.choice((8, 16, 24))})"


def statement(chance: random.Random, label: str) -> str:
    """Return one statement; a jump goes to `label`."""
    pick, w = chance.choice, chance.choice("rrw")
    a, b, number = pick(FREE), pick(FREE), pick(NUMBERS)
    second, bits = pick([f"{w}{b}", number, number]), 64 if w == "r" else 32
    shift = pick([chance.randrange(bits), 1, 8, 31, bits - 1, f"{w}{b}"])
    kinds = {
        f"{w}{a} {pick(ALU)} {second}": 22,
        f"{w}{a} {pick(['<<=', '>>=', 's>>='])} {shift}": 10,
        f"{w}{a} {pick(['/=', '%=', 's/=', 's%='])} {second or 1}": 6,
        pick(
            [f"r{a} = (s{pick([8, 16, 32])})r{b}", f"w{a} = (s{pick([8, 16])})w{b}"]
        ): 5,
        pick([f"r{a} = r{b}", f"w{a} = w{b}", f"r{a} = r{b}\nr{b} += {number}"]): 8,
        pick(
            [f"{w}{a} = -{w}{a}", f"r{a} = {pick(['be', 'le'])}{pick([16, 64])} r{a}"]
        ): 4,
        f"r{a} = bswap{pick([16, 32, 64])} r{a}": 2,
        f"if {w}{a} {pick(JUMPS)} {second} goto {label}": 26,
        f"{place(chance)} = r{a}": 6,
        f"r{a} = {place(chance, signed=pick([True, False]))}": 5,
        f"r{a} &= {pick([1, 7, 255])}": 4,
    }
    return chance.choices(list(kinds), list(kinds.values()))[0]


def random_program(seed: int, length: int = 12) -> Program:
    chance = random.Random(seed)
    lines = ["r6 = r1"]
    for number in FREE:
        signed = chance.random() < 0.4
        value = chance.choice([str(chance.choice(NUMBERS)), place(chance, signed)])
        lines.append(f"r{number} = {value}")
    waiting: list[str] = []
    for at in range(length):
        label = chance.choice([*waiting, f"L{at}", f"L{at}"])
        lines.append(statement(chance, label))
        if f"goto {label}" in lines[-1] and label not in waiting:
            waiting.append(label)
        while waiting and chance.random() < 0.25:
            lines.append(f"{waiting.pop(0)}:")
    if chance.random() < 0.5:
        lines.append(USE.format(n=chance.choice(FREE)))
    lines += [f"{label}:" for label in waiting]
    return assemble(
        "\n".join([*lines, "out:", "r0 = 0", "exit"]), type="xdp", maps=MAPS
    )


@pytest.mark.parametrize("privileged", [True, False])
def test_random_programs_are_judged_alike(linux, privileged: bool) -> None:
    for seed in range(600):
        found = compare(linux, random_program(seed), privileged=privileged)
        assert found == [], seed


def test_longer_programs_are_judged_alike(linux) -> None:
    for seed in range(1000, 1080):
        assert compare(linux, random_program(seed, 40)) == [], seed


PLANTED = [
    (alu, "SHIFTS", {**alu.SHIFTS, "arsh": alu.SHIFTS["rsh"]}),
    (check_alu, "_loses_nothing", lambda insn, b: True),
    (linked_regs, "_moved_otherwise", lambda reg, known: True),
]


@pytest.mark.parametrize(("where", "name", "wrong"), PLANTED, ids=lambda v: str(v)[:30])
def test_a_planted_error_is_found(linux, monkeypatch, where, name, wrong) -> None:
    alu.transfer.cache_clear()
    monkeypatch.setattr(where, name, wrong)
    found = any(compare(linux, random_program(seed)) for seed in range(600))
    monkeypatch.undo()
    alu.transfer.cache_clear()
    assert found
