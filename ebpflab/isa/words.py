"""Arithmetic on 64-bit words that Python's operators do not have.

These few functions are the vocabulary in which `operations.py` writes meanings. They
are generic: an engine whose values are not Python ints (sets of words, compiled code)
registers its own version for its own type, and every row works for it too.
"""

from functools import singledispatch
from typing import Any

WORD64 = (1 << 64) - 1
WORD32 = (1 << 32) - 1


@singledispatch
def signed(value: Any, bits: int) -> Any:
    """Read the lower `bits` of a word as a two's complement number."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


@singledispatch
def divided(dst: Any, src: Any, bits: int) -> Any:
    """Divide unsigned; by zero gives 0 (RFC 9669, section 4.1)."""
    return dst // src if src else 0


@singledispatch
def remainder(dst: Any, src: Any, bits: int) -> Any:
    """Take the unsigned remainder; by zero leaves dst (RFC 9669, section 4.1)."""
    return dst % src if src else dst


@singledispatch
def signed_divided(dst: Any, src: Any, bits: int) -> Any:
    """Divide signed, rounding toward zero; by zero gives 0."""
    if not src:
        return 0
    a, b = signed(dst, bits), signed(src, bits)
    quotient = abs(a) // abs(b)
    return -quotient if (a < 0) != (b < 0) else quotient


@singledispatch
def signed_remainder(dst: Any, src: Any, bits: int) -> Any:
    """Take the remainder with the sign of dst; by zero leaves dst."""
    if not src:
        return dst
    a, b = signed(dst, bits), signed(src, bits)
    return -(abs(a) % abs(b)) if a < 0 else abs(a) % abs(b)


@singledispatch
def byte_swapped(value: Any, bits: int) -> Any:
    """Reverse the bytes of the lower `bits`; the rest becomes 0."""
    low = value & ((1 << bits) - 1)
    return int.from_bytes(low.to_bytes(bits // 8, "little"), "big")


@singledispatch
def truncated(value: Any, bits: int) -> Any:
    """Keep the lower `bits`; the rest becomes 0."""
    return value & ((1 << bits) - 1)
