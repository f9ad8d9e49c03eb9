"""A program changed a little: fields of one or two instructions, or their order."""

import random
from collections.abc import Callable
from dataclasses import replace

import ebpflab as lab
from ebpflab.isa.codec import encode
from ebpflab.isa.insn import WIDE_OPCODE, Insn
from ebpflab.isa.spellings import FORMS

_EDGES = (0, 1, -1, 2, 8, 64, 255, 1 << 30, -(1 << 31))


def _register(chance: random.Random) -> int:
    """Return a register: one that has a value more often, none of them rarely."""
    return chance.choice((0, 1, 2, 3, 5, 6, 6, 7, 7, 8, 8, 9, 10, 10, 11))


def _dst(insn: Insn, chance: random.Random) -> Insn:
    return replace(insn, dst=_register(chance))


def _src(insn: Insn, chance: random.Random) -> Insn:
    return replace(insn, src=_register(chance) if insn.src else insn.src)


def _off(insn: Insn, chance: random.Random) -> Insn:
    off = insn.off + chance.choice((-8, -4, -1, 1, 4, 8))
    return replace(insn, off=max(-(1 << 15), min(off, (1 << 15) - 1)))


def _imm(insn: Insn, chance: random.Random) -> Insn:
    return replace(insn, imm=chance.choice((*_EDGES, insn.imm ^ 64)))


def _opcode(insn: Insn, chance: random.Random) -> Insn:
    if insn.is_wide:
        return insn
    if chance.random() < 0.2:  # most of these are no instruction
        opcode = insn.opcode ^ (1 << chance.randrange(8))
    else:  # another operation of the same class, another width
        others = [f.opcode for f in FORMS if _alike(f.opcode, insn.opcode)]
        opcode = chance.choice(others or [insn.opcode])
    return insn if opcode == WIDE_OPCODE else replace(insn, opcode=opcode)


def _alike(one: int, other: int) -> bool:
    """Tell whether two opcodes are of one class and one kind of operand."""
    return one & 0x0F == other & 0x0F if other & 4 else one & 0xE7 == other & 0xE7


_CHANGES: tuple[Callable[[Insn, random.Random], Insn], ...] = (
    *(_dst, _src, _off, _off, _off, _imm, _imm, _imm, _opcode),
)


def mutated(program: lab.Program, chance: random.Random) -> lab.Program:
    """Change one or two fields, or exchange two instructions; the length stays."""
    insns = [insn for insn in program.insns if insn]
    for _ in range(chance.choice((1, 1, 2))):
        place = chance.randrange(len(insns))
        if chance.random() < 0.1 and place:
            insns[place - 1 : place + 1] = insns[place], insns[place - 1]
        else:
            insns[place] = chance.choice(_CHANGES)(insns[place], chance)
    return replace(program, code=encode(insns))
