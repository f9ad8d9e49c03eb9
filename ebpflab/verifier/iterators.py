"""Iterators on the stack: made by `new`, asked by `next`, ended by `destroy`.

    fp-8=iter_num(ref_id=1,state=active,depth=0)

Its slots are the kernel's business; an iterator that is not destroyed is a reference
that leaks. After `next` the path forks: one way it gave nothing and is drained, the
other way it gave something, and may be asked again.

Source: what Linux 6.18 accepts, refuses and writes. Names are the kernel's.
"""

from ebpflab.btf.kfuncs import KfuncFlag
from ebpflab.verifier.bounds import ZERO
from ebpflab.verifier.check_btf_access import in_rcu_section
from ebpflab.verifier.check_stack import check_stack_bounds, write_stack
from ebpflab.verifier.convergence import find_prev_entry, widen_imprecise_scalars
from ebpflab.verifier.dynptr_slots import NO_SLOT, dynptr_slot
from ebpflab.verifier.env import Env
from ebpflab.verifier.kfunc_types import Prototype
from ebpflab.verifier.references import acquire_reference, release_reference
from ebpflab.verifier.refusal import EINVAL, EPROTO, Refusal
from ebpflab.verifier.reg_types import Flag, RegType
from ebpflab.verifier.states import (
    EMPTY_SLOT,
    ITER,
    NOTHING_RARE,
    SCALAR,
    SLOT_BYTES,
    RegState,
    Slot,
    VerifierState,
)

ACTIVE, DRAINED = "active", "drained"
PREFIX = "bpf_iter_"
Place = tuple[int, int]  # frame, and the slot of the lowest address


def process_iter_arg(env: Env, proto: Prototype, index: int) -> Place:
    """Judge an argument that is an iterator; make or end it where the kfunc does."""
    number = index + 1
    reg = env.regs[number]
    if proto.name == "bpf_iter_css_task_new" and not _may_ask_css_tasks(env):
        text = "css_task_iter is only allowed in bpf_lsm, bpf_iter and sleepable progs"
        raise Refusal(EINVAL, text)
    if reg.type is not RegType.PTR_TO_STACK:
        text = f"arg#{index} expected pointer to an iterator on stack"
        raise Refusal(EINVAL, text)
    target = proto.parameters[index].target
    if not target.name.startswith(PREFIX):
        raise Refusal(EINVAL, f"expected valid iter pointer as arg #{index}")
    name, count = target.name.removeprefix(PREFIX), target.size // SLOT_BYTES
    if proto.kfunc.flags & KfuncFlag.ITER_NEW:
        return _make(env, proto, number, name, count)
    slot = _check_made(env, proto, number, name, count)
    if proto.kfunc.flags & KfuncFlag.ITER_DESTROY:
        _end(env, reg.frame, slot, count)
    return reg.frame, slot


def _may_ask_css_tasks(env: Env) -> bool:
    program = env.program
    is_iter = program.expected_attach_type == "trace_iter"
    return program.type == "lsm" or is_iter or env.cur.in_sleepable


def _make(env: Env, proto: Prototype, number: int, name: str, count: int) -> Place:
    reg = env.regs[number]
    complaint = f"expected uninitialized iter_{name} as arg #{number - 1}"
    if not _is_free(env, reg, count, complaint):
        raise Refusal(EINVAL, complaint)
    for at in range(0, count * SLOT_BYTES, SLOT_BYTES):
        start, _ = check_stack_bounds(env, number, at, SLOT_BYTES, writes=True)
        write_stack(env, None, reg.frame, start, SLOT_BYTES)
    type = RegType.PTR_TO_STACK
    if proto.kfunc.flags & KfuncFlag.RCU_PROTECTED:
        type |= Flag.MEM_RCU if in_rcu_section(env) else Flag.PTR_UNTRUSTED
    id = acquire_reference(env)
    slot = _slot_of(env, reg, count, complaint)
    stack = env.cur.frames[reg.frame].stack
    for i in range(count):
        rare = NOTHING_RARE._replace(iter_type=name, iter_state=ACTIVE)
        main = RegState(type, ZERO, ref_obj_id=0 if i else id, rare=rare)
        stack[slot - i] = Slot(ITER * SLOT_BYTES, main)
        env.writes_slot(reg.frame, slot - i, whole=True)
    return reg.frame, slot


def _slot_of(env: Env, reg: RegState, count: int, complaint: str) -> int:
    try:
        return dynptr_slot(env, reg, "iter", count)
    except Refusal as wrong:
        raise Refusal(EINVAL, f"{wrong.lines}\n{complaint}") from None


def _is_free(env: Env, reg: RegState, count: int, complaint: str) -> bool:
    slot = _slot_of(env, reg, count, complaint)
    if slot == NO_SLOT:
        return True
    stack = env.cur.frames[reg.frame].stack
    return all(ITER not in stack[slot - i].marks for i in range(count))


def _check_made(env: Env, proto: Prototype, number: int, name: str, count: int) -> int:
    """Return the slot of an iterator that is there and of this kind."""
    reg = env.regs[number]
    complaint = f"expected an initialized iter_{name} as arg #{number - 1}"
    slot = _slot_of(env, reg, count, complaint)
    stack = env.cur.frames[reg.frame].stack
    wrong = slot == NO_SLOT
    for i in range(0 if wrong else count):
        held = stack[slot - i]
        if held.reg.type.flags & Flag.PTR_UNTRUSTED and ITER in held.marks:
            raise Refusal(EPROTO, f"expected an RCU CS when using {proto.name}")
        is_main = bool(held.reg.ref_obj_id)
        wrong |= is_main == bool(i) or held.reg.rare.iter_type != name
        wrong |= held.marks != ITER * SLOT_BYTES
    if wrong:
        raise Refusal(EINVAL, complaint)
    for i in range(count):
        env.reads_slot(reg.frame, slot - i)
    return slot


def _end(env: Env, frame: int, slot: int, count: int) -> None:
    stack = env.cur.frames[frame].stack
    release_reference(env, stack[slot].reg.ref_obj_id)
    for i in range(count):
        stack[slot - i] = EMPTY_SLOT
        env.writes_slot(frame, slot - i, whole=True)


def iterator_at(state: VerifierState, place: Place) -> RegState:
    """Return an iterator's state."""
    frame, slot = place
    return state.frames[frame].stack[slot].reg


def process_iter_next(env: Env, place: Place) -> None:
    """Fork after `next`: it gave something (later), or nothing (now)."""
    state, idx = env.cur, env.insn_idx
    if iterator_at(state, place).rare.iter_state == ACTIVE:
        parent = state.parent
        before = find_prev_entry(env, parent, idx) if parent else None
        queued = env.push(idx + 1)
        given = iterator_at(queued, place).rare
        _note(queued, place, ACTIVE, given.iter_depth + 1)
        if before:
            widen_imprecise_scalars(env, before, queued)
        regs = queued.frame.regs
        regs[0] = _not_null(regs[0])
    _note(state, place, DRAINED, iterator_at(state, place).rare.iter_depth)
    state.frame.regs[0] = RegState(SCALAR, ZERO)


def _not_null(reg: RegState) -> RegState:
    return reg._replace(type=reg.type.without(Flag.PTR_MAYBE_NULL))


def _note(state: VerifierState, place: Place, how: str, depth: int) -> None:
    frame, slot = place
    held = state.frames[frame].stack[slot]
    rare = held.reg.rare._replace(iter_state=how, iter_depth=depth)
    state.frames[frame].stack[slot] = held._replace(reg=held.reg._replace(rare=rare))
