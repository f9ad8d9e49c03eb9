"""LLVM values as words: the rows of isa/operations.py, applied to them, write LLVM IR.

A `Word` is an operand of some width in a function that is being written; each operator
adds one line. What Python's operators do not have registers itself in isa/words.py.
Source: RFC 9669, section 4, through the rows; the LLVM Language Reference.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ebpflab.isa import words


@dataclass(slots=True)
class Lines:
    """The lines of a function so far; each value has a number."""

    lines: list[str] = field(default_factory=list)
    values: int = 0
    labels: int = 0
    suffix: str = ""  # of every line: a debug location, where one is wanted

    def add(self, line: str) -> None:
        self.lines.append(f"  {line}{self.suffix}")

    def value(self, operation: str) -> str:
        """Add an operation; return the operand that is its result."""
        self.values += 1
        name = f"%v{self.values}"
        self.lines.append(f"  {name} = {operation}{self.suffix}")
        return name

    def new_label(self) -> str:
        self.labels += 1
        return f"l{self.labels}"

    def label(self, name: str) -> None:
        self.lines.append(f"{name}:")


@dataclass(frozen=True, slots=True, eq=False)
class Word:
    """An operand of `bits` bits."""

    lines: Lines
    name: str
    bits: int

    def _op(self, name: str, other: Any) -> Word:
        operation = f"{name} i{self.bits} {self.name}, {_operand(other)}"
        return Word(self.lines, self.lines.value(operation), self.bits)

    def _test(self, relation: str, other: Any) -> Word:
        operation = f"icmp {relation} i{self.bits} {self.name}, {_operand(other)}"
        return Word(self.lines, self.lines.value(operation), 1)

    def __add__(self, other: Word) -> Word:
        return self._op("add", other)

    def __sub__(self, other: Word) -> Word:
        return self._op("sub", other)

    def __mul__(self, other: Word) -> Word:
        return self._op("mul", other)

    def __and__(self, other: Word | int) -> Word:
        return self._op("and", other)

    def __or__(self, other: Word) -> Word:
        return self._op("or", other)

    def __xor__(self, other: Word) -> Word:
        return self._op("xor", other)

    def __lshift__(self, other: Word) -> Word:
        return self._op("shl", other)

    def __rshift__(self, other: Word) -> Word:
        return self._op("lshr", other)

    def __neg__(self) -> Word:
        return Word(self.lines, "0", self.bits) - self

    def __eq__(self, other: object) -> Any:
        return self._test("eq", other)

    def __ne__(self, other: object) -> Any:
        return self._test("ne", other)

    def __lt__(self, other: Word) -> Word:
        return self._test("ult", other)

    def __le__(self, other: Word) -> Word:
        return self._test("ule", other)

    def __gt__(self, other: Word) -> Word:
        return self._test("ugt", other)

    def __ge__(self, other: Word) -> Word:
        return self._test("uge", other)

    def resized(self, bits: int) -> Word:
        """Return its lower `bits`, or it with zeros in front."""
        if bits == self.bits:
            return self
        change = "trunc" if bits < self.bits else "zext"
        operation = f"{change} i{self.bits} {self.name} to i{bits}"
        return Word(self.lines, self.lines.value(operation), bits)

    def chosen(self, yes: Word, no: Word) -> Word:
        """Return one of two values; this is the flag that decides."""
        kind = f"i{yes.bits}"
        operation = f"select i1 {self.name}, {kind} {yes.name}, {kind} {no.name}"
        return Word(self.lines, self.lines.value(operation), yes.bits)

    def constant(self, value: int) -> Word:
        """Return a constant of the same width."""
        return Word(self.lines, str(value), self.bits)


class Signed(Word):
    """A word that is read as a two's complement number."""

    __slots__ = ()

    def __rshift__(self, other: Word) -> Word:
        return self._op("ashr", other)

    def __lt__(self, other: Word) -> Word:
        return self._test("slt", other)

    def __le__(self, other: Word) -> Word:
        return self._test("sle", other)

    def __gt__(self, other: Word) -> Word:
        return self._test("sgt", other)

    def __ge__(self, other: Word) -> Word:
        return self._test("sge", other)


def _operand(value: Any) -> str:
    return value.name if isinstance(value, Word) else str(value)


@words.signed.register
def _(value: Word, bits: int) -> Word:
    if bits == value.bits:
        return Signed(value.lines, value.name, bits)
    low = value.resized(bits)
    operation = f"sext i{bits} {low.name} to i{value.bits}"
    return Signed(value.lines, value.lines.value(operation), value.bits)


@words.divided.register
def _(dst: Word, src: Word, bits: int) -> Word:
    by_zero: Word = src == 0
    quotient = dst._op("udiv", by_zero.chosen(src.constant(1), src))
    return by_zero.chosen(src.constant(0), quotient)


@words.remainder.register
def _(dst: Word, src: Word, bits: int) -> Word:
    by_zero: Word = src == 0
    rest = dst._op("urem", by_zero.chosen(src.constant(1), src))
    return by_zero.chosen(dst, rest)


@words.signed_divided.register
def _(dst: Word, src: Word, bits: int) -> Word:
    """By -1 is a negation: the machine's division would trap on the least number."""
    by_zero: Word = src == 0
    by_minus_one: Word = src == -1
    special = by_zero | by_minus_one
    quotient = dst._op("sdiv", special.chosen(src.constant(1), src))
    signed = by_minus_one.chosen(-dst, quotient)
    return by_zero.chosen(src.constant(0), signed)


@words.signed_remainder.register
def _(dst: Word, src: Word, bits: int) -> Word:
    """By -1 it is 0: see signed_divided."""
    by_zero: Word = src == 0
    special = by_zero | (src == -1)
    rest = dst._op("srem", special.chosen(src.constant(1), src))
    return by_zero.chosen(dst, rest)


@words.byte_swapped.register
def _(value: Word, bits: int) -> Word:
    low = value.resized(bits)
    operation = f"call i{bits} @llvm.bswap.i{bits}(i{bits} {low.name})"
    return Word(value.lines, value.lines.value(operation), bits).resized(value.bits)


@words.truncated.register
def _(value: Word, bits: int) -> Word:
    return value.resized(bits).resized(value.bits)
