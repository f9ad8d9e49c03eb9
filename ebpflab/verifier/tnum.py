"""Known bits: sets of 64-bit words in which every bit is 0, 1 or unknown.

        bit of mask    1  1  0  0         a tnum ("tracked number") is two words;
        bit of value   0  0  1  0         a word w belongs to it when
        means          ?  ?  1  0         w & ~mask == value

Every operation takes sets and returns a set that holds all possible results (sound);
all but multiplication return the smallest such tnum (optimal). The verifier's log
writes a tnum as (value; mask). Not here: ranges (`bounds.py`).

Source: Vishwanathan, Shachnai, Narayana, Nagarakatte, "Sound, Precise, and Fast
Abstract Interpretation with Tristate Numbers", CGO 2022; multiplication: as observed
on Linux 6.18. Names are the kernel's.
"""

from typing import NamedTuple

from ebpflab.isa.words import WORD32, WORD64, byte_swapped


class Tnum(NamedTuple):
    """A set of words; the bits of `mask` are unknown, and 0 in `value`."""

    value: int
    mask: int = 0

    def __contains__(self, word: object) -> bool:
        return isinstance(word, int) and word & ~self.mask == self.value

    def __str__(self) -> str:
        return f"({self.value:#x}; {self.mask:#x})"

    @property
    def is_const(self) -> bool:
        return not self.mask

    @property
    def largest(self) -> int:
        return self.value | self.mask


TNUM_UNKNOWN = Tnum(0, WORD64)
TNUM_ZERO = Tnum(0)


def tnum_range(least: int, most: int) -> Tnum:
    """Return the smallest tnum around least ... most (unsigned): the common prefix."""
    unknown = (1 << (least ^ most).bit_length()) - 1
    return Tnum(least & ~unknown, unknown)


def tnum_add(a: Tnum, b: Tnum) -> Tnum:
    """Add: a bit is unknown where the operands' are, or where a carry may differ.

    The smallest sum has the fewest carries and the largest one the most.
    """
    least = a.value + b.value
    most = least + a.mask + b.mask
    unknown = ((least ^ most) | a.mask | b.mask) & WORD64
    return Tnum(least & WORD64 & ~unknown, unknown)


def tnum_sub(a: Tnum, b: Tnum) -> Tnum:
    """Subtract: as in a sum, but the borrows decide."""
    difference = a.value - b.value
    fewest, most = difference + a.mask, difference - b.mask
    unknown = ((fewest ^ most) | a.mask | b.mask) & WORD64
    return Tnum(difference & WORD64 & ~unknown, unknown)


def tnum_neg(a: Tnum) -> Tnum:
    """Negate: 0 - a."""
    return tnum_sub(TNUM_ZERO, a)


def tnum_and(a: Tnum, b: Tnum) -> Tnum:
    """And: a 1 where both are 1; unknown where both may be."""
    ones = a.value & b.value
    return Tnum(ones, (a.value | a.mask) & (b.value | b.mask) & ~ones)


def tnum_or(a: Tnum, b: Tnum) -> Tnum:
    """Or: a 1 where either is 1."""
    ones = a.value | b.value
    return Tnum(ones, (a.mask | b.mask) & ~ones)


def tnum_xor(a: Tnum, b: Tnum) -> Tnum:
    """Exclusive or: unknown where either is."""
    unknown = a.mask | b.mask
    return Tnum((a.value ^ b.value) & ~unknown, unknown)


def tnum_mul(a: Tnum, b: Tnum) -> Tnum:
    """Multiply as by hand: add b, shifted, for every bit of a that is or may be 1.

    For an unknown bit both sums are possible. Sound, not optimal.
    """
    product = TNUM_ZERO
    while a.value | a.mask:
        if a.value & 1:
            product = tnum_add(product, b)
        elif a.mask & 1:
            product = tnum_union(product, tnum_add(product, b))
        a, b = tnum_rshift(a, 1), tnum_lshift(b, 1)
    return product


def tnum_lshift(a: Tnum, shift: int) -> Tnum:
    """Shift left; zeros come in."""
    return Tnum(a.value << shift & WORD64, a.mask << shift & WORD64)


