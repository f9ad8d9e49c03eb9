"""The stack at a known offset: registers spilled and filled, bytes written and read.

A register written to a slot of its own is kept there whole ("spilled") and comes back
whole. Anything else leaves marks, byte by byte: 0, or m for some value. Offsets that
are not one number, and memory that a helper touches: `check_stack_range.py`.

Source: the `fp-8=...` of Linux 6.18. Names are the kernel's.
"""

from ebpflab.isa.insn import Insn
from ebpflab.isa.operations import InsnClass
from ebpflab.isa.words import WORD64
from ebpflab.verifier.bounds import ZERO, constant
from ebpflab.verifier.dynptr_slots import destroy_dynptr
from ebpflab.verifier.env import Env
from ebpflab.verifier.fastcall import check_fastcall_stack_contract
from ebpflab.verifier.linked_regs import linked, with_id
from ebpflab.verifier.refusal import EACCES, EINVAL, Refusal
from ebpflab.verifier.reg_types import RegType
from ebpflab.verifier.states import (
    DYNPTR,
    INVALID,
    MAX_STACK,
    MAX_VAR_OFF,
    MISC,
    NOT_INIT,
    SCALAR,
    SLOT_BYTES,
    SPILL,
    UNKNOWN_SCALAR,
    ZERO_BYTE,
    RegState,
    Slot,
)

NULL = RegState(SCALAR, ZERO)
PLAIN = INVALID + MISC + ZERO_BYTE  # marks of bytes that belong to nothing special
NEVER_SPILLED = (RegType.PTR_TO_TP_BUFFER, RegType.CONST_PTR_TO_DYNPTR)


