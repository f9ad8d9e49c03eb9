"""Is all that the old stack allowed also safe in the new one? Slot by slot.

Source: states that Linux 6.18 prunes, and those it does not. Names are the kernel's.
"""

from collections.abc import Iterable

from ebpflab.verifier.equal_regs import Exact, IdMap, regsafe
from ebpflab.verifier.states import (
    DYNPTR,
    INVALID,
    IRQ_FLAG,
    ITER,
    MISC,
    SCALAR,
    SLOT_BYTES,
    SPILL,
    UNKNOWN_SCALAR,
    ZERO_BYTE,
    FuncState,
    RegState,
    Slot,
)

NEVER_WRITTEN = frozenset((INVALID,))
SPILLED = SPILL * SLOT_BYTES
_SAME_MARKS = (Exact.EXACT, Exact.RANGE_WITHIN)
ANYTHING = frozenset((INVALID, MISC))  # who may read bytes never written


def stacksafe(
    old: FuncState,
    new: FuncState,
    ids: IdMap,
    exact: Exact,
    ignored: frozenset[str] = ANYTHING,
) -> bool:
    """Tell whether the old stack covers the new one; if not, `ids.clash` is the slot.

    Args:    ignored: marks of bytes that the old path can have known nothing of.
    """
    mine, theirs, precise = old.stack, new.stack, old.precise_slots
    count, same_marks = len(theirs), exact in _SAME_MARKS
    numbers: Iterable[int] = range(len(mine))
    if old.filled is not None and not same_marks:
        numbers = old.filled
    for number in numbers:
        a = mine[number]
        b = theirs[number] if number < count else None
        if a is b and not a.reg.id and not a.reg.ref_obj_id:
            continue
        marks_differ = same_marks and (b is None or a.marks != b.marks)
        is_precise = bool(precise >> number & 1)
        if marks_differ or not slot_safe(a, b, is_precise, ids, exact, ignored):
            ids.clash = number
            return False
    return True


def slot_safe(
    a: Slot,
    b: Slot | None,
    precise: bool,
    ids: IdMap,
    exact: Exact,
    ignored: frozenset[str],
) -> bool:
    """Compare two slots: as registers where they can be read as such, else by byte."""
    if b is not None and a.marks == b.marks == SPILLED:
        return regsafe(a.reg, b.reg, precise, ids, exact)
    if ignored.issuperset(a.marks):
        return True
    if b is None:
        return False
    old, new = _as_scalar(a, ignored), _as_scalar(b, ignored)
    if old and new:
        return regsafe(old, new, precise, ids, exact)
    for x, y in zip(a.marks, b.marks, strict=True):
        if x != y and x not in ignored and not (x == MISC and y == ZERO_BYTE):
            return False
    if a.marks[-1] in _KEPT_WHOLE:
        return _KEPT_WHOLE[a.marks[-1]](a.reg, b.reg, precise, ids, exact)
    return True


def _as_scalar(slot: Slot, ignored: frozenset[str]) -> RegState | None:
    """Return what a read of all eight bytes gives, where that is a number."""
    if slot.marks == SPILLED and slot.reg.type is SCALAR:
        return slot.reg
    if ANYTHING.issuperset(slot.marks) and (slot.marks == MISC * 8 or MISC in ignored):
        return UNKNOWN_SCALAR
    return None


def _dynptr_safe(
    a: RegState, b: RegState, precise: bool, ids: IdMap, exact: Exact
) -> bool:
    same = a.rare.dynptr == b.rare.dynptr and a.rare.first_slot == b.rare.first_slot
    return same and ids.check_ids(a.ref_obj_id, b.ref_obj_id)


def _iter_safe(
    a: RegState, b: RegState, precise: bool, ids: IdMap, exact: Exact
) -> bool:
    """Compare iterators: how often they have given something does not matter."""
    same = a.rare.iter_type == b.rare.iter_type
    same = same and a.rare.iter_state == b.rare.iter_state
    return same and ids.check_ids(a.ref_obj_id, b.ref_obj_id)


def _irq_safe(
    a: RegState, b: RegState, precise: bool, ids: IdMap, exact: Exact
) -> bool:
    same = a.rare.irq_class == b.rare.irq_class
    return same and ids.check_ids(a.ref_obj_id, b.ref_obj_id)


_KEPT_WHOLE = {
    SPILL: regsafe,
    DYNPTR: _dynptr_safe,
    ITER: _iter_safe,
    IRQ_FLAG: _irq_safe,
}
