"""How arithmetic moves what is known of a number: one transfer function per ALU row.

A range is four numbers (smin, smax, umin, umax), as they stand side by side in
`Bounds` for all 64 bits and again for the lower 32. Most functions work on either
width; a result that may leave the width makes that pair unknown. Two constants need no
transfer function: the row's own meaning computes them.

Where Linux 6.18 gives up (division, remainder, shifts by an unknown or too large
amount), so do we.
Source: interval arithmetic; what is given up, as observed on Linux 6.18.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from ebpflab.isa.operations import ALU_OPS
from ebpflab.isa.words import WORD32, WORD64
from ebpflab.verifier.bounds import (
    S32_MAX,
    S32_MIN,
    S64_MAX,
    S64_MIN,
    U32_MAX,
    U64_MAX,
    UNKNOWN,
    ZERO,
    Bounds,
    constant,
    reg_bounds_sync,
    signed32,
    signed64,
)
from ebpflab.verifier.tnum import (
    TNUM_UNKNOWN,
    Tnum,
    tnum_add,
    tnum_and,
    tnum_arshift,
    tnum_bswap,
    tnum_cast,
    tnum_lshift,
    tnum_mul,
    tnum_neg,
    tnum_or,
    tnum_range,
    tnum_rshift,
    tnum_sub,
    tnum_with_subreg,
    tnum_xor,
)

Range = tuple[int, int, int, int]  # smin, smax, umin, umax


class Width(NamedTuple):
    """The limits of a width."""

    bits: int
    smin: int
    smax: int
    umax: int
    signed: Callable[[int], int]

    @property
    def unknown(self) -> Range:
        return self.smin, self.smax, 0, self.umax


W64 = Width(64, S64_MIN, S64_MAX, U64_MAX, signed64)
W32 = Width(32, S32_MIN, S32_MAX, U32_MAX, signed32)
UNKNOWN64, UNKNOWN32 = W64.unknown, W32.unknown
MEANINGS = {op.name: op.meaning for op in ALU_OPS}


@lru_cache(maxsize=1 << 14)
def transfer(name: str, bits: int, dst: Bounds, src: Bounds) -> Bounds:
    """Return what is known of `dst` after an ALU row; `bits` is 32 or 64."""
    if name in MOVES:
        result = MOVES[name](src, bits)
    elif name not in KNOWN or (name in SHIFTS and not _in_range(src, bits)):
        return UNKNOWN  # all 64 bits, even of a 32-bit operation
    elif _is_const(dst, bits) and _is_const(src, bits):
        mask = WORD64 if bits == 64 else WORD32
        word = MEANINGS[name](dst.value & mask, src.value & mask, bits)
        return constant(word & mask)
    elif name in SHIFTS:
        result = SHIFTS[name](dst, src.value & (bits - 1), bits)
    else:
        result = BOTH_WIDTHS[name](dst, src)
    return reg_bounds_sync(zext_32_to_64(result) if bits == 32 else result)


def zext_32_to_64(b: Bounds) -> Bounds:
    """Return the lower half as a whole number: the upper half becomes 0."""
    s32_min, s32_max, u32_min, u32_max = b[5:]
    smin, smax = (s32_min, s32_max) if s32_min >= 0 else (0, U32_MAX)
    var_off = tnum_cast(b.var_off, 32)
    return Bounds(var_off, smin, smax, u32_min, u32_max, *b[5:])


def _is_const(b: Bounds, bits: int) -> bool:
    return not b.var_off.mask & (WORD64 if bits == 64 else WORD32)


def _in_range(amount: Bounds, bits: int) -> bool:
    """Tell whether a shift's amount is known, and all of it below the width."""
    return _is_const(amount, bits) and amount.umax < bits


# ---- both widths alike ---------------------------------------------------------


def _add(a: Range, b: Range, tnum: Tnum, w: Width) -> Range:
    smin, smax, umin, umax = a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]
    return _wrapped(smin, smax, umin, umax, w)


def _sub(a: Range, b: Range, tnum: Tnum, w: Width) -> Range:
    smin, smax, umin, umax = a[0] - b[1], a[1] - b[0], a[2] - b[3], a[3] - b[2]
    return _wrapped(smin, smax, umin, umax, w)


