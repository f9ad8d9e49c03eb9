"""Pointers that move by an unknown number, for a loader without CAP_PERFMON.

A processor may run an addition before the check of its number is decided. So Linux puts
a mask in front of it, which keeps the number within what was proven; a wrong guess then
moves the pointer by nothing instead of out of its object. One instruction has one mask:
paths that would need two different ones are refused. What the masked addition leads to
is walked as well, as a speculative path.

Source: what Linux 6.18 refuses without CAP_PERFMON. Names are the kernel's.
"""

import errno
from typing import NamedTuple

from ebpflab.isa.insn import Insn
from ebpflab.verifier.bounds import Bounds, signed64
from ebpflab.verifier.check_map_value import check_map_access
from ebpflab.verifier.decoding import has_register
from ebpflab.verifier.env import Env
from ebpflab.verifier.refusal import EACCES, Refusal
from ebpflab.verifier.reg_types import RegType
from ebpflab.verifier.states import MAX_STACK, UNKNOWN_SCALAR, RegState, VerifierState

PROHIBITED = "pointer arithmetic with it prohibited for !root"
_NOT_A_POINTER = "number"
_MASKED = ("add", "sub")


class Mask(NamedTuple):
    """What the mask of one addition is to be, before the pointer has moved."""

    state: str
    limit: int
    to_left: bool

    def commit(self, env: Env, insn: Insn, name: str, moved: RegState) -> None:
        """Narrow the mask to how far the pointer moved, and keep it."""
        limit = abs(self.limit - _ptr_limit(env, insn, name, moved, self.to_left))
        _update(env, insn, name, self.state, limit)


def _can_skip(env: Env, insn: Insn) -> bool:
    return (
        env.bypass_spec_v1
        or not has_register(insn)
        or env.insn_idx in env.speculation.nospec
    )


def sanitize_ptr_alu(
    env: Env, insn: Insn, name: str, ptr: RegState, number: RegState
) -> Mask | None:
    """Judge an addition before it is done; walk on with the pointer where it is.

    Returns: the mask to commit afterwards; None: it takes none.
    """
    if name not in _MASKED or _can_skip(env, insn):
        return None
    mask = None
    if not env.cur.speculative:
        mask = _mask(env, insn, name, ptr, number)
    if not number.bounds.is_const:
        waits = forget_half(ptr) if env.regs[insn.dst] is ptr else ptr
        _pushed(env, insn).frame.regs[insn.dst] = waits
    return mask


def _mask(env: Env, insn: Insn, name: str, ptr: RegState, number: RegState) -> Mask:
    b, ptr_is_dst = number.bounds, env.regs[insn.dst] is ptr
    if not b.is_const and (b.smin < 0) != (b.smax < 0):
        register = insn.src if ptr_is_dst else insn.dst
        what = "has unknown scalar with mixed signed bounds"
        raise Refusal(EACCES, f"R{register} {what}, {PROHIBITED}")
    to_left = (b.smin < 0) == (name == "add")
    limit = _ptr_limit(env, insn, name, ptr, to_left, ptr_is_dst=ptr_is_dst)
    if not b.is_const:
        env.speculation.explore_alu_limits = True
    return Mask(f"{b.smin < 0} {b.is_const} {ptr_is_dst}", limit, to_left)


def _ptr_limit(
    env: Env,
    insn: Insn,
    name: str,
    ptr: RegState,
    to_left: bool,
    *,
    ptr_is_dst: bool = True,
) -> int:
    """Return how far a pointer is from its object's end on one side, in bytes."""
    if ptr.type is RegType.PTR_TO_STACK:
        end = MAX_STACK + to_left
        limit = -(ptr.bounds.var_off.value + ptr.off)
    elif ptr.type is RegType.PTR_TO_MAP_VALUE:
        end = env.program.maps[ptr.map].value_size
        limit = (ptr.bounds.smin if to_left else ptr.bounds.umax) + ptr.off
    else:
        register = insn.dst if ptr_is_dst else insn.src
        what = "has pointer with unsupported alu operation"
        raise Refusal(EACCES, f"R{register} {what}, {PROHIBITED}")
    limit &= 0xFFFFFFFF
    if limit >= end:
        text = f"R{insn.dst} tried to {name} beyond pointer bounds, {PROHIBITED}"
        raise Refusal(EACCES, text)
    return limit


def forget_half(ptr: RegState) -> RegState:
    """Return a pointer without what is known of its offset's lower half."""
    return ptr._replace(bounds=Bounds(*ptr.bounds[:5]))


def sanitize_val_alu(env: Env, insn: Insn, name: str) -> None:
    """Note that an instruction adds numbers: it must not add to a pointer elsewhere."""
    if name in _MASKED and not _can_skip(env, insn):
        _update(env, insn, name, _NOT_A_POINTER, 0)


def _update(env: Env, insn: Insn, name: str, state: str, limit: int) -> None:
    known = env.speculation.alu.setdefault(env.insn_idx, (state, limit))
    if known != (state, limit):
        what = f"tried to {name} from different maps, paths or scalars"
        raise Refusal(EACCES, f"R{insn.dst} {what}, {PROHIBITED}")


def _pushed(env: Env, insn: Insn) -> VerifierState:
    try:
        return sanitize_speculative_path(env, env.insn_idx + 1)
    except Refusal as said:
        what = "could not be pushed for speculative verification"
        text = f"{said.lines}\nR{insn.dst} {what}, {PROHIBITED}"
        raise Refusal(errno.ENOMEM, text) from None


def sanitize_speculative_path(
    env: Env, idx: int, compared: tuple[int, ...] = ()
) -> VerifierState:
    """Put a path aside that only a wrong guess takes: what it `compared` is unknown."""
    other = env.push(idx)
    other.speculative = True
    for number in compared:
        other.frame.regs[number] = UNKNOWN_SCALAR
    return other


def sanitize_check_bounds(env: Env, number: int, moved: RegState) -> None:
    """Refuse a pointer that may have left its object."""
    if env.bypass_spec_v1:
        return
    if moved.type is RegType.PTR_TO_STACK:
        _check_stack(number, moved)
    elif moved.type is RegType.PTR_TO_MAP_VALUE:
        try:
            check_map_access(env, number, 0, 1)
        except Refusal as said:
            what = "pointer arithmetic of map value goes out of range"
            text = f"{said.lines}\nR{number} {what}, prohibited for !root"
            raise Refusal(EACCES, text) from None


def _check_stack(number: int, moved: RegState) -> None:
    off = moved.off + signed64(moved.bounds.var_off.value)
    if not moved.bounds.is_const:
        what = f"R{number} variable stack access prohibited for !root"
        raise Refusal(EACCES, f"{what}, var_off={moved.bounds.var_off} off={off}")
    if not -MAX_STACK <= off < 0:
        what = f"R{number} stack pointer arithmetic goes out of range"
        raise Refusal(EACCES, f"{what}, prohibited for !root; off={off}")
