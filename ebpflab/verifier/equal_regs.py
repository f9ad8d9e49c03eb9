"""Is all that a register's old state allowed also safe in its new one?

A number whose exact value never mattered (not precise) may be any number; a pointer
must lead to the same kind of place, at least as much of which is known to be there.

Source: states that Linux 6.18 prunes, and those it does not. Names are the kernel's.
"""

from enum import Enum, auto

from ebpflab.verifier.bounds import Bounds
from ebpflab.verifier.reg_types import Base, RegType
from ebpflab.verifier.states import ADD_CONST, PACKETS, SCALAR, RegState
from ebpflab.verifier.tnum import tnum_in


class Exact(Enum):
    """How equal two states must be."""

    NOT_EXACT = auto()  # the new one fits into the old one
    RANGE_WITHIN = auto()  # the same, as if every number mattered
    NUMBERS_EXACT = auto()  # the same, but no number differs: its mask may depend on it
    EXACT = auto()  # nothing differs: a loop that makes no progress


class IdMap:
    """Which id of the old state stands for which of the new: one for one."""

    __slots__ = ("clash", "next_free", "pairs")

    def __init__(self, next_free: int) -> None:
        self.pairs: dict[int, int] = {}
        self.next_free = next_free
        self.clash = -1  # the stack slot that did not fit

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


class AnyIds(IdMap):
    """Takes all ids for equal: what differs nevertheless, differs for sure."""

    def check_ids(self, old: int, new: int) -> bool:
        return True

    def check_scalar_ids(self, old: int, new: int) -> bool:
        return True


def regsafe(
    old: RegState, new: RegState, precise: bool, ids: IdMap, exact: Exact
) -> bool:
    """Tell whether a register's old state covers its new one."""
    if exact is Exact.EXACT:
        return regs_exact(old, new, ids)
    if old.type is RegType.NOT_INIT:
        return True
    if old.type is not new.type:
        return False
    if old.type is SCALAR:
        if exact is Exact.NUMBERS_EXACT:
            same = old.bounds == new.bounds and old.off == new.off
            return same and ids.check_scalar_ids(old.id, new.id)
        loose = exact is Exact.NOT_EXACT and not precise
        return loose or _scalar_safe(old, new, ids)
    if old.type in PACKETS:
        return _packet_safe(old, new, ids)
    if old.type.base in _WITH_BOUNDS:
        same = old.off == new.off and old.map == new.map and old.rare == new.rare
        same = same and _within(old, new) and ids.check_ids(old.id, new.id)
        return same and ids.check_ids(old.ref_obj_id, new.ref_obj_id)
    if old.type is RegType.PTR_TO_ARENA:
        return True
    return regs_exact(old, new, ids) and old.frame == new.frame


_WITH_BOUNDS = (
    Base.PTR_TO_MAP_KEY,
    Base.PTR_TO_MAP_VALUE,
    Base.PTR_TO_MEM,
    Base.PTR_TO_BUF,
    Base.PTR_TO_TP_BUFFER,
)


def _packet_safe(old: RegState, new: RegState, ids: IdMap) -> bool:
    """Compare packet pointers: as much must be readable; past the end is special."""
    if old.range < 0 or new.range < 0:
        fits = old.range == new.range
    else:
        fits = old.range <= new.range
    fits = fits and old.off == new.off
    return fits and ids.check_ids(old.id, new.id) and _within(old, new)


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


def regs_exact(old: RegState, new: RegState, ids: IdMap) -> bool:
    """Tell whether two registers differ in nothing but the names of their ids."""
    same = old.type is new.type and old.off == new.off and old.map == new.map
    same = same and old.range == new.range and old.bounds == new.bounds
    same = same and old.rare == new.rare and ids.check_ids(old.id, new.id)
    return same and ids.check_ids(old.ref_obj_id, new.ref_obj_id)