def _wrapped(smin: int, smax: int, umin: int, umax: int, w: Width) -> Range:
    """Cut a sum to the width: ends that wrap alike stay ends, others tell nothing."""
    if smin < w.smin or smax > w.smax:
        smin, smax = w.smin, w.smax
    if umin >> w.bits != umax >> w.bits:
        return smin, smax, 0, w.umax
    return smin, smax, umin & w.umax, umax & w.umax


def _mul(a: Range, b: Range, tnum: Tnum, w: Width) -> Range:
    corners = [x * y for x in a[:2] for y in b[:2]]
    smin, smax = min(corners), max(corners)
    if smin < w.smin or smax > w.smax:
        smin, smax = w.smin, w.smax
    umin, umax = a[2] * b[2], a[3] * b[3]
    if umax > w.umax:
        umin, umax = 0, w.umax
    return smin, smax, umin, umax


def _and(a: Range, b: Range, tnum: Tnum, w: Width) -> Range:
    return _with_signs(tnum.value & w.umax, min(a[3], b[3]), w)


def _or(a: Range, b: Range, tnum: Tnum, w: Width) -> Range:
    return _with_signs(max(a[2], b[2]), tnum.largest & w.umax, w)


def _xor(a: Range, b: Range, tnum: Tnum, w: Width) -> Range:
    return _with_signs(tnum.value & w.umax, tnum.largest & w.umax, w)


def _with_signs(umin: int, umax: int, w: Width) -> Range:
    """Add the signed bounds, where the unsigned ones do not cross the sign."""
    smin, smax = w.signed(umin), w.signed(umax)
    return (smin, smax, umin, umax) if smin <= smax else (w.smin, w.smax, umin, umax)


def _pointwise(
    tnums: Callable[[Tnum, Tnum], Tnum],
    ranges: Callable[[Range, Range, Tnum, Width], Range],
) -> Callable[[Bounds, Bounds], Bounds]:
    """Make a transfer function of one for bits and one for a range of either width."""

    def apply(dst: Bounds, src: Bounds) -> Bounds:
        tnum = tnums(dst.var_off, src.var_off)
        whole = ranges(dst[1:5], src[1:5], tnum, W64)
        half = ranges(dst[5:], src[5:], tnum, W32)
        return Bounds(tnum, *whole, *half)

    return apply


def _neg(dst: Bounds, src: Bounds) -> Bounds:
    return BOTH_WIDTHS["sub"](ZERO, dst)._replace(var_off=tnum_neg(dst.var_off))


BOTH_WIDTHS = {
    "add": _pointwise(tnum_add, _add),
    "sub": _pointwise(tnum_sub, _sub),
    "mul": _pointwise(tnum_mul, _mul),
    "and": _pointwise(tnum_and, _and),
    "or": _pointwise(tnum_or, _or),
    "xor": _pointwise(tnum_xor, _xor),
    "neg": _neg,
}


# ---- shifts by a known amount --------------------------------------------------


def _lsh(dst: Bounds, amount: int, bits: int) -> Bounds:
    half = (*UNKNOWN32[:2], *_shifted_left(dst.u32_min, dst.u32_max, amount, W32))
    if bits == 32:
        return _from_half(tnum_lshift(tnum_cast(dst.var_off, 32), amount), half)
    smin, smax = S64_MIN, S64_MAX
    if amount == 32:  # the lower half becomes the upper one, sign and all
        smin, smax = dst.s32_min << 32, dst.s32_max << 32
    whole = _shifted_left(dst.umin, dst.umax, amount, W64)
    return Bounds(tnum_lshift(dst.var_off, amount), smin, smax, *whole, *half)


def _shifted_left(umin: int, umax: int, amount: int, w: Width) -> tuple[int, int]:
    """Shift a range, unless a bit may fall out."""
    if amount >= w.bits or umax > 1 << (w.bits - 1 - amount):
        return 0, w.umax
    return umin << amount, umax << amount


def _rsh(dst: Bounds, amount: int, bits: int) -> Bounds:
    if bits == 32:
        half = (*UNKNOWN32[:2], dst.u32_min >> amount, dst.u32_max >> amount)
        return _from_half(tnum_rshift(tnum_cast(dst.var_off, 32), amount), half)
    whole = (*UNKNOWN64[:2], dst.umin >> amount, dst.umax >> amount)
    return Bounds(tnum_rshift(dst.var_off, amount), *whole, *UNKNOWN32)


