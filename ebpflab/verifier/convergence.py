"""Loops that must end in time: iterators, may_goto, callbacks called again and again.

Their rounds are not counted out. A round that begins in a state that lies within an
earlier one's teaches nothing new, so the walk may stop there. To get there soon, a
number that changes from round to round and has not mattered yet is taken to be any
number ("widened").

Source: what Linux 6.18 walks. Names are the kernel's.
"""

from ebpflab.verifier.dynptr_slots import slot_number
from ebpflab.verifier.env import Env
from ebpflab.verifier.equal_regs import IdMap, regs_exact
from ebpflab.verifier.states import (
    SCALAR,
    UNKNOWN_SCALAR,
    FuncState,
    RegState,
    Slot,
    VerifierState,
)

ACTIVE = "active"  # an iterator that may have more to give


def may_goto(env: Env, off: int) -> int:
    """Judge a may_goto: it jumps at once, and straight on later, if ever."""
    idx = env.insn_idx
    parent = env.cur.parent
    before = find_prev_entry(env, parent, idx) if parent else None
    queued = env.push(idx + 1)
    queued.may_goto_depth += 1
    if before:
        widen_imprecise_scalars(env, before, queued)
    return idx + 1 + off


def find_prev_entry(env: Env, state: VerifierState, idx: int) -> VerifierState | None:
    """Return the state of this path's last round; None: this is the first."""
    for entry in env.explored.at(idx, state.frame.callsite):
        old = entry.state
        if (
            old.insn_idx == idx
            and old.branches
            and old.depth < state.depth
            and old.same_callsites(state)
        ):
            return old
    return None


def widen_imprecise_scalars(env: Env, old: VerifierState, state: VerifierState) -> None:
    """Take numbers that changed since the last round, and did not matter, for any."""
    ids = IdMap(env.last_id)
    for before, now in reversed(list(zip(old.frames, state.frames, strict=False))):
        _widen_registers(before, now, ids)
        for number, (a, b) in enumerate(zip(before.stack, now.stack, strict=False)):
            if not (a.is_spilled and b.is_spilled):
                continue
            if before.precise_slots >> number & 1:
                continue
            if _changed(a.reg, b.reg, ids):
                now.stack[number] = Slot(b.marks, UNKNOWN_SCALAR)


def _widen_registers(before: FuncState, now: FuncState, ids: IdMap) -> None:
    for number, (a, b) in enumerate(zip(before.regs, now.regs, strict=True)):
        if not before.precise_regs >> number & 1 and _changed(a, b, ids):
            now.regs[number] = UNKNOWN_SCALAR


def _changed(a: RegState, b: RegState, ids: IdMap) -> bool:
    both = a.type is SCALAR and b.type is SCALAR
    return both and not regs_exact(a, b, ids)


# ---- iterators -----------------------------------------------------------------


def is_iterator_active(state: VerifierState) -> bool:
    """Tell whether the iterator that r1 points to has more to give."""
    reg = state.frame.regs[1]
    number = slot_number(reg.off + reg.bounds.smin)
    return state.frames[reg.frame].stack[number].reg.rare.iter_state == ACTIVE


def iter_depths_differ(old: VerifierState, state: VerifierState) -> bool:
    """Tell whether an iterator of the path has given something since."""
    for before, now in zip(old.frames, state.frames, strict=True):
        for a, b in zip(before.stack, now.stack, strict=False):
            rare = a.reg.rare
            if rare.iter_state == ACTIVE and rare.iter_depth != b.reg.rare.iter_depth:
                return True
    return False
