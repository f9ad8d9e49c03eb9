"""Arguments that are dynptrs: made by this call, or made before and of the right kind.

Source: what Linux 6.18 accepts, refuses and writes. Names are the kernel's.
"""

from ebpflab.helpers.contract import Arg, ArgFlag
from ebpflab.verifier.check_stack import check_stack_bounds, write_stack
from ebpflab.verifier.dynptr_slots import (
    NO_SLOT,
    SLOTS,
    dynptr_at,
    dynptr_slot,
    put_dynptr,
)
from ebpflab.verifier.env import Env
from ebpflab.verifier.refusal import EINVAL, Refusal
from ebpflab.verifier.reg_types import RegType
from ebpflab.verifier.states import SLOT_BYTES, RegState

KINDS = {
    ArgFlag.DYNPTR_TYPE_LOCAL: "local",
    ArgFlag.DYNPTR_TYPE_RINGBUF: "ringbuf",
}


def process_dynptr_arg(env: Env, number: int, arg: Arg) -> RegState | None:
    """Judge a helper's dynptr; return it, if it was made before."""
    if arg.is_uninit:
        make_dynptr(env, number, _kind(arg))
        return None
    return init_dynptr(env, number, _kind(arg), read_only=_is_read_only(arg))


def _kind(arg: Arg) -> str:
    return next((name for flag, name in KINDS.items() if flag & arg.flags), "")


def _is_read_only(arg: Arg) -> bool:
    return bool(arg.flags & ArgFlag.MEM_RDONLY)


def make_dynptr(env: Env, number: int, kind: str, clone_of: int = 0) -> None:
    """Make a dynptr where a register points to."""
    reg = env.regs[number]
    if reg.type is RegType.CONST_PTR_TO_DYNPTR:
        raise Refusal(EINVAL, "Dynptr has to be an uninitialized dynptr")
    try:
        dynptr_slot(env, reg)
    except Refusal as wrong:
        rest = "Dynptr has to be an uninitialized dynptr"
        raise Refusal(EINVAL, f"{wrong.lines}\n{rest}") from None
    for at in range(0, SLOTS * SLOT_BYTES, SLOT_BYTES):
        start, _ = check_stack_bounds(env, number, at, SLOT_BYTES, writes=True)
        write_stack(env, None, reg.frame, start, SLOT_BYTES)
    put_dynptr(env, reg.frame, dynptr_slot(env, reg), kind, clone_of)


def init_dynptr(
    env: Env, number: int, kind: str = "", *, read_only: bool = True
) -> RegState:
    """Return the dynptr that a register leads to; `kind` "" = any.

    Args:    read_only: the helper does not change the dynptr itself.
    """
    reg = env.regs[number]
    found: RegState | None = reg
    if reg.type is RegType.CONST_PTR_TO_DYNPTR:
        if not read_only:
            text = "cannot pass pointer to const bpf_dynptr, the helper mutates it"
            raise Refusal(EINVAL, text)
    else:
        found = _on_stack(env, number, reg)
    if found is None:
        text = f"Expected an initialized dynptr as arg #{number - 1}"
        raise Refusal(EINVAL, text)
    if kind and found.rare.dynptr != kind:
        text = f"Expected a dynptr of type {kind} as arg #{number - 1}"
        raise Refusal(EINVAL, text)
    return found


def _on_stack(env: Env, number: int, reg: RegState) -> RegState | None:
    try:
        slot = dynptr_slot(env, reg)
    except Refusal as wrong:
        rest = f"Expected an initialized dynptr as arg #{number - 1}"
        raise Refusal(EINVAL, f"{wrong.lines}\n{rest}") from None
    found = dynptr_at(env, reg.frame, slot)
    if found:
        env.reads_slot(reg.frame, slot)
        env.reads_slot(reg.frame, slot - 1)
    return found


def check_acquired(env: Env, number: int) -> None:
    """Refuse to give back what is no dynptr that was acquired."""
    reg, wrong = env.regs[number], ""
    try:
        slot = dynptr_slot(env, reg)
    except Refusal as refusal:
        slot, wrong = NO_SLOT, f"{refusal.lines}\n"
    stack = env.cur.frames[reg.frame].stack
    if slot == NO_SLOT or not stack[slot].reg.ref_obj_id:
        text = f"arg {number} is an unacquired reference"
        raise Refusal(EINVAL, wrong + text)
