"""The stack at an offset that is not one number, and the stack as a helper uses it.

Every byte that may be meant is looked at. What may be written is some value afterwards,
whatever it was: only zeros over zeros stay zeros.

Source: what Linux 6.18 accepts, refuses and writes. Names are the kernel's.
"""

from ebpflab.isa.insn import Insn
from ebpflab.isa.operations import InsnClass
from ebpflab.verifier.check_stack import (
    NULL,
    PLAIN,
    check_stack_bounds,
    marked,
    scrubbed,
    slots_of,
    stored,
)
from ebpflab.verifier.dynptr_slots import destroy_dynptr
from ebpflab.verifier.env import Env
from ebpflab.verifier.fastcall import check_fastcall_stack_contract
from ebpflab.verifier.refusal import EACCES, EINVAL, Refusal
from ebpflab.verifier.states import (
    DYNPTR,
    INVALID,
    MISC,
    SLOT_BYTES,
    SPILL,
    UNKNOWN_SCALAR,
    ZERO_BYTE,
    RegState,
    Slot,
)


def check_stack_range_initialized(
    env: Env, number: int, size: int, *, off: int = 0, writes: bool = False
) -> tuple[int, int]:
    """Judge what a helper, or a load, may touch; return the first byte's least and
    largest offset from fp.

    With `writes`, the bytes hold some value afterwards.
    """
    reg = env.regs[number]
    least, most = check_stack_bounds(env, number, off, size, writes=writes)
    if not reg.bounds.is_const and not env.bypass_spec_v1:
        text = f"R{number} variable offset stack access prohibited for !root"
        raise Refusal(EACCES, f"{text}, var_off={reg.bounds.var_off}")
    stack, end = env.cur.frames[reg.frame].stack, most + size
    plain = PLAIN if env.allow_uninit_stack else MISC + ZERO_BYTE
    at = least
    while at < end:  # slot by slot, where its bytes are plain
        slot_number, place = (-at - 1) // SLOT_BYTES, (-at - 1) % SLOT_BYTES
        slot, count = stack[slot_number], min(place + 1, end - at)
        part = slice(place + 1 - count, place + 1)
        if slot.is_spilled or slot.marks[part].strip(plain):
            count = 1
            if not _is_initialized(env, slot, slot.marks[place]):
                where = at - least, least
                raise Refusal(EACCES, _uninitialized(reg, number, size, *where))
            if writes:
                stack[slot_number] = _clobbered(env, slot, at)
        elif writes and slot.marks[part] != MISC * count:
            above, below = slot.marks[: part.start], slot.marks[part.stop :]
            stack[slot_number] = slot._replace(marks=above + MISC * count + below)
        env.needs_slot(reg.frame, slot_number)
        at += count
    return least, most


def _is_initialized(env: Env, slot: Slot, mark: str) -> bool:
    if mark in (MISC, ZERO_BYTE) or (mark == INVALID and env.allow_uninit_stack):
        return True
    return slot.is_spilled and (slot.is_spilled_scalar or env.allow_ptr_leaks)


def _uninitialized(reg: RegState, number: int, size: int, at: int, least: int) -> str:
    if reg.bounds.is_const:
        return f"invalid read from stack R{number} off {least}+{at} size {size}"
    where = f"var_off {reg.bounds.var_off}+{at} size {size}"
    return f"invalid read from stack R{number} {where}"


def _clobbered(env: Env, slot: Slot, at: int) -> Slot:
    """Return a slot one byte of which a helper may have written."""
    place = (-at - 1) % SLOT_BYTES
    mark = slot.marks[place]
    if mark == ZERO_BYTE or (mark == INVALID and env.allow_uninit_stack):
        marks = slot.marks[:place] + MISC + slot.marks[place + 1 :]
        return slot._replace(marks=marks)
    return scrubbed(slot) if slot.is_spilled else slot


# ---- loads and stores ------------------------------------------------------------


def read_somewhere(env: Env, number: int, off: int, size: int) -> RegState:
    """Return what a load at a variable offset leaves (check_stack_read_var_off)."""
    reg = env.regs[number]
    least, most = check_stack_range_initialized(env, number, size, off=off)
    check_fastcall_stack_contract(env, reg.frame, least)
    stack = env.cur.frames[reg.frame].stack
    for at in range(least, most + size):
        slot_number = (-at - 1) // SLOT_BYTES
        env.log.slots |= 1 << slot_number
        if stack[slot_number].marks[(-at - 1) % SLOT_BYTES] != ZERO_BYTE:
            return UNKNOWN_SCALAR
    return NULL


def write_somewhere(
    env: Env, insn: Insn | None, number: int, off: int, size: int
) -> None:
    """Store at a variable offset (check_stack_write_var_off)."""
    reg = env.regs[number]
    least, most = check_stack_bounds(env, number, off, size, writes=True)
    check_fastcall_stack_contract(env, reg.frame, least)
    what = stored(env, insn)
    writes_zero = what is not None and what.is_null
    stack = env.cur.frames[reg.frame].stack
    for slot_number in slots_of(least, most + size - least):
        if stack[slot_number].marks[-1] == DYNPTR:
            destroy_dynptr(env, reg.frame, slot_number)
    uses_zero = False
    for at in range(least, most + size):
        slot_number = (-at - 1) // SLOT_BYTES
        slot = stack[slot_number]
        env.writes_slot(reg.frame, slot_number, whole=False)
        _check_writable(env, slot.marks[(-at - 1) % SLOT_BYTES], at)
        kept = _with_zero(slot, at) if writes_zero else None
        uses_zero |= kept is not None
        stack[slot_number] = kept or marked(slot, at, 1, MISC)
    if uses_zero and insn and insn.insn_class == InsnClass.STX:
        env.mark_chain_precision(insn.src)


def _check_writable(env: Env, mark: str, at: int) -> None:
    """Without CAP_PERFMON, what may stay must not be a pointer or never written."""
    if env.allow_ptr_leaks or mark in (MISC, ZERO_BYTE):
        return
    where = f"insn {env.insn_idx}, ptr off: {at}"
    raise Refusal(EINVAL, f"spilled ptr in range of var-offset stack write; {where}")


def _with_zero(slot: Slot, at: int) -> Slot | None:
    """Return a slot in which a byte was 0 and is written 0; None: it was not."""
    mark = slot.marks[(-at - 1) % SLOT_BYTES]
    if mark == SPILL:
        is_zero = slot.is_spilled and slot.reg.is_null
        return slot if is_zero else None
    if slot.is_spilled or mark != ZERO_BYTE:
        return None
    return slot
