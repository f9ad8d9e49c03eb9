"""What a conditional jump teaches: which way it goes, and what is then known.

A comparison of two numbers is decided where all their possible values agree
(`is_branch_taken`). Where they do not, both ways are walked, and on each way both
numbers shrink to those for which the comparison goes that way (`reg_set_min_max`).
Every row is written once, for `Side`s: the bounds of one width. Rows that are not
there are others with operands swapped, or negated.

Source: order on integers; what is concluded and what not, as observed on Linux 6.18.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from ebpflab.isa.words import WORD64
from ebpflab.verifier.bounds import (
    UNKNOWN,
    Bounds,
    reg_bounds_sync,
    signed32,
    signed64,
)
from ebpflab.verifier.tnum import (
    Tnum,
    tnum_and,
    tnum_cast,
    tnum_intersect,
    tnum_or,
    tnum_overlap,
    tnum_with_subreg,
)

Pair = tuple[Bounds, Bounds]


class Side(NamedTuple):
    """What is known of a number in one width: all 64 bits, or the lower 32."""

    var_off: Tnum
    smin: int
    smax: int
    umin: int
    umax: int


Sides = tuple[Side, Side]

NEGATED = {
    "jeq": "jne",
    "jne": "jeq",
    "jset": "jclear",  # no instruction: the way on which no bit of a jset is set
    "jclear": "jset",
    "jgt": "jle",
    "jle": "jgt",
    "jge": "jlt",
    "jlt": "jge",
    "jsgt": "jsle",
    "jsle": "jsgt",
    "jsge": "jslt",
    "jslt": "jsge",
}
SWAPPED = {"jgt": "jlt", "jge": "jle", "jsgt": "jslt", "jsge": "jsle"}


def side(b: Bounds, bits: int) -> Side:
    """Return what is known of all of a number, or of its lower half."""
    if bits == 64:
        return Side(*b[:5])
    return Side(tnum_cast(b.var_off, 32), *b[5:])


# ---- which way -----------------------------------------------------------------


@lru_cache(maxsize=1 << 13)
def is_branch_taken(name: str, bits: int, a: Bounds, b: Bounds) -> bool | None:
    """Tell whether the jump is always taken, never, or (None) that depends."""
    if name in ("jeq", "jne"):
        equal = _are_equal(a, b, bits)
        return equal if equal is None or name == "jeq" else not equal
    if name == "jset":
        return _has_a_bit(side(a, bits).var_off, side(b, bits).var_off)
    if name in SWAPPED:
        return is_branch_taken(SWAPPED[name], bits, b, a)
    x, y = side(a, bits), side(b, bits)
    if name in ("jslt", "jsle"):
        return _is_below(x.smin, x.smax, y.smin, y.smax, name == "jslt")
    return _is_below(x.umin, x.umax, y.umin, y.umax, name == "jlt")


def _is_below(low: int, high: int, other: int, top: int, strict: bool) -> bool | None:
    """Tell whether low ... high is below other ... top, wherever in them."""
    if high + strict <= other:
        return True
    return False if low + strict > top else None


def _are_equal(a: Bounds, b: Bounds, bits: int) -> bool | None:
    """Tell whether two numbers are equal: two constants, or sets that do not meet."""
    x, y = side(a, bits), side(b, bits)
    if not x.var_off.mask | y.var_off.mask:
        return x.var_off.value == y.var_off.value
    if not tnum_overlap(x.var_off, y.var_off) or _apart(x, y):
        return False
    if bits == 64 and _apart(side(a, 32), side(b, 32)):
        return False
    return None


def _apart(x: Side, y: Side) -> bool:
    """Tell whether two ranges have no number in common."""
    if x.smin > y.smax or x.smax < y.smin:
        return True
    return x.umin > y.umax or x.umax < y.umin


def _has_a_bit(x: Tnum, y: Tnum) -> bool | None:
    """Tell whether a bit is set in both; only asked about a constant."""
    if x.mask and y.mask:
        return None
    if x.value & y.value:
        return True
    return None if x.largest & y.largest else False


# ---- what is then known --------------------------------------------------------


@lru_cache(maxsize=1 << 13)
def reg_set_min_max(name: str, bits: int, taken: bool, a: Bounds, b: Bounds) -> Pair:
    """Return both numbers on the way on which the jump is taken, or is not."""
    name = name if taken else NEGATED[name]
    if name in SWAPPED:
        b, a = _refined(SWAPPED[name], bits, b, a)
    else:
        a, b = _refined(name, bits, a, b)
    return reg_bounds_sync(a), reg_bounds_sync(b)


@lru_cache(maxsize=1 << 10)
def compared_with_itself(name: str, bits: int, taken: bool, a: Bounds) -> Bounds:
    """Return a register that is compared with itself, on one of the two ways.

    Linux 6.18 does not see that x < x never is; it takes both bounds one step in.
    """
    name = name if taken else NEGATED[name]
    name = SWAPPED.get(name, name)
    if name not in ("jlt", "jslt"):
        return a
    x = side(a, bits)
    if name == "jlt":
        part = x._replace(umin=x.umin + 1, umax=x.umax - 1)
    else:
        part = x._replace(smin=x.smin + 1, smax=x.smax - 1)
    return reg_bounds_sync(reg_bounds_sync(_with_side(a, part, bits)))


def _refined(name: str, bits: int, a: Bounds, b: Bounds) -> Pair:
    if name == "jclear":
        return _bits_clear(a, b, bits)
    x, y = ROWS[name](side(a, bits), side(b, bits), bits)
    return _with_side(a, x, bits), _with_side(b, y, bits)


def _with_side(b: Bounds, part: Side, bits: int) -> Bounds:
    """Put what was learned of one width back."""
    if bits == 64:
        return Bounds(*part, *b[5:])
    return Bounds(tnum_with_subreg(b.var_off, part.var_off), *b[1:5], *part[1:])


def _equal(x: Side, y: Side, bits: int) -> Sides:
    """Both are in both sets."""
    both = Side(
        tnum_intersect(x.var_off, y.var_off),
        max(x.smin, y.smin),
        min(x.smax, y.smax),
        max(x.umin, y.umin),
        min(x.umax, y.umax),
    )
    return both, both


def _differ(x: Side, y: Side, bits: int) -> Sides:
    """A bound that is the other one, a constant, moves by one."""
    if not y.var_off.mask:
        return _without(x, y.var_off.value, bits), y
    if not x.var_off.mask:
        return x, _without(y, x.var_off.value, bits)
    return x, y


def _without(x: Side, word: int, bits: int) -> Side:
    s_word = signed64(word) if bits == 64 else signed32(word)
    return Side(
        x.var_off,
        x.smin + (x.smin == s_word),
        x.smax - (x.smax == s_word),
        x.umin + (x.umin == word),
        x.umax - (x.umax == word),
    )


def _bit_set(x: Side, y: Side, bits: int) -> Sides:
    """A constant of one bit: that bit is set."""
    if _is_one_bit(y.var_off):
        return x._replace(var_off=tnum_or(x.var_off, y.var_off)), y
    if y.var_off.mask and _is_one_bit(x.var_off):
        return x, y._replace(var_off=tnum_or(x.var_off, y.var_off))
    return x, y


def _is_one_bit(a: Tnum) -> bool:
    return a.is_const and a.value != 0 and not a.value & (a.value - 1)


def _bits_clear(a: Bounds, b: Bounds, bits: int) -> Pair:
    """A constant: none of its bits is set. The bounds are forgotten, as in Linux."""
    if side(b, bits).var_off.is_const:
        return _without_bits(a, side(b, bits).var_off.value), b
    if side(a, bits).var_off.is_const:
        return a, _without_bits(b, side(a, bits).var_off.value)
    return a, b


def _without_bits(b: Bounds, word: int) -> Bounds:
    return UNKNOWN._replace(var_off=tnum_and(b.var_off, Tnum(~word & WORD64)))


def _below(gap: int) -> Callable[[Side, Side, int], Sides]:
    """Make the row of x < y (gap 1) or x <= y (gap 0), unsigned."""

    def row(x: Side, y: Side, bits: int) -> Sides:
        umax, umin = min(x.umax, y.umax - gap), max(x.umin + gap, y.umin)
        return x._replace(umax=umax), y._replace(umin=umin)

    return row


def _signed_below(gap: int) -> Callable[[Side, Side, int], Sides]:
    """Make the row of x s< y (gap 1) or x s<= y (gap 0)."""

    def row(x: Side, y: Side, bits: int) -> Sides:
        smax, smin = min(x.smax, y.smax - gap), max(x.smin + gap, y.smin)
        return x._replace(smax=smax), y._replace(smin=smin)

    return row


ROWS: dict[str, Callable[[Side, Side, int], Sides]] = {
    "jeq": _equal,
    "jne": _differ,
    "jset": _bit_set,
    "jlt": _below(1),
    "jle": _below(0),
    "jslt": _signed_below(1),
    "jsle": _signed_below(0),
}
