"""Is all that the old state allowed also safe in the new one? Then the path may stop.

The old state was explored to the end without a refusal. The new one may stop here if
it is at most as general: what lives in it must fit what was known there. Registers
stand in `equal_regs.py`, stack slots in `equal_stack.py`.

Source: states that Linux 6.18 prunes, and those it does not. Names are the kernel's.
"""

from functools import lru_cache

from ebpflab.verifier.env import Env
from ebpflab.verifier.equal_regs import Exact, IdMap, regsafe
from ebpflab.verifier.equal_stack import ANYTHING, NEVER_WRITTEN, stacksafe
from ebpflab.verifier.states import FuncState, VerifierState


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
    ids = IdMap(env.last_id)
    if not refsafe(old, new, ids):
        return False
    ignored = ANYTHING if env.allow_uninit_stack else NEVER_WRITTEN
    for level, (a, b) in enumerate(zip(old.frames, new.frames, strict=True)):
        if a.callback_depth > b.callback_depth:
            return False
        live = env.live_regs[old.frame_insn_idx(level)]
        if not _registers_equal(a, b, live, ids, exact):
            return False
        if not stacksafe(a, b, ids, exact, ignored):
            return False
    return True


def refsafe(old: VerifierState, new: VerifierState, ids: IdMap) -> bool:
    """Tell whether both hold the same objects and locks, whatever their ids."""
    if len(old.refs) != len(new.refs):
        return False
    if old.active_rcu_locks != new.active_rcu_locks:
        return False
    if old.active_preempt_locks != new.active_preempt_locks:
        return False
    if not ids.check_ids(old.active_irq_id, new.active_irq_id):
        return False
    return not old.refs or all(
        ids.check_ids(a.id, b.id) and a.kind == b.kind and a.held == b.held
        for a, b in zip(old.refs, new.refs, strict=True)
    )


def _registers_equal(
    old: FuncState, new: FuncState, live: int, ids: IdMap, exact: Exact
) -> bool:
    precise = old.precise_regs
    for number in _numbers(live):
        a, b = old.regs[number], new.regs[number]
        if a is b and not a.id and not a.ref_obj_id:
            continue
        if not regsafe(a, b, bool(precise >> number & 1), ids, exact):
            return False
    return True


@lru_cache(maxsize=1 << 10)
def _numbers(bits: int) -> tuple[int, ...]:
    """Return the numbers of the bits that are set, lowest first."""
    return tuple(n for n in range(bits.bit_length()) if bits >> n & 1)


def states_maybe_looping(old: VerifierState, new: VerifierState) -> bool:
    """Tell whether all registers are the same, bit by bit."""
    return len(old.frames) == len(new.frames) and old.frame.regs == new.frame.regs
