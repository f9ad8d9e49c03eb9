"""What is known of a number: its bits, and four pairs of bounds, kept in step.

    var_off              known bits of all 64
    umin  ... umax       as an unsigned 64-bit number      smin  ... smax   as a signed
    u32_min ... u32_max  its lower half, unsigned          s32_min ... s32_max  signed

Each part may know something that another one does not: from umax = 9 follows that the
upper 60 bits are 0 and that smin is 0. `reg_bounds_sync` lets every part learn from the
others. It is not a full fixpoint: it stops after as many rounds as Linux does, so that
the bounds are the kernel's. Not here: how instructions move bounds (`alu.py`,
`branches.py`).

Source: two's complement arithmetic; order and number of the rounds as observed on
Linux 6.18. Names are the kernel's (struct bpf_reg_state).
"""

from functools import lru_cache
from typing import NamedTuple

from ebpflab.isa.words import WORD32, WORD64
from ebpflab.verifier.tnum import (
    TNUM_UNKNOWN,
    Tnum,
    tnum_cast,
    tnum_intersect,
    tnum_range,
    tnum_step,
)

U64_MAX, U32_MAX = WORD64, WORD32
S64_MIN, S64_MAX = -(1 << 63), (1 << 63) - 1
S32_MIN, S32_MAX = -(1 << 31), (1 << 31) - 1
SIGN64, SIGN32 = 1 << 63, 1 << 31
UPPER = U64_MAX ^ U32_MAX
RANGE_VIOLATION = "range bounds violation"
CONST_VIOLATION = "const tnum out of sync with range bounds"
SUBREG_VIOLATION = "const subreg tnum out of sync with range bounds"
ROUNDS = 3  # how often Linux 6.18 lets the bounds learn from each other


class Bounds(NamedTuple):
    """What is known of one number."""

    var_off: Tnum = TNUM_UNKNOWN
    smin: int = S64_MIN
    smax: int = S64_MAX
    umin: int = 0
    umax: int = U64_MAX
    s32_min: int = S32_MIN
    s32_max: int = S32_MAX
    u32_min: int = 0
    u32_max: int = U32_MAX

    @property
    def is_const(self) -> bool:
        return not self.var_off.mask

    @property
    def value(self) -> int:
        """The word itself, where it is known."""
        return self.var_off.value

    def __contains__(self, word: object) -> bool:
        """Tell whether a 64-bit word fits all that is known."""
        if not isinstance(word, int):
            return False
        low = word & WORD32
        return (
            word in self.var_off
            and self.umin <= word <= self.umax
            and self.smin <= signed64(word) <= self.smax
            and self.u32_min <= low <= self.u32_max
            and self.s32_min <= signed32(low) <= self.s32_max
        )


UNKNOWN = Bounds()


def signed64(word: int) -> int:
    """Read a 64-bit word as a signed number."""
    return word - (1 << 64) if word & SIGN64 else word


def signed32(word: int) -> int:
    """Read a 32-bit word as a signed number."""
    return word - (1 << 32) if word & SIGN32 else word


@lru_cache(maxsize=1 << 12)
def constant(word: int) -> Bounds:
    """Return the bounds of one 64-bit word (kernel: __mark_reg_known)."""
    s64, low = signed64(word), word & WORD32
    s32 = signed32(low)
    return Bounds(Tnum(word), s64, s64, word, word, s32, s32, low, low)


ZERO = constant(0)


@lru_cache(maxsize=1 << 14)
def reg_bounds_sync(b: Bounds) -> Bounds:
    """Let bits and bounds learn from each other."""
    b = _update_from_bits(b)
    for _ in range(ROUNDS):
        before = b
        b = _deduce_mixed(_deduce_64(_deduce_32(b)))
        if b == before:
            break
    return _update_from_bits(_bits_from_bounds(b))


def _update_from_bits(b: Bounds) -> Bounds:
    """Bounds from bits; where one word only has both, the number is that word."""
    b = _bounds_from_bits(b)
    tnum, umin, umax = b.var_off, b.umin, b.umax
    following = tnum_step(tnum, umin)
    if umin in tnum:
        return constant(umin) if following > umax else b
    if following == tnum.largest:
        return constant(following)
    if following <= umax < tnum_step(tnum, following):
        return constant(following)
    return b


def contradiction(b: Bounds) -> str:
    """Say how no number fits; "" if one does. On a path that cannot be, none may fit.

    Linux 6.18 walks such a path nevertheless, with the bits only (`forget_bounds`).
    """
    if b.umin > b.umax or b.smin > b.smax:
        return RANGE_VIOLATION
    if b.u32_min > b.u32_max or b.s32_min > b.s32_max:
        return RANGE_VIOLATION
    if b.is_const and b != constant(b.value):
        return CONST_VIOLATION
    low = b.var_off.value & WORD32
    if not b.var_off.mask & WORD32 and b[5:] != constant(low)[5:]:
        return SUBREG_VIOLATION
    return ""