def tnum_rshift(a: Tnum, shift: int) -> Tnum:
    """Shift right; zeros come in."""
    return Tnum(a.value >> shift, a.mask >> shift)


def tnum_arshift(a: Tnum, shift: int, bits: int = 64) -> Tnum:
    """Shift right within the lower `bits`; copies of the sign come in, known or not."""
    return Tnum(_arshift(a.value, shift, bits), _arshift(a.mask, shift, bits))


def tnum_sext(a: Tnum, bits: int) -> Tnum:
    """Extend the lower `bits` by their sign, known or not, to 64."""
    up = 64 - bits
    return tnum_arshift(tnum_lshift(a, up), up)


def tnum_cast(a: Tnum, bits: int) -> Tnum:
    """Keep the lower `bits`; the others become 0."""
    low = (1 << bits) - 1
    return Tnum(a.value & low, a.mask & low)


def tnum_bswap(a: Tnum, bits: int) -> Tnum:
    """Reverse the bytes of the lower `bits`; the others become 0."""
    return Tnum(byte_swapped(a.value, bits), byte_swapped(a.mask, bits))


def tnum_intersect(a: Tnum, b: Tnum) -> Tnum:
    """Return the words in both, if any: a bit is known where either knows it.

    Where the two contradict each other, a's and b's ones win; ask `tnum_overlap`.
    """
    unknown = a.mask & b.mask
    return Tnum((a.value | b.value) & ~unknown, unknown)


def tnum_overlap(a: Tnum, b: Tnum) -> bool:
    """Tell whether some word is in both: no bit is known to be 0 here and 1 there."""
    return not (a.value ^ b.value) & ~(a.mask | b.mask)


def tnum_union(a: Tnum, b: Tnum) -> Tnum:
    """Return the smallest tnum around both: a bit is known where both agree."""
    unknown = (a.value ^ b.value) | a.mask | b.mask
    return Tnum(a.value & ~unknown, unknown)


def tnum_in(a: Tnum, b: Tnum) -> bool:
    """Tell whether all words of b are in a."""
    return not b.mask & ~a.mask and b.value & ~a.mask == a.value


def tnum_step(a: Tnum, word: int) -> int:
    """Return the smallest word of a above `word`; the largest one if there is none.

    Every word of a is its value plus a choice of mask bits. Fill the known bits with
    ones and add 1: the carry runs over them, from choice to choice.
    """
    if word >= a.largest:
        return a.largest
    if word < a.value:
        return a.value
    known = WORD64 & ~a.mask
    above = (word ^ a.value) & known  # known bits in which word is off
    low = (1 << above.bit_length()) - 1  # from the highest of them down, all is free
    choice = word & a.mask & ~low
    if above and word & (low + 1 >> 1):  # word is too large there: step up
        choice = _next_choice(choice | a.mask & low, a.mask)
    elif not above:
        choice = _next_choice(choice, a.mask)
    return a.value | choice


def _next_choice(choice: int, mask: int) -> int:
    """Count up by one within the bits of a mask."""
    return (choice | ~mask) + 1 & mask


def tnum_is_aligned(a: Tnum, size: int) -> bool:
    """Tell whether all words are multiples of `size`, a power of two."""
    return not (a.value | a.mask) & (size - 1)


def tnum_subreg(a: Tnum) -> Tnum:
    """Return the lower 32 bits, the upper ones 0."""
    return Tnum(a.value & WORD32, a.mask & WORD32)


def tnum_with_subreg(a: Tnum, subreg: Tnum) -> Tnum:
    """Return a with the lower 32 bits of `subreg` in place of its own."""
    return Tnum(
        a.value & ~WORD32 | subreg.value & WORD32,
        a.mask & ~WORD32 | subreg.mask & WORD32,
    )


def _arshift(word: int, shift: int, bits: int) -> int:
    """Shift one word right within `bits`, copying its upper bit."""
    low = (1 << bits) - 1
    word &= low
    if word >> (bits - 1):
        word -= 1 << bits
    return word >> shift & low
