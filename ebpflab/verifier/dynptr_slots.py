"""Dynptrs on the stack: two slots that belong together, and what was taken from them.

A dynptr is a pointer with a length and a kind. Its 16 bytes are the helper's business;
who writes into them destroys it, and all slices of memory taken from it with it. A
record of a ring buffer must not get lost so: it can only be given back.

Source: what Linux 6.18 accepts, refuses and writes. Names are the kernel's.
"""

from ebpflab.verifier.bounds import ZERO
from ebpflab.verifier.env import Env
from ebpflab.verifier.references import (
    acquire_reference,
    invalidate,
    release_reference,
)
from ebpflab.verifier.refusal import EFAULT, EINVAL, Refusal
from ebpflab.verifier.reg_types import Flag, RegType
from ebpflab.verifier.states import (
    DYNPTR,
    EMPTY_SLOT,
    NOTHING_RARE,
    SLOT_BYTES,
    RegState,
    Slot,
)

SLOTS = 2
REFERENCED = ("ringbuf", "file")  # kinds that are to be given back
OF_THE_PACKET = ("skb", "xdp", "skb_meta")  # their slices go when the packet moves
SLICES = (RegType.PTR_TO_MEM, RegType.PTR_TO_MEM | Flag.PTR_MAYBE_NULL)
NO_SLOT = -1


def dynptr_slot(
    env: Env, reg: RegState, what: str = "dynptr", slots: int = SLOTS
) -> int:
    """Return the slot where an object begins; NO_SLOT: the stack is not there yet.

    Raises:  Refusal: no `slots` whole slots begin there.
    """
    if not reg.bounds.is_const:
        raise Refusal(EINVAL, f"{what} has to be at a constant offset")
    off = reg.off + reg.bounds.smin
    number = slot_number(off)
    if off % SLOT_BYTES or number + 1 < slots:
        raise Refusal(EINVAL, f"cannot pass in {what} at an offset={off}")
    stack = env.cur.frames[reg.frame].stack
    return number if number < len(stack) else NO_SLOT


def slot_number(off: int) -> int:
    """Return the slot of a place in the stack.

    Linux divides toward zero, so that it takes fp0, the end of the stack, for fp-8.
    """
    return (-off - 1) // SLOT_BYTES if off else 0


def is_dynptr(slot: Slot) -> bool:
    return slot.marks[-1] == DYNPTR


def dynptr_at(env: Env, frame: int, number: int) -> RegState | None:
    """Return the dynptr that a slot is the lower half of."""
    stack = env.cur.frames[frame].stack
    if not 1 <= number < len(stack):
        return None
    low, high = stack[number], stack[number - 1]
    if is_dynptr(low) and is_dynptr(high) and low.reg.rare.first_slot:
        return low.reg
    return None


def put_dynptr(env: Env, frame: int, number: int, kind: str, clone_of: int) -> None:
    """Make a dynptr in two slots (kernel: mark_stack_slots_dynptr).

    Args:    clone_of: the reference that it shares with another one; 0 = none.
    """
    stack = env.cur.frames[frame].stack
    for half in (number, number - 1):
        if is_dynptr(stack[half]):
            destroy_dynptr(env, frame, half)
    id, ref = env.new_id(), 0
    if kind in REFERENCED:
        ref = clone_of or acquire_reference(env)
    for half in (number, number - 1):
        stack[half] = Slot(
            DYNPTR * SLOT_BYTES,
            const_dynptr(kind, id=id, ref_obj_id=ref, first_slot=half == number),
        )
        env.writes_slot(frame, half, whole=True)


def const_dynptr(
    kind: str, *, id: int = 0, ref_obj_id: int = 0, first_slot: bool = True
) -> RegState:
    """Return a dynptr's state."""
    rare = NOTHING_RARE._replace(dynptr=kind, first_slot=first_slot)
    type = RegType.CONST_PTR_TO_DYNPTR
    return RegState(type, ZERO, id=id, ref_obj_id=ref_obj_id, rare=rare)


def destroy_dynptr(env: Env, frame: int, number: int) -> None:
    """Destroy the dynptr that a slot belongs to: something else is written there."""
    stack = env.cur.frames[frame].stack
    if not stack[number].reg.rare.first_slot:
        number += 1
    reg = stack[number].reg
    if reg.rare.dynptr in REFERENCED:
        raise Refusal(EINVAL, "cannot overwrite referenced dynptr")
    env.log.slots |= 0b11 << number - 1
    stack[number] = stack[number - 1] = EMPTY_SLOT
    invalidate_slices(env, reg.id)


def invalidate_slices(env: Env, id: int) -> None:
    """Forget the memory that was taken from a dynptr, if it may be written."""
    invalidate(
        env,
        lambda reg: (
            reg.rare.dynptr_id == id and reg.type in SLICES and not reg.rare.dynptr
        ),
    )


def release_dynptr(env: Env, reg: RegState) -> None:
    """Give a dynptr back, its clones and slices with it."""
    frame, number = reg.frame, dynptr_slot(env, reg)
    stack = env.cur.frames[frame].stack
    id = stack[number].reg.ref_obj_id
    if not id:
        _clear(env, frame, number)
        return
    release_reference(env, id)
    for place in range(1, len(stack)):
        slot = stack[place]
        if slot.reg.ref_obj_id != id:
            continue
        if not is_dynptr(slot):  # of a slice that was spilled there, and written over
            raise Refusal(EFAULT, "verifier bug: misconfigured ref_obj_id")
        if slot.reg.rare.first_slot:
            _clear(env, frame, place)


def _clear(env: Env, frame: int, number: int) -> None:
    stack = env.cur.frames[frame].stack
    for half in (number, number - 1):
        stack[half] = EMPTY_SLOT
        env.writes_slot(frame, half, whole=True)