def slots_of(start: int, size: int) -> range:
    """Return the slots that bytes from `start` lie in, uppermost first."""
    return range((-start - size) // SLOT_BYTES, (-start - 1) // SLOT_BYTES + 1)


def check_stack_bounds(
    env: Env, number: int, off: int, size: int, *, writes: bool
) -> tuple[int, int]:
    """Return the least and the largest offset from fp at which an access may begin.

    The frame grows down to it (kernel: check_stack_access_within_bounds).
    """
    reg = env.regs[number]
    b, off = reg.bounds, reg.off + off
    least, most = b.smin + off, b.smax + off
    if least != most and not (b.smin > -MAX_VAR_OFF and b.smax < MAX_VAR_OFF):
        how = "write to" if writes else "read from"
        text = f"invalid unbounded variable-offset {how} stack R{number}"
        raise Refusal(EACCES, text)
    lowest = -MAX_STACK
    if not (writes or env.allow_uninit_stack):
        lowest = -len(env.cur.frames[reg.frame].stack) * SLOT_BYTES
    if not lowest <= least <= -1 or most + size > 0:
        wrong = EINVAL if lowest <= least <= -1 else EACCES
        raise Refusal(wrong, _outside(reg, number, off, size, writes))
    env.stack_of(reg.frame, -least)
    return least, most


def _outside(reg: RegState, number: int, off: int, size: int, writes: bool) -> str:
    how = "write to" if writes else "read from"
    if reg.bounds.is_const:
        start = reg.bounds.smin + off
        return f"invalid {how} stack R{number} off={start} size={size}"
    where = f"var_off={reg.bounds.var_off} off={off} size={size}"
    return f"invalid variable-offset {how} stack R{number} {where}"


# ---- writing -------------------------------------------------------------------


def write_stack(env: Env, insn: Insn | None, frame: int, start: int, size: int) -> None:
    """Store a register or an immediate; without an instruction, anything."""
    if env.has_fastcalls:
        check_fastcall_stack_contract(env, frame, start)
    number = (-start - 1) // SLOT_BYTES
    stack = env.cur.frames[frame].stack
    _check_not_corrupted(env, stack[number], size)
    if stack[number].marks[-1] == DYNPTR:
        destroy_dynptr(env, frame, number)
    slot, at_slot = stack[number], start % SLOT_BYTES == 0
    env.writes_slot(frame, number, whole=at_slot and size == SLOT_BYTES)
    reg = stored(env, insn)
    if not env.bypass_spec_v4:
        first = (-start - 1) % SLOT_BYTES
        overwritten = slot.marks[first - size + 1 : first + 1]
        env.speculation.write_stack(env.insn_idx, overwritten, reg)
    if insn is None or reg is None:
        stack[number] = marked(slot, start, size, MISC)
    elif reg.type is SCALAR and at_slot:
        stack[number] = _spilled_number(env, insn, reg, slot, size)
        env.remember(slot=number, frame=frame)
    elif reg.type is not SCALAR and reg.type not in NEVER_SPILLED:
        _check_pointer_spill(env, reg, frame, size)
        stack[number] = Slot(SPILL * SLOT_BYTES, reg)
        env.remember(slot=number, frame=frame)
    else:
        if reg.is_null and insn.insn_class == InsnClass.STX:
            env.mark_chain_precision(insn.src)
        mark = ZERO_BYTE if reg.is_null else MISC
        stack[number] = marked(slot, start, size, mark)


def stored(env: Env, insn: Insn | None) -> RegState | None:
    """Return what a store writes; None: nobody knows."""
    if insn is None:
        return None
    if insn.insn_class == InsnClass.ST:
        return RegState(SCALAR, constant(insn.imm & WORD64))
    return env.regs[insn.src]


def _check_not_corrupted(env: Env, slot: Slot, size: int) -> None:
    if env.allow_ptr_leaks or size == SLOT_BYTES or not slot.is_spilled:
        return
    if not slot.is_spilled_scalar:
        raise Refusal(EACCES, "attempt to corrupt spilled pointer on stack")


def _check_pointer_spill(env: Env, reg: RegState, frame: int, size: int) -> None:
    if size != SLOT_BYTES:
        raise Refusal(EACCES, "invalid size of register spill")
    if reg.type is RegType.PTR_TO_STACK and frame != len(env.cur.frames) - 1:
        text = "cannot spill pointers to stack into stack frame of the caller"
        raise Refusal(EINVAL, text)


def _spilled_number(env: Env, insn: Insn, reg: RegState, slot: Slot, size: int) -> Slot:
    """Return a slot that holds a number, in its lower bytes if it is a narrow one."""
    if insn.insn_class == InsnClass.STX:
        fits = reg.bounds.umax.bit_length() <= size * 8
        reg = linked(env, insn.src) if fits else reg._replace(id=0)
    kept = INVALID + ZERO_BYTE
    above = "".join(m if m in kept else MISC for m in slot.marks[: SLOT_BYTES - size])
    return Slot(above + SPILL * size, reg)


def marked(slot: Slot, start: int, size: int, mark: str) -> Slot:
    """Return a slot in which some bytes were written one by one.

    Which object was spilled there is not forgotten: see dynptr_slots.release_dynptr.
    """
    marks = scrubbed(slot).marks
    first = (-start - 1) % SLOT_BYTES
    ref = slot.reg.ref_obj_id
    stale = NOT_INIT._replace(ref_obj_id=ref) if ref else NOT_INIT
    return Slot(marks[: first - size + 1] + mark * size + marks[first + 1 :], stale)


def scrubbed(slot: Slot) -> Slot:
    """Return a slot of plain bytes; what held something special holds some value."""
    if slot.marks[-1] in PLAIN:
        return Slot(slot.marks)
    return Slot("".join(m if m == INVALID else MISC for m in slot.marks))


# ---- reading -------------------------------------------------------------------


def read_stack(env: Env, frame: int, start: int, size: int) -> RegState:
    """Return what a load leaves, before it is cut to its size."""
    if env.has_fastcalls:  # Linux asks the function that reads, not the stack's
        check_fastcall_stack_contract(env, -1, start)
    number = (-start - 1) // SLOT_BYTES
    env.reads_slot(frame, number)
    stack = env.cur.frames[frame].stack
    slot = stack[number]
    if not slot.is_spilled:
        marks = _readable(env, slot, start, size)
        return NULL if marks == ZERO_BYTE * size else UNKNOWN_SCALAR
    spill_size = slot.marks.count(SPILL)
    if size == SLOT_BYTES == spill_size:
        env.remember(slot=number, frame=frame)
        return slot.reg
    if slot.reg.type is not SCALAR:
        raise Refusal(EACCES, "invalid size of register fill")
    if size <= spill_size and start % SLOT_BYTES == 0:
        env.remember(slot=number, frame=frame)
        return _narrow_fill(env, frame, number, size, spill_size)
    marks = _readable(env, slot, start, size, SPILL)
    if marks == SPILL * size and slot.reg.is_null:
        env.remember(slot=number, frame=frame)
        return NULL
    return NULL if marks == ZERO_BYTE * size else UNKNOWN_SCALAR


def _narrow_fill(
    env: Env, frame: int, number: int, size: int, spill_size: int
) -> RegState:
    """Return the lower bytes of a spilled number, before they are cut off."""
    stack = env.cur.frames[frame].stack
    reg = stack[number].reg
    width = reg.bounds.umax.bit_length()
    if size == spill_size == 4 and width <= 32:
        reg = with_id(env, reg)
        stack[number] = stack[number]._replace(reg=reg)
    return reg._replace(id=0) if width > size * 8 else reg


def _readable(env: Env, slot: Slot, start: int, size: int, also: str = "") -> str:
    """Return the marks of bytes that a load reads, the uppermost first."""
    first = (-start - 1) % SLOT_BYTES
    marks = slot.marks[first - size + 1 : first + 1]
    allowed = (PLAIN if env.allow_uninit_stack else MISC + ZERO_BYTE) + also
    if marks.strip(allowed):
        at = next(i for i, mark in enumerate(reversed(marks)) if mark not in allowed)
        text = f"invalid read from stack off {start}+{at} size {size}"
        raise Refusal(EACCES, text)
    return marks


def check_read(env: Env, frame: int, start: int, size: int) -> None:
    """Judge a read whose value goes nowhere yet: the first half of an atomic."""
    if env.has_fastcalls:
        check_fastcall_stack_contract(env, -1, start)
    number = (-start - 1) // SLOT_BYTES
    env.reads_slot(frame, number)
    slot = env.cur.frames[frame].stack[number]
    if not slot.is_spilled:
        _readable(env, slot, start, size)
    elif size == SLOT_BYTES == slot.marks.count(SPILL):
        if slot.reg.type is not SCALAR and not env.allow_ptr_leaks:
            raise Refusal(EACCES, f"leaking pointer from stack off {start}")
        env.remember(slot=number, frame=frame)
    elif slot.reg.type is not SCALAR:
        raise Refusal(EACCES, "invalid size of register fill")
