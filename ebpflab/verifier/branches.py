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

from ebpflab.isa.words import WORD32, WORD64
from ebpflab.verifier.bounds import (
    U32_MAX,
    UPPER,
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
Side = tuple[Tnum, int, int, int, int]  # bits, smin, smax, umin, umax of one width

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
        return b[:5]
    return (tnum_cast(b.var_off, 32), *b[5:])


# ---- which way -----------------------------------------------------------------


@lru_cache(maxsize=1 << 13)
def is_branch_taken(name: str, bits: int, a: Bounds, b: Bounds) -> bool | None:
    """Tell whether the jump is always taken, never, or (None) that depends."""
    if name in ("jeq", "jne"):
        equal = _are_equal(a, b, bits)
        return equal if equal is None or name == "jeq" else not equal
    if name == "jset":
        return _has_a_bit(side(a, bits)[0], side(b, bits)[0])
    if name in SWAPPED:
        return is_branch_taken(SWAPPED[name], bits, b, a)
    low, high = (1, 2) if name in ("jslt", "jsle") else (3, 4)
    x, y = side(a, bits), side(b, bits)
    strict = name in ("jlt", "jslt")
    if x[high] < y[low] or (not strict and x[high] == y[low]):
        return True
    if x[low] > y[high] or (strict and x[low] == y[high]):
        return False
    return None


def _are_equal(a: Bounds, b: Bounds, bits: int) -> bool | None:
    """Tell whether two numbers are equal: two constants, or sets that do not meet."""
    x, y = side(a, bits), side(b, bits)
    if not x[0].mask | y[0].mask:
        return x[0].value == y[0].value
    if not tnum_overlap(x[0], y[0]) or _apart(x, y):
        return False
    if bits == 64 and _apart(side(a, 32), side(b, 32)):
        return False
    return None


def _apart(x: Side, y: Side) -> bool:
    """Tell whether two ranges have no number in common."""
    return x[1] > y[2] or x[2] < y[1] or x[3] > y[4] or x[4] < y[3]


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


def _refined(name: str, bits: int, a: Bounds, b: Bounds) -> Pair:
    x, y = ROWS[name](side(a, bits), side(b, bits), bits)
    return _with_side(a, x, bits), _with_side(b, y, bits)


def _with_side(b: Bounds, part: Side, bits: int) -> Bounds:
    """Put what was learned of one width back."""
    if bits == 64:
        return Bounds(*part, *b[5:])
    return Bounds(tnum_with_subreg(b.var_off, part[0]), *b[1:5], *part[1:])


def _equal(x: Side, y: Side, bits: int) -> tuple[Side, Side]:
    """Both are in both sets."""
    both = (
        tnum_intersect(x[0], y[0]),
        max(x[1], y[1]),
        min(x[2], y[2]),
        max(x[3], y[3]),
        min(x[4], y[4]),
    )
    return both, both


def _differ(x: Side, y: Side, bits: int) -> tuple[Side, Side]:
    """A bound that is the other one, a constant, moves by one."""
    if y[0].mask:
        return (x, y) if x[0].mask else (x, _without(y, x[0].value, bits))
    return _without(x, y[0].value, bits), y


def _without(x: Side, word: int, bits: int) -> Side:
    tnum, smin, smax, umin, umax = x
    s_word = signed64(word) if bits == 64 else signed32(word)
    umin, umax = umin + (umin == word), umax - (umax == word)
    return tnum, smin + (smin == s_word), smax - (smax == s_word), umin, umax


def _bit_set(x: Side, y: Side, bits: int) -> tuple[Side, Side]:
    """A constant of one bit: that bit is set."""
    if y[0].mask:
        return (x, y) if x[0].mask else _bit_set(y, x, bits)[::-1]
    word = y[0].value
    if not word or word & (word - 1):
        return x, y
    return (tnum_or(x[0], y[0]), *x[1:]), y


def _bits_clear(x: Side, y: Side, bits: int) -> tuple[Side, Side]:
    """A constant: none of its bits is set."""
    if y[0].mask:
        return (x, y) if x[0].mask else _bits_clear(y, x, bits)[::-1]
    others = Tnum(~y[0].value & (WORD64 if bits == 64 else WORD32))
    return (tnum_and(x[0], others), *x[1:]), y


def _ordered(low: int, high: int, gap: int) -> Callable[[Side, Side, int], "Sides"]:
    """Make the row of x < y (gap 1) or x <= y (gap 0), for one pair of bounds."""

    def row(x: Side, y: Side, bits: int) -> tuple[Side, Side]:
        left, right = list(x), list(y)
        left[high] = min(x[high], y[high] - gap)
        right[low] = max(x[low] + gap, y[low])
        return tuple(left), tuple(right)  # type: ignore[return-value]

    return row


Sides = tuple[Side, Side]
ROWS: dict[str, Callable[[Side, Side, int], Sides]] = {
    "jeq": _equal,
    "jne": _differ,
    "jset": _bit_set,
    "jclear": _bits_clear,
    "jlt": _ordered(3, 4, 1),
    "jle": _ordered(3, 4, 0),
    "jslt": _ordered(1, 2, 1),
    "jsle": _ordered(1, 2, 0),
}
