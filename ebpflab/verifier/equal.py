"""Is all that the old state allowed also safe in the new one? Then the path may stop.

The old state was explored to the end without a refusal. The new one may stop here if
it is at most as general: what lives in it must fit what was known there. A number
whose exact value never mattered (not precise) may be any number.

Source: states that Linux 6.18 prunes, and those it does not. Names are the kernel's.
"""

from enum import Enum, auto
from functools import lru_cache

from ebpflab.verifier.bounds import Bounds
from ebpflab.verifier.reg_types import PTR_TO_MAP_VALUE_OR_NULL, RegType
from ebpflab.verifier.states import (
    ADD_CONST,
    INVALID,
    MISC,
    PACKETS,
    SCALAR,
    SPILL,
    UNKNOWN_SCALAR,
    FuncState,
    RegState,
    Slot,
    VerifierState,
)
from ebpflab.verifier.tnum import tnum_in


class Exact(Enum):
    """How equal two states must be."""

    NOT_EXACT = auto()  # the new one fits into the old one
    EXACT = auto()  # nothing differs: a loop that makes no progress


class IdMap:
    """Which id of the old state stands for which of the new: one for one."""

    def __init__(self, next_free: int) -> None:
        self.pairs: dict[int, int] = {}
        self.next_free = next_free

    def check_ids(self, old: int, new: int) -> bool:
        """Tell whether the ids match those seen before; none matches none."""
        if not old or not new:
            return old == new
        if old in self.pairs:
            return self.pairs[old] == new
        if new in self.pairs.values():
            return False
        self.pairs[old] = new
        return True

    def check_scalar_ids(self, old: int, new: int) -> bool:
        """As check_ids, but an old number without an id links nothing."""
        if not old:
            return True
        if not new:
            self.next_free += 1
            new = self.next_free
        return self.check_ids(old, new)


def states_equal(
    old: VerifierState, new: VerifierState, live: int, exact: Exact, next_id: int
) -> bool:
    """Tell whether the old state covers the new one; `live` are registers, as bits."""
    ids = IdMap(next_id)
    return len(old.frames) == len(new.frames) and all(
        _frames_equal(a, b, live, ids, exact)
        for a, b in zip(old.frames, new.frames, strict=True)
    )


def _frames_equal(
    old: FuncState, new: FuncState, live: int, ids: IdMap, exact: Exact
) -> bool:
    precise = old.precise_regs
    for number in _numbers(live):
        a, b = old.regs[number], new.regs[number]
        if not regsafe(a, b, bool(precise >> number & 1), ids, exact):
            return False
    return stacksafe(old, new, ids, exact)


@lru_cache(maxsize=1 << 10)
def _numbers(bits: int) -> tuple[int, ...]:
    """Return the numbers of the bits that are set, lowest first."""
    return tuple(n for n in range(bits.bit_length()) if bits >> n & 1)


def regsafe(
    old: RegState, new: RegState, precise: bool, ids: IdMap, exact: Exact
) -> bool:
    """Tell whether a register's old state covers its new one."""
    if exact is Exact.EXACT:
        return _regs_exact(old, new, ids)
    if old.type is RegType.NOT_INIT:
        return True
    if old.type is not new.type:
        return False
    if old.type is SCALAR:
        return not precise or _scalar_safe(old, new, ids)
    if old.type in PACKETS:
        fits = old.range <= new.range and old.off == new.off
        return fits and ids.check_ids(old.id, new.id) and _within(old, new)
    if old.type in _WITH_BOUNDS:
        same = old.off == new.off and old.map == new.map
        return same and _within(old, new) and ids.check_ids(old.id, new.id)
    return _regs_exact(old, new, ids)


_WITH_BOUNDS = (RegType.PTR_TO_MAP_VALUE, PTR_TO_MAP_VALUE_OR_NULL)


def _scalar_safe(old: RegState, new: RegState, ids: IdMap) -> bool:
    """Compare numbers whose value mattered: bounds, bits and links."""
    if not old.id:
        return _within(old, new)
    if (old.id ^ new.id) & ADD_CONST:
        return False
    if old.id & ADD_CONST and old.off != new.off:
        return False
    return _within(old, new) and ids.check_scalar_ids(
        old.id & ~ADD_CONST, new.id & ~ADD_CONST
    )


def _within(old: RegState, new: RegState) -> bool:
    """Tell whether the new bounds and bits lie in the old ones."""
    return old.bounds is new.bounds or range_within(old.bounds, new.bounds)


def range_within(old: Bounds, new: Bounds) -> bool:
    """Tell whether the new bounds and bits lie in the old ones."""
    return (
        old.umin <= new.umin
        and old.umax >= new.umax
        and old.smin <= new.smin
        and old.smax >= new.smax
        and old.u32_min <= new.u32_min
        and old.u32_max >= new.u32_max
        and old.s32_min <= new.s32_min
        and old.s32_max >= new.s32_max
        and tnum_in(old.var_off, new.var_off)
    )


def _regs_exact(old: RegState, new: RegState, ids: IdMap) -> bool:
    same = old.type is new.type and old.off == new.off and old.map == new.map
    same = same and old.range == new.range and old.bounds == new.bounds
    return same and ids.check_ids(old.id, new.id)


def states_maybe_looping(old: VerifierState, new: VerifierState) -> bool:
    """Tell whether all registers are the same, bit by bit."""
    return len(old.frames) == len(new.frames) and old.frame.regs == new.frame.regs


_ANYTHING = {INVALID, MISC}  # a privileged program may read bytes never written


# ---- the stack -----------------------------------------------------------------


def stacksafe(old: FuncState, new: FuncState, ids: IdMap, exact: Exact) -> bool:
    """Tell whether the old stack covers the new one."""
    for number, a in enumerate(old.stack):
        b = new.stack[number] if number < len(new.stack) else None
        precise = bool(old.precise_slots >> number & 1)
        if exact is Exact.EXACT and (b is None or a.marks != b.marks):
            return False
        if a is b and not a.reg.id:
            continue
        if not _slot_safe(a, b, precise, ids, exact):
            return False
    return True


def _slot_safe(
    a: Slot, b: Slot | None, precise: bool, ids: IdMap, exact: Exact
) -> bool:
    """Compare two slots: as registers where they can be read as such, else by byte.

    A byte that the old path knew nothing of may be anything.
    """
    if set(a.marks) <= _ANYTHING:
        return True
    if b is None:
        return False
    old, new = _as_scalar(a), _as_scalar(b)
    if old and new:
        return regsafe(old, new, precise, ids, exact)
    for x, y in zip(a.marks, b.marks, strict=True):
        if x not in _ANYTHING and x != y:
            return False
    if a.is_spilled:
        return regsafe(a.reg, b.reg, precise, ids, exact)
    return True


def _as_scalar(slot: Slot) -> RegState | None:
    """Return what a read of all eight bytes gives, where that is a number."""
    if slot.marks == SPILL * 8 and slot.reg.type is SCALAR:
        return slot.reg
    if set(slot.marks) <= _ANYTHING:
        return UNKNOWN_SCALAR
    return None
