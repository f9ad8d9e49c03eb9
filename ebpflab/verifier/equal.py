"""Is all that the old state allowed also safe in the new one? Then the path may stop.

The old state was explored to the end without a refusal. The new one may stop here if
it is at most as general: what lives in it must fit what was known there. Registers
stand in `equal_regs.py`, stack slots in `equal_stack.py`.

Source: states that Linux 6.18 prunes, and those it does not. Names are the kernel's.
"""

from ebpflab.verifier.env import Env
from ebpflab.verifier.equal_regs import (
    AnyIds,
    Exact,
    IdMap,
    range_within,
    regsafe,
)
from ebpflab.verifier.equal_stack import (
    ANYTHING,
    NEVER_WRITTEN,
    SPILLED,
    slot_safe,
    stacksafe,
)
from ebpflab.verifier.precision_marks import numbers
from ebpflab.verifier.reg_types import RegType
from ebpflab.verifier.states import EMPTY_SLOT, SCALAR, FuncState, VerifierState

ANY_IDS = AnyIds(0)


def states_equal(
    env: Env, old: VerifierState, new: VerifierState, exact: Exact
) -> bool:
    """Tell whether the old state covers the new one."""
    if old.in_sleepable != new.in_sleepable:
        return False
    if old.speculative and not new.speculative:
        return False  # what only a wrong guess walked says too little
    if not old.same_callsites(new):
        return False
    ids, ignored = IdMap(env.last_id), ignored_marks(env)
    if not refsafe(old, new, ids):
        return False
    for level, (a, b) in enumerate(zip(old.frames, new.frames, strict=True)):
        if a.callback_depth > b.callback_depth:
            return False
        live = env.live_regs[old.frame_insn_idx(level)]
        if (number := _clashing_register(a, b, live, ids, exact)) >= 0:
            old.clash = (level, False, number)
            return False
        if not stacksafe(a, b, ids, exact, ignored):
            old.clash = (level, True, ids.clash)
            return False
    return True


def ignored_marks(env: Env) -> frozenset[str]:
    """Return the marks of bytes that an old path can have known nothing of."""
    return ANYTHING if env.allow_uninit_stack else NEVER_WRITTEN


def still_clash(
    old: VerifierState,
    new: VerifierState,
    *,
    everything: bool,
    ignored: frozenset[str] = NEVER_WRITTEN,
) -> bool:
    """Tell whether what did not fit the last time does not fit again, for sure.

    It seldom does; so most comparisons end here. Ids are left out: they can only make
    two states differ more.

    Args:    everything: every number matters, and every mark on the stack.
    """
    if old.clash is None:
        return False
    level, is_slot, number = old.clash
    if level >= len(new.frames):
        return False
    mine, theirs = old.frames[level], new.frames[level]
    if is_slot:
        a_slot, precise = mine.stack[number], mine.precise_slots
        b_slot = theirs.stack[number] if number < len(theirs.stack) else EMPTY_SLOT
        if a_slot.marks != SPILLED or b_slot.marks != SPILLED:
            if everything and a_slot.marks != b_slot.marks:
                return True
            loose = False, ANY_IDS, Exact.NOT_EXACT, ignored
            return not slot_safe(a_slot, b_slot, *loose)
        a, b = a_slot.reg, b_slot.reg
    else:
        a, b, precise = mine.regs[number], theirs.regs[number], mine.precise_regs
    if a.type is not b.type:
        return a.type is not RegType.NOT_INIT
    if a.type is SCALAR:
        matters = everything or precise >> number & 1
        return bool(matters) and not range_within(a.bounds, b.bounds)
    if a.type is RegType.PTR_TO_STACK:
        return False
    return not regsafe(a, b, False, ANY_IDS, Exact.NOT_EXACT)


def refsafe(old: VerifierState, new: VerifierState, ids: IdMap) -> bool:
    """Tell whether both hold the same objects and locks, whatever their ids."""
    if old.active_rcu_locks != new.active_rcu_locks:
        return False
    if old.active_preempt_locks != new.active_preempt_locks:
        return False
    if not ids.check_ids(old.active_irq_id, new.active_irq_id):
        return False
    if not (old.refs or new.refs):
        return True
    return len(old.refs) == len(new.refs) and all(
        ids.check_ids(a.id, b.id) and a.kind == b.kind and a.held == b.held
        for a, b in zip(old.refs, new.refs, strict=True)
    )


def _clashing_register(
    old: FuncState, new: FuncState, live: int, ids: IdMap, exact: Exact
) -> int:
    """Return a live register that does not fit; -1: all do."""
    precise, mine, theirs = old.precise_regs, old.regs, new.regs
    for number in numbers(live):
        a, b = mine[number], theirs[number]
        if a is b and not a.id and not a.ref_obj_id:
            continue
        is_precise = bool(precise >> number & 1)
        if not regsafe(a, b, is_precise, ids, exact):
            return number
    return -1


def states_maybe_looping(old: VerifierState, new: VerifierState) -> bool:
    """Tell whether all registers are the same, bit by bit."""
    return len(old.frames) == len(new.frames) and old.frame.regs == new.frame.regs
