"""The stack: registers spilled and filled, bytes written, bytes read.

A register written to a slot of its own is kept there whole ("spilled") and comes back
whole. Anything else leaves marks, byte by byte: 0, or m for some value. Only constant
offsets are modelled.

Source: the `fp-8=...` of Linux 6.18. Names are the kernel's.
"""

from ebpflab.isa.insn import Insn
from ebpflab.isa.operations import InsnClass
from ebpflab.isa.words import WORD64
from ebpflab.verifier.bounds import ZERO, constant
from ebpflab.verifier.env import Env
from ebpflab.verifier.refusal import EACCES, EINVAL, Refusal, not_modelled
from ebpflab.verifier.states import (
    EMPTY_SLOT,
    INVALID,
    MAX_STACK,
    MISC,
    SCALAR,
    SLOT_BYTES,
    SPILL,
    UNKNOWN_SCALAR,
    ZERO_BYTE,
    RegState,
    Slot,
)

NULL = RegState(SCALAR, ZERO)
PLACES = {"read": "read from", "write": "write to", "": ""}


def stack_offset(env: Env, number: int, off: int, size: int, right: str) -> int:
    """Return where an access begins, in bytes from the frame pointer: negative.

    The frame grows down to it. Raises Refusal where it is not in the frame.
    """
    reg = env.regs[number]
    if not reg.bounds.is_const:
        not_modelled("stack access at a variable offset", env.insn_idx)
    start = reg.off + off + reg.bounds.smin
    wrong = 0
    if not -MAX_STACK <= start <= -1:
        wrong = EACCES
    elif start + size > 0:
        wrong = EINVAL
    if wrong:
        how = f"invalid {PLACES[right]} stack" if right else "invalid stack"
        raise Refusal(wrong, f"{how} R{number} off={start} size={size}")
    stack = env.cur.frames[reg.frame].stack
    while len(stack) * SLOT_BYTES < -start:
        stack.append(EMPTY_SLOT)
    return start


def slots_of(start: int, size: int) -> range:
    """Return the slots that bytes from `start` lie in, uppermost first."""
    return range((-start - size) // SLOT_BYTES, (-start - 1) // SLOT_BYTES + 1)


def write_stack(env: Env, insn: Insn, frame: int, start: int, size: int) -> None:
    """Store a register or an immediate."""
    number = (-start - 1) // SLOT_BYTES
    env.writes_slot(frame, number, whole=size == SLOT_BYTES)
    stack = env.cur.frames[frame].stack
    reg = _stored(env, insn)
    at_slot = start % SLOT_BYTES == 0
    if reg.type is not SCALAR and size != SLOT_BYTES:
        raise Refusal(EACCES, "invalid size of register spill")
    if reg.type is not SCALAR or at_slot:
        stack[number] = _spilled(env, insn, stack[number], reg, size)
        env.remember(slot=number, frame=frame)
        return
    mark = MISC
    if reg.is_null:
        mark = ZERO_BYTE
        if insn.insn_class == InsnClass.STX:
            env.mark_chain_precision(insn.src)
    stack[number] = _marked(stack[number], start, size, mark)


def _stored(env: Env, insn: Insn) -> RegState:
    if insn.insn_class == InsnClass.ST:
        return RegState(SCALAR, constant(insn.imm & WORD64))
    return env.regs[insn.src]


def _spilled(env: Env, insn: Insn, slot: Slot, reg: RegState, size: int) -> Slot:
    """Return a slot that holds a register, in its lower bytes if it is a narrow one."""
    if reg.type is SCALAR:
        fits = reg.bounds.umax.bit_length() <= size * 8
        if insn.insn_class == InsnClass.STX and fits:
            reg = env.linked(insn.src)
        elif not fits:
            reg = reg._replace(id=0, off=0) if not reg.id else reg._replace(id=0)
    above = slot.marks[: SLOT_BYTES - size]
    kept = "".join(m if m in (INVALID, ZERO_BYTE) else MISC for m in above)
    return Slot(kept + SPILL * size, reg)


def _marked(slot: Slot, start: int, size: int, mark: str) -> Slot:
    """Return a slot in which some bytes were written one by one."""
    first = (-start - 1) % SLOT_BYTES
    marks = list(slot.marks.replace(SPILL, MISC) if slot.is_spilled else slot.marks)
    for place in range(first, first - size, -1):
        marks[place] = mark
    return Slot("".join(marks))


def read_stack(env: Env, frame: int, start: int, size: int) -> RegState:
    """Return what a load leaves, before it is cut to its size."""
    number = (-start - 1) // SLOT_BYTES
    env.reads_slot(frame, number)
    slot = env.cur.frames[frame].stack[number]
    if slot.is_spilled:
        return _filled(env, frame, number, start, size)
    first = (-start - 1) % SLOT_BYTES
    marks = slot.marks[first - size + 1 : first + 1]
    return NULL if marks == ZERO_BYTE * size else UNKNOWN_SCALAR


def _filled(env: Env, frame: int, number: int, start: int, size: int) -> RegState:
    """Read a slot that holds a register: all of it, its lower part, or some bytes."""
    slot = env.cur.frames[frame].stack[number]
    spill_size = slot.marks.count(SPILL)
    if size == SLOT_BYTES == spill_size:
        env.remember(slot=number, frame=frame)
        return slot.reg
    if slot.reg.type is not SCALAR:
        raise Refusal(EACCES, "invalid size of register fill")
    if size <= spill_size and start % SLOT_BYTES == 0:
        env.remember(slot=number, frame=frame)
        narrow = slot.reg.bounds.umax.bit_length() > size * 8
        return slot.reg._replace(id=0) if narrow else slot.reg
    first = (-start - 1) % SLOT_BYTES
    marks = slot.marks[first - size + 1 : first + 1]
    if marks == SPILL * size and slot.reg.is_null:
        env.remember(slot=number, frame=frame)
        return NULL
    return NULL if marks == ZERO_BYTE * size else UNKNOWN_SCALAR


def read_range(env: Env, number: int, size: int) -> None:
    """Let a helper read bytes of the stack through register `number`.

    They may be anything, spilled pointers and bytes never written among them.
    """
    start = stack_offset(env, number, 0, size, "")
    for slot in slots_of(start, size):
        env.needs_slot(env.regs[number].frame, slot)