def forget_bounds(b: Bounds) -> Bounds:
    """Return the bits alone (kernel: __mark_reg_unbounded)."""
    return UNKNOWN._replace(var_off=b.var_off)


def _bounds_from_bits(b: Bounds) -> Bounds:
    """Bounds from bits: unknown ones all 0, or all 1; the sign counts the other way."""
    tnum, smin, smax, umin, umax, s32_min, s32_max, u32_min, u32_max = b
    value, mask = tnum
    low, low_mask = value & WORD32, mask & WORD32
    return Bounds(
        tnum,
        max(smin, signed64(value | mask & SIGN64)),
        min(smax, signed64(value | mask & S64_MAX)),
        max(umin, value),
        min(umax, value | mask),
        max(s32_min, signed32(low | low_mask & SIGN32)),
        min(s32_max, signed32(low | low_mask & S32_MAX)),
        max(u32_min, low),
        min(u32_max, low | low_mask),
    )


def _deduce_32(b: Bounds) -> Bounds:
    """The lower half: from the whole number, then its signs from each other."""
    tnum, smin, smax, umin, umax, s32_min, s32_max, u32_min, u32_max = b
    for least, most in ((umin, umax), (smin & WORD64, smax & WORD64)):
        low, high = least & WORD32, most & WORD32
        s_low, s_high = signed32(low), signed32(high)
        steps = (most >> 32) - (least >> 32)  # how often the lower half wraps
        if steps == 0 and low <= high:
            u32_min, u32_max = max(u32_min, low), min(u32_max, high)
        around_zero = steps & WORD32 == 1 and s_low < 0 <= s_high
        if around_zero or (steps == 0 and s_low <= s_high):
            s32_min, s32_max = max(s32_min, s_low), min(s32_max, s_high)
    s32_min, s32_max, u32_min, u32_max = _signs_32(s32_min, s32_max, u32_min, u32_max)
    return Bounds(tnum, smin, smax, umin, umax, s32_min, s32_max, u32_min, u32_max)


def _signs_32(smin: int, smax: int, umin: int, umax: int) -> tuple[int, int, int, int]:
    """Signed and unsigned bounds of the lower half, from each other: see below."""
    if signed32(umin) <= signed32(umax):
        smin, smax = max(smin, signed32(umin)), min(smax, signed32(umax))
    if smin & WORD32 <= smax & WORD32:
        umin, umax = max(umin, smin & WORD32), min(umax, smax & WORD32)
    elif umax < smin & WORD32:
        smin, umax = signed32(umin), min(umax, smax & WORD32)
    elif smax & WORD32 < umin:
        smax, umin = signed32(umax), max(umin, smin & WORD32)
    return smin, smax, umin, umax


def _deduce_64(b: Bounds) -> Bounds:
    """Signed and unsigned bounds of the whole number, from each other.

    A signed range from below 0 to above is two unsigned ones, at both ends; where the
    unsigned bounds leave only one of them, that one it is.

         0 ....... smax                        smin ....... 2^64-1
         |=========|                              |==========|
    """
    tnum, smin, smax, umin, umax, *halves = b
    if signed64(umin) <= signed64(umax):
        smin, smax = max(smin, signed64(umin)), min(smax, signed64(umax))
    if smin & WORD64 <= smax & WORD64:
        umin, umax = max(umin, smin & WORD64), min(umax, smax & WORD64)
    elif umax < smin & WORD64:
        smin, umax = signed64(umin), min(umax, smax & WORD64)
    elif smax & WORD64 < umin:
        smax, umin = signed64(umax), max(umin, smin & WORD64)
    return Bounds(tnum, smin, smax, umin, umax, *halves)


def _deduce_mixed(b: Bounds) -> Bounds:
    """The whole number from its lower half: a bound's lower half can be no smaller.

    Where the number is a 32-bit one with its sign, and that half is not negative, the
    half is the number.
    """
    tnum, smin, smax, umin, umax, s32_min, s32_max, u32_min, u32_max = b
    umin, umax = max(umin, umin & UPPER | u32_min), min(umax, umax & UPPER | u32_max)
    smin = max(smin, smin >> 32 << 32 | u32_min)
    smax = min(smax, smax >> 32 << 32 | u32_max)
    if s32_min >= 0 and smin >= S32_MIN and smax <= S32_MAX:
        smin, smax = s32_min, s32_max
        umin, umax = smin & WORD64, smax & WORD64
        tnum = tnum_intersect(tnum, tnum_range(umin, umax))
    return Bounds(tnum, smin, smax, umin, umax, s32_min, s32_max, u32_min, u32_max)


def _bits_from_bounds(b: Bounds) -> Bounds:
    """Bits from the unsigned bounds: what both ends share from the top is known."""
    whole = tnum_intersect(b.var_off, tnum_range(b.umin, b.umax))
    half = tnum_intersect(tnum_cast(whole, 32), tnum_range(b.u32_min, b.u32_max))
    var_off = Tnum(whole.value & UPPER | half.value, whole.mask & UPPER | half.mask)
    return Bounds(var_off, *b[1:])
