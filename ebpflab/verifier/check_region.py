"""A region of memory with an end: is the whole access inside?

    fixed offset + variable offset + size  <=  end of the object

must hold for the smallest and for the largest value of the variable part. A failure
gives two lines: the access that would be wrong, then which bound allowed it.

Source: what Linux 6.18 accepts, refuses and writes. Names are the kernel's.
"""

from collections.abc import Callable

from ebpflab.verifier.bounds import S32_MAX, S32_MIN, S64_MIN
from ebpflab.verifier.refusal import EACCES, Refusal
from ebpflab.verifier.states import MAX_VAR_OFF, RegState


def check_mem_region_access(
    reg: RegState,
    number: int,
    off: int,
    size: int,
    end: int,
    complain: Callable[[int], str],
    *,
    zero_ok: bool = False,
) -> None:
    """Judge an access to `end` bytes, at both ends of the variable part.

    Args:    zero_ok: no bytes at all are fine too.
    """
    least, most = reg.bounds.smin, reg.bounds.umax
    wraps = not S32_MIN <= off + least <= S32_MAX
    if least < 0 and (least == S64_MIN or wraps or least + off < 0):
        raise Refusal(EACCES, negative(number))
    if not inside(least + off, size, end, zero_ok):
        text = f"R{number} min value is outside of the allowed memory range"
        raise Refusal(EACCES, f"{complain(least + off)}\n{text}")
    if most >= MAX_VAR_OFF:
        text = f"R{number} unbounded memory access, make sure to bounds check"
        raise Refusal(EACCES, f"{text} any such access")
    if not inside(most + off, size, end, zero_ok):
        text = f"R{number} max value is outside of the allowed memory range"
        raise Refusal(EACCES, f"{complain(most + off)}\n{text}")


def negative(number: int) -> str:
    """Return what is said of an offset that may be negative."""
    return (
        f"R{number} min value is negative, either use unsigned index "
        "or do a if (index >=0) check."
    )


def inside(off: int, size: int, end: int, zero_ok: bool = False) -> bool:
    """Tell whether `size` bytes from `off` lie in an object of `end` bytes."""
    return off >= 0 and size >= (not zero_ok) and off + size <= end
