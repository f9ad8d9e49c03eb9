"""Bugs of history that can be put back, one at a time: `cve="2021-3490"`.

Each was one wrong rule, and each let a program touch memory that was not its own: the
verifier believed a number that was not so. Some replace how arithmetic moves what is
known (`transfer`) or what a jump teaches (`refine`); others leave a check out, where
the check asks `env.bugs`.

Kernel differs: the wrong rule is put into today's verifier; the rest of the old one is
not rebuilt, so other programs may have been needed then.
Source: the CVE entries and the commits that mended them.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ebpflab.errors import ProgramError
from ebpflab.isa.words import WORD32, WORD64
from ebpflab.verifier.alu import transfer
from ebpflab.verifier.bounds import (
    S32_MAX,
    S32_MIN,
    U32_MAX,
    UNKNOWN,
    Bounds,
    constant,
    reg_bounds_sync,
    signed32,
)
from ebpflab.verifier.branches import Pair, reg_set_min_max
from ebpflab.verifier.tnum import Tnum, tnum_range, tnum_with_subreg

Transfer = Callable[[str, int, Bounds, Bounds], Bounds]
Refine = Callable[[str, int, bool, Bounds, Bounds], Pair]

BITWISE = ("and", "or", "xor")


def _in_64_bits(name: str, bits: int, dst: Bounds, src: Bounds) -> Bounds:
    """32-bit sums are computed in 64 bits: a carry is believed that is cut off."""
    return transfer(name, 64 if name in ("add", "sub") else bits, dst, src)


def _signed_right_shift(name: str, bits: int, dst: Bounds, src: Bounds) -> Bounds:
    """A logical right shift keeps the sign: a negative number is believed negative."""
    right = transfer(name, bits, dst, src)
    if name != "rsh" or bits != 64 or dst.smin >= 0 or src.var_off.mask:
        return right
    amount = src.value
    return _of_signed(dst.smin >> amount, dst.smax >> amount)


def _shift_64(name: str, bits: int, dst: Bounds, src: Bounds) -> Bounds:
    """A 32-bit right shift works on the 64-bit bounds: upper bits are shifted in."""
    if name != "rsh" or bits != 32 or src.var_off.mask:
        return transfer(name, bits, dst, src)
    umin, umax = dst.umin >> src.value, dst.umax >> src.value
    return _unsigned(umin, umax) if umax <= U32_MAX else UNKNOWN


def _or_from_64(name: str, bits: int, dst: Bounds, src: Bounds) -> Bounds:
    """The 32-bit bounds of an OR are the 64-bit ones of before, cut off."""
    right = transfer(name, bits, dst, src)
    if name != "or" or bits != 64:
        return right
    low, high = dst.umin & WORD32, dst.umax & WORD32
    return _with_half(right, low, high) if low <= high else right


def _stale_half(name: str, bits: int, dst: Bounds, src: Bounds) -> Bounds:
    """A known lower half keeps its old value after a bitwise operation."""
    right = transfer(name, bits, dst, src)
    known = not (dst.var_off.mask | src.var_off.mask) & WORD32
    if name not in BITWISE or bits != 64 or not known:
        return right
    low = dst.value & WORD32
    return _with_half(right, low, low)


def _jump32_is_64(name: str, bits: int, taken: bool, a: Bounds, b: Bounds) -> Pair:
    """What a 32-bit jump teaches is believed of all 64 bits."""
    left, right = reg_set_min_max(name, bits, taken, a, b)
    if bits != 32:
        return left, right
    return _unsigned(left.u32_min, left.u32_max), right


def _one_end_is_enough(name: str, bits: int, taken: bool, a: Bounds, b: Bounds) -> Pair:
    """One 64-bit bound that fits 32 bits becomes a 32-bit bound by itself."""
    left, right = reg_set_min_max(name, bits, taken, a, b)
    if bits == 64 and left.umin <= U32_MAX < left.umax:
        return _with_half(left, left.umin, left.u32_max), right
    return left, right


def _unsigned(umin: int, umax: int) -> Bounds:
    """Return the numbers from umin to umax, all else following from that."""
    unknown = UNKNOWN._replace(var_off=tnum_range(umin, umax), umin=umin, umax=umax)
    return reg_bounds_sync(unknown)


def _of_signed(smin: int, smax: int) -> Bounds:
    if smin == smax:
        return constant(smin & WORD64)
    return reg_bounds_sync(UNKNOWN._replace(smin=smin, smax=smax))


def _with_half(b: Bounds, low: int, high: int) -> Bounds:
    """Return b with other bounds of its lower half; one value is believed."""
    signs = (signed32(low), signed32(high))
    signs = signs if signs[0] <= signs[1] else (S32_MIN, S32_MAX)
    if low != high:
        return b._replace(s32_min=signs[0], s32_max=signs[1], u32_min=low, u32_max=high)
    var_off = tnum_with_subreg(b.var_off, Tnum(low))
    return Bounds(var_off, *b[1:5], *signs, low, high)


@dataclass(frozen=True, slots=True)
class Bug:
    """One wrong rule; `sentence` is its row in the catalogue: bug-<cve>."""

    cve: str
    transfer: Transfer = transfer
    refine: Refine = reg_set_min_max


BUGS = {
    bug.cve: bug
    for bug in (
        Bug("2017-16995"),  # check_alu.py: mov32 of an immediate keeps its sign
        Bug("2017-17852", transfer=_in_64_bits),
        Bug("2017-17853", transfer=_signed_right_shift),
        Bug("2018-18445", transfer=_shift_64),
        Bug("2020-8835", refine=_jump32_is_64),
        Bug("2020-27194", transfer=_or_from_64),
        Bug("2021-3490", transfer=_stale_half),
        Bug("2021-31440", refine=_one_end_is_enough),
        Bug("2022-23222"),  # check_pointer.py: arithmetic on what may be null
    )
}
SOUND = Bug("")


def checked_bug(cve: str | None) -> Bug:
    """Return the bug of that number; `CVE-` may stand before it, None is none.

    Raises:  ProgramError: there is no such bug here.
    """
    if cve is None:
        return SOUND
    name = cve.upper().removeprefix("CVE-")
    if name not in BUGS:
        known = ", ".join(BUGS)
        raise ProgramError.of("bug-unknown", cve=repr(cve), known=known)
    return BUGS[name]
