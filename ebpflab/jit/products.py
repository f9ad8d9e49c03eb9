"""Products along rounds of a loop, so that rounds need not wait for each other.

`x = x * 31 + y` again and again makes a chain: each round waits for the product of the
one before. But two rounds are `x * 961 + (y * 31 + z)`, whose first product needs `x`
alone. So each register that constants multiply is known as `base * factor + rest` from
where the rounds begin, and written so. (Compilers know this as back-substitution.)
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ebpflab.isa.insn import Insn
from ebpflab.isa.operations import ALU_BY_CODE, SWAP_CODE, Source
from ebpflab.isa.uses import registers_lost, registers_written
from ebpflab.jit.llvm_words import Word

_WORTH = 2  # products in a row: one alone is no chain


@dataclass(frozen=True, slots=True)
class Form:
    """A register's value, modulo 2**bits: base * factor + rest."""

    base: Word
    factor: int
    rest: Word
    products: int

    def word(self) -> Word:
        """Write the value."""
        return self.base * self.base.constant(self.factor) + self.rest


@dataclass(slots=True)
class Products:
    """The forms of registers, from where rounds begin to where one is written."""

    forms: dict[int, Form] = field(default_factory=dict)

    def after(self, insn: Insn) -> None:
        """Forget what an instruction that computes nothing here overwrites."""
        for register in registers_written(insn) + registers_lost(insn):
            self.forms.pop(register, None)

    def result(self, insn: Insn, dst: Word, src: Word) -> Word | None:
        """Follow arithmetic; return its result if that is better written anew."""
        form = self._form(insn, dst, src)
        self.after(insn)
        if form is None:
            return None
        self.forms[insn.dst] = form
        return form.word() if form.products >= _WORTH else None

    def _form(self, insn: Insn, dst: Word, src: Word) -> Form | None:
        if insn.code == SWAP_CODE:
            return None
        name, by_register = (
            ALU_BY_CODE[insn.code, insn.off].name,
            insn.source is Source.X,
        )
        if name == "mov":
            return self._of(insn.src, src) if by_register else None
        old = self._of(insn.dst, dst)
        if name in ("mul", "lsh") and not by_register:
            return _multiplied(old, dst, _factor(insn, name))
        if old is None or name not in ("add", "sub") or insn.dst == insn.src:
            return None
        rest = old.rest + src if name == "add" else old.rest - src
        return Form(old.base, old.factor, rest, old.products)

    def _of(self, register: int, value: Word) -> Form | None:
        """Return a register's form, if that is one of such a width."""
        form = self.forms.get(register)
        return form if form and form.base.bits == value.bits else None


def _factor(insn: Insn, name: str) -> int:
    return insn.imm if name == "mul" else 1 << (insn.imm & (insn.bits - 1))


def _multiplied(old: Form | None, value: Word, factor: int) -> Form:
    if old is None:
        return Form(value, factor, value.constant(0), 1)
    low = (1 << value.bits) - 1
    rest = old.rest * value.constant(factor)
    return Form(old.base, old.factor * factor & low, rest, old.products + 1)
