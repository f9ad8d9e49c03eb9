"""What a form is: one way in which instructions are written, as a template.

A form is an opcode, the fields that tell it from other forms, and a template. The
template says all the rest: a field that it mentions is free, every other one must be
0. So the disassembler fills templates, the assembler reads along them, and `legal.py`
compares fields with them; none of the three knows a single operation.

    {dst:r} = *(u16 *)({src:r} {off:off})        r1 = *(u16 *)(r6 +176)
     |   |
     field of the instruction
         kind of operand: how it is written, what it may be (KINDS)

Not here: the forms themselves (`spellings.py`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType

from ebpflab.isa.insn import Insn

FIELDS = ("dst", "src", "off", "imm", "next_imm", "next_head")
PLACEHOLDER = re.compile(r"\{(\w+):(\w+)\}")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of operand: the numbers that may be written, the tokens that say one."""

    least: int
    most: int
    tokens: tuple[str, ...] = ("NUMBER",)


_S16 = (-(1 << 15), (1 << 15) - 1)
_S32 = (-(1 << 31), (1 << 31) - 1)
_ANY32 = (-(1 << 31), (1 << 32) - 1)  # the 32 bits themselves, read either way
_PLACE = ("PC", "NUMBER", "NAME")

KINDS = {
    "r": Kind(0, 10, ("R",)),
    "w": Kind(0, 10, ("W",)),
    "off": Kind(*_S16),  # bytes: +176
    "imm": Kind(*_S32),  # a number that 64-bit operations extend by its sign: -4
    "sum": Kind(*_S32),  # the same, behind a register: + -4
    "imm32": Kind(*_ANY32),  # a number that needs no extending: -4
    "hex": Kind(*_ANY32),  # 0xfffffffc
    "plus": Kind(*_ANY32),  # bytes from the start of a map's value: +8
    "fd": Kind(*_S16),
    "near": Kind(*_S16, _PLACE),  # a place, counted from the next slot: pc+3
    "far": Kind(*_S32, _PLACE),
    "step": Kind(*_S32),  # the same, written +3
    "local": Kind(*_S32, ("PC", "NAME")),  # a function of this program
    "helper": Kind(*_S32, ("NUMBER", "NAME", "CALLEE")),
    "kfunc": Kind(*_S32, ("CALLEE",)),
    "map": Kind(*_S32, ("MAP", "NAME")),  # index into a program's maps
    "wide": Kind(-(1 << 63), (1 << 64) - 1),
}
PLACES = frozenset({"near", "far", "step", "local"})


@cache
def operands(template: str) -> Mapping[str, str]:
    """Return the fields that a template leaves free, {field: kind}."""
    return MappingProxyType(dict(PLACEHOLDER.findall(template)))


@dataclass(frozen=True, slots=True)
class Form:
    """One way to write the instructions of one opcode."""

    opcode: int
    text: str  # template of our spelling
    fixed: Mapping[str, int] = field(default_factory=dict)
    log: str = ""  # template of Linux's spelling, where ours differs
    others: tuple[str, ...] = ()  # templates that are read as well
    unchecked: tuple[str, ...] = ()  # fields that Linux lets be anything, unspelled

    def allows(self, insn: Insn, name: str) -> bool:
        """Tell whether a field of the instruction may have the value that it has."""
        free, value = operands(self.text), int(getattr(insn, name))
        if "imm64" in free and name in ("imm", "next_imm"):
            return True
        if name in free:
            return KINDS[free[name]].least <= value <= KINDS[free[name]].most
        return value == self.fixed.get(name, 0)

    def wrong(self, insn: Insn) -> tuple[str, ...]:
        """Return the fields whose values this form does not allow."""
        return tuple(name for name in FIELDS if not self.allows(insn, name))

    def is_meant(self, insn: Insn) -> bool:
        """Tell whether the fields that tell forms apart have this form's values."""
        return all(getattr(insn, name) == v for name, v in self.fixed.items())

    def target(self, insn: Insn, pc: int) -> int | None:
        """Return the slot that the instruction jumps to, calls or names, if any."""
        for name, kind in operands(self.text).items():
            if kind in PLACES:
                return pc + 1 + int(getattr(insn, name))
        return None
