"""Numbers as text, exactly as the verifier's log of Linux 6.18 writes them.

    R1=3                        a constant
    R1=scalar(umax=7,...)       bounds that are the default are left out, equal ones are
                                chained: smin=smin32=0
    P                           before a scalar: its exact value mattered

Not here: whole states (`state_text.py`). Source: logs of Linux 6.18.
"""

from collections.abc import Iterator
from functools import lru_cache

from ebpflab.isa.words import WORD32, WORD64
from ebpflab.verifier.bounds import (
    S32_MAX,
    S32_MIN,
    S64_MAX,
    S64_MIN,
    U32_MAX,
    U64_MAX,
    Bounds,
)

_DEFAULTS = (  # in the order of Bounds, which is the log's
    ("smin", S64_MIN),
    ("smax", S64_MAX),
    ("umin", 0),
    ("umax", U64_MAX),
    ("smin32", S32_MIN),
    ("smax32", S32_MAX),
    ("umin32", 0),
    ("umax32", U32_MAX),
)
_LEAST_DECIMAL, _MOST_DECIMAL = -(1 << 15), (1 << 15) - 1
_MOST_DECIMAL_UNSIGNED = (1 << 16) - 1


def signed_text(number: int) -> str:
    """Write a signed number: small ones in decimal."""
    if _LEAST_DECIMAL <= number <= _MOST_DECIMAL:
        return str(number)
    return hex(number & WORD64)


def unsigned_text(number: int) -> str:
    """Write an unsigned number: small ones in decimal."""
    return str(number) if number <= _MOST_DECIMAL_UNSIGNED else hex(number)


@lru_cache(maxsize=1 << 12)
def ranges_text(b: Bounds) -> str:
    """Write the bounds that are not the default, equal ones chained."""
    return ",".join(_chains(b))


def _chains(b: Bounds) -> Iterator[str]:
    numbers = b[1:]
    left = [
        (name, _shown(name, number))
        for (name, default), number in zip(_DEFAULTS, numbers, strict=True)
        if number != default
    ]
    while left:
        first, number = left[0]
        is_least = "min" in first
        chain = [
            name for name, n in left if n == number and ("min" in name) == is_least
        ]
        left = [(name, n) for name, n in left if name not in chain]
        write = signed_text if first.startswith("s") else unsigned_text
        yield "=".join([*chain, write(number)])
    if b.var_off.mask != U64_MAX:
        yield f"var_off={b.var_off}"


def _shown(name: str, number: int) -> int:
    """Return the number that is written: that of a large s32 is its 32 bits."""
    is_short = _LEAST_DECIMAL <= number <= _MOST_DECIMAL
    return number & WORD32 if name.endswith("32") and not is_short else number


def scalar_text(b: Bounds, id: str = "", *, precise: bool = False) -> str:
    """Write a number; `id` is its id as text (`id=1`, `id=1+4`), if it has one."""
    mark = "P" if precise else ""
    if b.is_const:
        return mark + signed_text(b.smin)
    return f"{mark}scalar({','.join(part for part in (id, ranges_text(b)) if part)})"


def violation_text(register: str, how: str, b: Bounds) -> str:
    """Write the complaint about bounds that contradict each other."""
    u64, s64 = _pair(b.umin, b.umax), _pair(b.smin & WORD64, b.smax & WORD64)
    u32 = _pair(b.u32_min, b.u32_max)
    s32 = _pair(b.s32_min & WORD32, b.s32_max & WORD32)
    bits = f"({b.var_off.value:#x}, {b.var_off.mask:#x})"
    where = f"REG INVARIANTS VIOLATION ({register}): {how}"
    return f"{where} u64={u64} s64={s64} u32={u32} s32={s32} var_off={bits}"


def _pair(least: int, most: int) -> str:
    return f"[{least:#x}, {most:#x}]"
