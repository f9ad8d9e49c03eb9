"""Interrupts that a program turned off: the flag on its stack that turns them on again.

Saved flags are restored in reverse, by the kind of kfunc that saved them.

Source: what Linux 6.18 accepts, refuses and writes. Names are the kernel's.
"""

from ebpflab.verifier.bounds import ZERO
from ebpflab.verifier.check_stack import check_stack_bounds, write_stack
from ebpflab.verifier.dynptr_slots import NO_SLOT, dynptr_slot
from ebpflab.verifier.env import Env
from ebpflab.verifier.refusal import EACCES, EINVAL, Refusal
from ebpflab.verifier.reg_types import RegType
from ebpflab.verifier.states import (
    EMPTY_SLOT,
    IRQ,
    IRQ_FLAG,
    NOTHING_RARE,
    SLOT_BYTES,
    Reference,
    RegState,
    Slot,
    VerifierState,
)

NATIVE, OF_LOCK = "native", "lock"  # who saved it


def process_irq_flag(env: Env, index: int, *, saves: bool, by: str) -> None:
    """Judge the place of a flag that is saved, or restored."""
    reg = env.regs[index + 1]
    if reg.type is not RegType.PTR_TO_STACK:
        text = f"arg#{index} doesn't point to an irq flag on stack"
        raise Refusal(EINVAL, text)
    if saves:
        _save(env, index, reg, by)
    else:
        _restore(env, index, reg, by)


def _slot_of(env: Env, reg: RegState, complaint: str) -> int:
    try:
        return dynptr_slot(env, reg, "irq_flag", 1)
    except Refusal as wrong:
        raise Refusal(EINVAL, f"{wrong.lines}\n{complaint}") from None


def _save(env: Env, index: int, reg: RegState, by: str) -> None:
    complaint = f"expected uninitialized irq flag as arg#{index}"
    slot = _slot_of(env, reg, complaint)
    stack = env.cur.frames[reg.frame].stack
    if slot != NO_SLOT and IRQ_FLAG in stack[slot].marks:
        raise Refusal(EINVAL, complaint)
    start, _ = check_stack_bounds(env, index + 1, 0, SLOT_BYTES, writes=True)
    write_stack(env, None, reg.frame, start, SLOT_BYTES)
    slot = _slot_of(env, reg, complaint)
    id = env.new_id()
    env.cur.refs += (Reference(id, env.insn_idx, IRQ),)
    env.cur.active_irq_id = id
    rare = NOTHING_RARE._replace(irq_class=by)
    flag = RegState(RegType.PTR_TO_STACK, ZERO, ref_obj_id=id, rare=rare)
    stack[slot] = Slot(IRQ_FLAG * SLOT_BYTES, flag)
    env.writes_slot(reg.frame, slot, whole=True)


def _restore(env: Env, index: int, reg: RegState, by: str) -> None:
    complaint = f"expected an initialized irq flag as arg#{index}"
    slot = _slot_of(env, reg, complaint)
    stack = env.cur.frames[reg.frame].stack
    if slot == NO_SLOT or stack[slot].marks != IRQ_FLAG * SLOT_BYTES:
        raise Refusal(EINVAL, complaint)
    env.reads_slot(reg.frame, slot)
    flag = stack[slot].reg
    if flag.rare.irq_class != by:
        text = f"irq flag acquired by {flag.rare.irq_class} kfuncs cannot be restored"
        raise Refusal(EINVAL, f"{text} with {by} kfuncs")
    release_irq_state(env.cur, flag.ref_obj_id)
    stack[slot] = EMPTY_SLOT
    env.writes_slot(reg.frame, slot, whole=True)


def release_irq_state(state: VerifierState, id: int) -> None:
    """Restore the flag that was saved last; refuse any other."""
    if id != state.active_irq_id:
        last = next(ref for ref in state.refs if ref.id == state.active_irq_id)
        text = "cannot restore irq state out of order, expected"
        where = f"id={last.id} acquired at insn_idx={last.insn_idx}"
        raise Refusal(EACCES, f"{text} {where}")
    state.refs = tuple(ref for ref in state.refs if ref.id != id)
    saved = [ref.id for ref in state.refs if ref.kind == IRQ]
    state.active_irq_id = saved[-1] if saved else 0
