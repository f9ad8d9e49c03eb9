"""Marks of numbers whose exact value mattered, in the kept states of a path.

Source: the log of Linux 6.18 (`forcing r1 to be precise`). Names are the kernel's.
"""

from collections.abc import Callable
from functools import lru_cache

from ebpflab.verifier.states import FP, SCALAR, FuncState, VerifierState


def mark_all_scalars_precise(
    state: VerifierState, tell: Callable[[str], None] | None
) -> None:
    """Give up: every number of every kept state on this path mattered."""
    if tell:
        level = len(state.frames) - 1
        how = "falling back to forcing all scalars precise"
        tell(f"mark_precise: frame{level}: {how}\n")
    node = state.parent
    while node and not node.all_precise:
        for number, frame in enumerate(node.frames):
            regs, slots = scalars_of(frame)
            if tell:
                new = regs & ~frame.precise_regs, slots & ~frame.precise_slots
                for name in _names(*new):
                    tell(
                        f"force_precise: frame{number}: forcing {name} to be precise\n"
                    )
            frame.precise_regs |= regs
            frame.precise_slots |= slots
        node.all_precise = True
        node = node.parent


def scalars_of(frame: FuncState, regs: int = -1, slots: int = -1) -> tuple[int, int]:
    """Return which registers and which slots hold numbers, of these; as bits."""
    held, kept = frame.regs, frame.stack
    for number in numbers(regs & (1 << len(held)) - 1):
        if held[number].type is not SCALAR:
            regs &= ~(1 << number)
    for number in numbers(slots & (1 << len(kept)) - 1):
        if not kept[number].is_spilled_scalar:
            slots &= ~(1 << number)
    return regs & (1 << len(held)) - 1, slots & (1 << len(kept)) - 1


@lru_cache(maxsize=1 << 10)
def numbers(bits: int) -> tuple[int, ...]:
    """Return the numbers of the bits that are set, lowest first."""
    return tuple(n for n in range(bits.bit_length()) if bits >> n & 1)


def _names(regs: int, slots: int) -> list[str]:
    names = [f"r{n}" for n in range(FP + 1) if regs >> n & 1]
    return names + [
        f"fp{-8 * n - 8}" for n in range(slots.bit_length()) if slots >> n & 1
    ]


@lru_cache(maxsize=1 << 10)
def regs_text(bits: int) -> str:
    return ",".join(f"r{number}" for number in range(FP + 1) if bits >> number & 1)


@lru_cache(maxsize=1 << 10)
def slots_text(bits: int) -> str:
    places = (n for n in range(bits.bit_length()) if bits >> n & 1)
    return ",".join(str(-8 * (number + 1)) for number in places)
