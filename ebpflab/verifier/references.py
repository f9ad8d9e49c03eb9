"""Objects and locks that a program holds, and must give back on every path.

A helper that hands an object out (a socket, a record of a ring buffer) adds a
reference; every register and slot that knows the object carries its id. Giving it back
takes the reference away, and all those copies with it.

Source: what Linux 6.18 accepts, refuses and writes. Names are the kernel's.
"""

from collections.abc import Callable

from ebpflab.verifier.env import Env
from ebpflab.verifier.refusal import EINVAL, Refusal
from ebpflab.verifier.states import (
    LOCK,
    NOT_INIT,
    OBJECT,
    RES_LOCK,
    RES_LOCK_IRQ,
    UNKNOWN_SCALAR,
    Reference,
    RegState,
    VerifierState,
)

LOCKS = (LOCK, RES_LOCK, RES_LOCK_IRQ)


def acquire_reference(env: Env) -> int:
    """Hold one more object; return its id."""
    id = env.new_id()
    env.cur.refs += (Reference(id, env.insn_idx),)
    return id


def is_held(state: VerifierState, id: int) -> bool:
    return any(ref.id == id and ref.kind == OBJECT for ref in state.refs)


def release_reference_nomark(state: VerifierState, id: int) -> bool:
    """Hold an object no more; False: it was not held."""
    for place, ref in enumerate(state.refs):
        if ref.id == id and ref.kind == OBJECT:
            state.refs = without(state.refs, place)
            return True
    return False


def without(refs: tuple[Reference, ...], place: int) -> tuple[Reference, ...]:
    """Return references without one."""
    return refs[:place] + refs[place + 1 :]


def release_reference(env: Env, id: int) -> bool:
    """Give an object back: what knew it knows nothing any more."""
    if not release_reference_nomark(env.cur, id):
        return False
    invalidate(env, lambda reg: reg.ref_obj_id == id)
    return True


def forgotten(env: Env) -> RegState:
    """Return what is known of a pointer that leads nowhere any more."""
    return UNKNOWN_SCALAR if env.allow_ptr_leaks else NOT_INIT


def invalidate(env: Env, is_gone: Callable[[RegState], bool]) -> None:
    """Forget registers and spilled registers of all frames."""
    gone = forgotten(env)
    for frame in env.cur.frames:
        for number, reg in enumerate(frame.regs):
            if is_gone(reg):
                frame.regs[number] = gone
        for number, slot in enumerate(frame.stack):
            if slot.is_spilled and is_gone(slot.reg):
                frame.stack[number] = slot._replace(reg=gone)


# ---- what must not be held -----------------------------------------------------


def active_locks(state: VerifierState) -> int:
    """Return how many spin locks are held."""
    if not state.refs:
        return 0
    return sum(ref.kind in LOCKS for ref in state.refs)


def check_resource_leak(
    env: Env, what: str, *, exception: bool = False, locks: bool = True
) -> None:
    """Refuse to end, or to leave, while something is held.

    Args:    what: `tail_call`, `BPF_EXIT instruction in main prog` ...
             exception: an exception leaves every frame at once.
             locks: whether locks are judged too.
    """
    state = env.cur
    if locks and active_locks(state):
        _refuse(f"{what} cannot be used inside bpf_spin_lock-ed region")
    if exception or len(state.frames) == 1:
        lines = [
            f"Unreleased reference id={ref.id} alloc_insn={ref.insn_idx}"
            for ref in state.refs
            if ref.kind == OBJECT
        ]
        if lines:
            _refuse("\n".join([*lines, f"{what} would lead to reference leak"]))
    if not locks:
        return
    if state.active_irq_id:
        _refuse(f"{what} cannot be used inside bpf_local_irq_save-ed region")
    if state.active_rcu_locks:
        _refuse(f"{what} cannot be used inside bpf_rcu_read_lock-ed region")
    if state.active_preempt_locks:
        _refuse(f"{what} cannot be used inside bpf_preempt_disable-ed region")


def _refuse(text: str) -> None:
    raise Refusal(EINVAL, text)


def refs_text(state: VerifierState) -> str:
    """Write the ids of what is held, as at the end of a state in the log."""
    ids = [str(ref.id) for ref in state.refs if ref.id]
    first = state.refs[0].id if state.refs else 0
    return f" refs={','.join(ids)}" if first else ""
