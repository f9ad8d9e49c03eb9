"""Whatever a program does, a run ends in an answer or in an error that is ours.

Helpers are called with addresses, maps and numbers that make no sense; programs are
made of random instructions. Nothing else may be raised, and nothing may hang.
"""

import random
from dataclasses import replace

import pytest

import ebpflab as lab
from ebpflab.helpers import HELPERS
from ebpflab.hooks import HOOKS
from ebpflab.isa.codec import encode
from ebpflab.isa.insn import Insn
from ebpflab.isa.spellings import FORMS
from ebpflab.maps import make_map
from ebpflab.maps.base import type_of_map
from tests.engine.test_maps_against_linux import SPECS

# One blueprint a map type. Which functions struct_ops needs is the kernel's business.
MAPS = [
    replace(spec, name=type) for type, spec in SPECS.items() if type != "struct_ops"
]


def test_all_these_maps_are_made() -> None:
    """Else every run below would end before it begins."""
    assert {make_map(spec).type for spec in MAPS} == type_of_map.keys() - {"struct_ops"}


def argument(chance: random.Random, register: int) -> list[Insn]:
    """Return instructions that put something into a register."""
    number = chance.choice((0, 1, 4, 8, 16, 64, -1, 1 << 30, 1 << 20, 255))
    kinds = (
        [Insn(0xB7, register, imm=number)],
        [Insn(0x18, register, 1, imm=chance.randrange(len(MAPS)))],
        [Insn(0xBF, register, 10), Insn(0x07, register, imm=-chance.choice((8, 64)))],
        [Insn(0xBF, register, 6)],
        [
            Insn(
                0x18, register, imm=chance.choice((5, -5)), next_imm=chance.randrange(9)
            )
        ],
        [Insn(0x18, register, 4, imm=chance.choice((0, 2)))],
    )
    return chance.choice(kinds)


def calls(chance: random.Random) -> bytes:
    """Return a program that calls a few helpers."""
    insns = [Insn(0xBF, 6, 1)]
    for _ in range(6):
        for register in range(1, 6):
            insns += argument(chance, register)
        insns.append(Insn(0x85, imm=chance.choice(list(HELPERS))))
    return encode([*insns, Insn(0xB7), Insn(0x95), Insn(0xB7), Insn(0x95)])


def told(program: lab.Program, data: bytes) -> lab.EbpfLabError | None:
    """Run; return the error of ours, if there was one."""
    try:
        lab.run(program, data, budget=2_000)
    except lab.EbpfLabError as error:
        return error
    return None


@pytest.mark.parametrize("type", sorted(HOOKS))
def test_senseless_calls_are_told(type: str) -> None:
    data = bytes(64) if HOOKS[type].has_packet else b""
    for seed in range(150):
        program = lab.Program(calls(random.Random(seed)), type=type, maps=MAPS)
        error = told(program, data)
        if isinstance(error, lab.VmFault):
            assert error.pc >= 0, str(error)
            if seed % 10 == 0:
                assert error.timeline.outcome.fault


def test_each_helper_is_called_with_every_map() -> None:
    for id in HELPERS:
        for index in range(len(MAPS)):
            chance = random.Random(id * 100 + index)
            insns = [Insn(0xBF, 6, 1)]
            for register in range(1, 6):
                insns += argument(chance, register)
            for register in (1, 2):
                load = Insn(0x18, register, 1, imm=index)
                code = encode([*insns, load, Insn(0x85, imm=id), Insn(0x95)])
                error = told(lab.Program(code, type="raw", maps=MAPS), bytes(64))
                assert error is None or str(error)


def test_another_error_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A planted error: maps of every kind are taken."""
    monkeypatch.setattr("ebpflab.helpers.proto._check_kind", lambda proto, map: None)
    with pytest.raises((AttributeError, TypeError, AssertionError)):
        test_each_helper_is_called_with_every_map()


def test_random_instructions_are_told() -> None:
    forms = [form.opcode for form in FORMS]
    for seed in range(1_500):
        chance = random.Random(seed)
        insns = [
            Insn(
                chance.choice(forms),
                chance.randrange(11),
                chance.choice((0, 0, 1, 2, 10)),
                chance.randint(-4, 4),
                chance.choice((0, 1, 8, 32, -1, 1 << 30)),
            )
            for _ in range(12)
        ]
        program = lab.Program(encode([*insns, Insn(0x95)]), type="raw", maps=MAPS)
        error = told(program, bytes(64))
        assert error is None or str(error)
