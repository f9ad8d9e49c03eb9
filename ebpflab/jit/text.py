"""Python text as values: the rows of isa/operations.py, applied to it, write Python.

`meaning(Text("r1"), Text("r2"), 64)` is the text of what the row computes. A text also
knows whether its value may be no word, so that only such a one is cut to one.
Source: RFC 9669, section 4, through the rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ebpflab.isa import words

FITS, OVER, UNDER, ANY = "fits", "over", "under", "any"
"""What a value may be: a word; too long; negative; both."""


@dataclass(frozen=True, slots=True, eq=False)
class Text:
    """One expression, and where its value may lie."""

    text: str
    range: str = FITS

    def _with(self, symbol: str, other: Text | int, range: str) -> Text:
        return Text(f"({self.text} {symbol} {_text(other).text})", range)

    def _of_words(self, symbol: str, other: Text, range: str) -> Text:
        both = self.range == other.range == FITS
        return self._with(symbol, other, range if both else ANY)

    def __add__(self, other: Text) -> Text:
        return self._of_words("+", other, OVER)

    def __sub__(self, other: Text) -> Text:
        return self._of_words("-", other, UNDER)

    def __mul__(self, other: Text) -> Text:
        return self._of_words("*", other, OVER)

    def __lshift__(self, other: Text) -> Text:
        return self._of_words("<<", other, OVER)

    def __rshift__(self, other: Text) -> Text:
        return self._with(">>", other, self.range)

    def __and__(self, other: Text | int) -> Text:
        if self.text.isdigit() and isinstance(other, int):
            return Text(str(int(self.text) & other))
        words = FITS in (self.range, _text(other).range)
        return self._with("&", other, FITS if words else ANY)

    def __or__(self, other: Text) -> Text:
        return self._of_words("|", other, FITS)

    def __xor__(self, other: Text) -> Text:
        return self._of_words("^", other, FITS)

    def __neg__(self) -> Text:
        return Text(f"(-{self.text})", UNDER if self.range == FITS else ANY)

    def __eq__(self, other: object) -> Any:
        return self._with("==", _text(other), FITS)

    def __ne__(self, other: object) -> Any:
        return self._with("!=", _text(other), FITS)

    def __lt__(self, other: Text) -> Text:
        return self._with("<", other, FITS)

    def __le__(self, other: Text) -> Text:
        return self._with("<=", other, FITS)

    def __gt__(self, other: Text) -> Text:
        return self._with(">", other, FITS)

    def __ge__(self, other: Text) -> Text:
        return self._with(">=", other, FITS)


def _text(value: Any) -> Text:
    return value if isinstance(value, Text) else Text(str(value))


def put(register: str, value: Text, bits: int) -> tuple[str, ...]:
    """Return the lines that put a result's lower `bits` into a register.

    Asking first is faster: few results are too long.
    """
    low = (1 << bits) - 1
    put_ = f"{register} = {value.text}"
    match value.range:
        case "fits":
            return (put_,)
        case "over":
            return put_, f"if {register} > {low}: {register} &= {low}"
        case "under":
            return put_, f"if {register} < 0: {register} &= {low}"
        case _:
            return (f"{put_} & {low}",)


@words.signed.register
def _(value: Text, bits: int) -> Text:
    low, sign = (1 << bits) - 1, 1 << (bits - 1)
    return Text(f"((({value.text} & {low}) ^ {sign}) - {sign})", UNDER)


@words.divided.register
def _(dst: Text, src: Text, bits: int) -> Text:
    return Text(f"({dst.text} // {src.text} if {src.text} else 0)")


@words.remainder.register
def _(dst: Text, src: Text, bits: int) -> Text:
    return Text(f"({dst.text} % {src.text} if {src.text} else {dst.text})")


@words.signed_divided.register
def _(dst: Text, src: Text, bits: int) -> Text:
    return Text(f"signed_divided({dst.text}, {src.text}, {bits})", ANY)


@words.signed_remainder.register
def _(dst: Text, src: Text, bits: int) -> Text:
    return Text(f"signed_remainder({dst.text}, {src.text}, {bits})", ANY)


@words.byte_swapped.register
def _(value: Text, bits: int) -> Text:
    return Text(f"byte_swapped({value.text}, {bits})")


@words.truncated.register
def _(value: Text, bits: int) -> Text:
    return Text(f"({value.text} & {(1 << bits) - 1})")


NAMES = {  # what the text above calls
    name: getattr(words, name)
    for name in ("signed_divided", "signed_remainder", "byte_swapped")
}