def _arsh(dst: Bounds, amount: int, bits: int) -> Bounds:
    tnum = tnum_arshift(dst.var_off, amount, bits)
    if bits == 32:
        half = (dst.s32_min >> amount, dst.s32_max >> amount, *UNKNOWN32[2:])
        return _from_half(tnum, half)
    whole = (dst.smin >> amount, dst.smax >> amount, *UNKNOWN64[2:])
    return Bounds(tnum, *whole, *UNKNOWN32)


def _from_half(tnum: Tnum, half: Range) -> Bounds:
    return Bounds(tnum, *UNKNOWN64, *half)


SHIFTS = {"lsh": _lsh, "rsh": _rsh, "arsh": _arsh}
KNOWN = {*BOTH_WIDTHS, *SHIFTS}


def fork_at_sign(b: Bounds) -> tuple[Bounds, Bounds] | None:
    """Split {-1, 0}, what is left of a number's sign, into 0 and -1.

    Linux 6.18 walks both ways, one by one, before an `and` or `or` with a constant: so
    `x s>>= 63; x &= -8` is -8 or 0, and nothing between.
    """
    if (b.smin, b.smax) == (-1, 0):
        return ZERO, constant(WORD64)
    if (b.s32_min, b.s32_max) == (-1, 0):
        return _with_half(b, 0), _with_half(b, WORD32)
    return None


def _with_half(b: Bounds, low: int) -> Bounds:
    """Return b with a known lower half (kernel: __mark_reg32_known)."""
    return Bounds(tnum_with_subreg(b.var_off, Tnum(low)), *b[1:5], *constant(low)[5:])


# ---- moves ---------------------------------------------------------------------


def _mov(src: Bounds, bits: int) -> Bounds:
    return src


def _movsx(size: int) -> Callable[[Bounds, int], Bounds]:
    """Make the move that extends the lower `size` bits by their sign."""

    def extend(src: Bounds, bits: int) -> Bounds:
        return sign_extended(src, size, bits)

    return extend


MOVES = {
    "mov": _mov,
    **{f"movsx{size}": _movsx(size) for size in (8, 16, 32)},
}


def sign_extended(b: Bounds, size: int, bits: int = 64) -> Bounds:
    """Extend the lower `size` bits by their sign, to `bits`."""
    if _is_const(b, bits):
        return constant(_sext(b.value, size) & WORD64)
    smin, smax = (b.smin, b.smax) if bits == 64 else (b.s32_min, b.s32_max)
    if smin >> size == smax >> size:  # nothing but the lower bits differs
        smin, smax = sorted((_sext(smin, size), _sext(smax, size)))
        if (smin < 0) == (smax < 0):
            return _between(smin, smax)
    least, most = -1 << (size - 1), (1 << (size - 1)) - 1
    return Bounds(TNUM_UNKNOWN, least, most, 0, U64_MAX, least, most, 0, U32_MAX)


def _between(smin: int, smax: int) -> Bounds:
    """Return the numbers of a range that does not cross 0."""
    umin, umax = smin & WORD64, smax & WORD64
    half = (smin, smax, umin & WORD32, umax & WORD32)
    return Bounds(tnum_range(umin, umax), smin, smax, umin, umax, *half)


def _sext(word: int, size: int) -> int:
    word &= (1 << size) - 1
    return word - (1 << size) if word >> (size - 1) else word


# ---- byte order ----------------------------------------------------------------


def byte_order(name: str, width: int, dst: Bounds) -> Bounds:
    """Return what is known of `dst` after a SwapOp row; `le` only cuts."""
    if name == "le":
        return coerce_reg_to_size(dst, width // 8)
    return reg_bounds_sync(UNKNOWN._replace(var_off=tnum_bswap(dst.var_off, width)))


# ---- loads ---------------------------------------------------------------------


@lru_cache(maxsize=1 << 10)
def coerce_reg_to_size(b: Bounds, size: int) -> Bounds:
    """Return what a load of `size` bytes leaves: the upper bytes are 0."""
    if size == 8:
        return b
    mask = (1 << size * 8) - 1
    umin, umax = 0, mask
    if b.umin | mask == b.umax | mask:
        umin, umax = b.umin & mask, b.umax & mask
    halves = UNKNOWN32 if size < 4 else b[5:]
    tnum = tnum_cast(b.var_off, size * 8)
    return reg_bounds_sync(Bounds(tnum, umin, umax, umin, umax, *halves))
