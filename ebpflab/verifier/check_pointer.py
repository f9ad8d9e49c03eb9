"""Pointer arithmetic: a number added to or subtracted from a pointer.

A constant moves the pointer's fixed offset; anything else goes into its variable part,
which has bounds like a number. A packet pointer that moved by an unknown distance has a
new id: what was proven for the old one does not hold for it.

Source: what Linux 6.18 accepts, refuses and writes. Names are the kernel's.
"""

from ebpflab.isa.insn import Insn
from ebpflab.isa.operations import ALU_BY_CODE
from ebpflab.verifier.alu import BOTH_WIDTHS, UNKNOWN32
from ebpflab.verifier.bounds import (
    S32_MAX,
    S32_MIN,
    S64_MIN,
    Bounds,
    reg_bounds_sync,
)
from ebpflab.verifier.decoding import bits_of
from ebpflab.verifier.env import Env
from ebpflab.verifier.refusal import EACCES, EINVAL, Refusal
from ebpflab.verifier.reg_types import PTR_TO_MAP_VALUE_OR_NULL, RegType
from ebpflab.verifier.states import PACKETS, UNKNOWN_SCALAR, RegState

MAX_VAR_OFF = 1 << 29  # bytes
MOVABLE = (
    RegType.PTR_TO_CTX,
    RegType.PTR_TO_MAP_VALUE,
    RegType.PTR_TO_STACK,
    *PACKETS,
)


def adjust_ptr_min_max_vals(
    env: Env, insn: Insn, name: str, ptr: RegState, number: RegState
) -> None:
    """Move a pointer by a number, or refuse."""
    dst, is_dst = insn.dst, env.regs[insn.dst] is ptr
    if bits_of(insn) == 32:
        if name != "sub":
            raise Refusal(EACCES, f"R{dst} 32-bit pointer arithmetic prohibited")
        env.regs[dst] = UNKNOWN_SCALAR
        return
    _check_type(dst, name, ptr, number)
    check_reg_sane_offset(number, ptr.type)
    check_reg_sane_offset(ptr, ptr.type)
    if name == "sub" and not is_dst:
        raise Refusal(EACCES, f"R{dst} tried to subtract pointer from scalar")
    if name == "sub" and ptr.type is RegType.PTR_TO_STACK:
        raise Refusal(EACCES, f"R{dst} subtraction from stack pointer prohibited")
    if name not in ("add", "sub"):
        raise Refusal(EACCES, _prohibited(insn, name))
    moved = _moved(env, name, ptr, number)
    check_reg_sane_offset(moved, ptr.type)
    env.regs[dst] = moved._replace(bounds=reg_bounds_sync(moved.bounds))


def _check_type(dst: int, name: str, ptr: RegState, number: RegState) -> None:
    """Refuse pointers that cannot be moved at all."""
    if ptr.type is PTR_TO_MAP_VALUE_OR_NULL:
        text = f"R{dst} pointer arithmetic on {ptr.type.text} prohibited"
        raise Refusal(EACCES, f"{text}, null-check it first")
    by_nothing = number.bounds.smin == 0 and name == "add" and number.bounds.is_const
    if ptr.type is RegType.CONST_PTR_TO_MAP and by_nothing:
        return
    if ptr.type not in MOVABLE:
        text = f"R{dst} pointer arithmetic on {ptr.type.text} prohibited"
        raise Refusal(EACCES, text)


def _prohibited(insn: Insn, name: str) -> str:
    symbol = ALU_BY_CODE[insn.code, insn.off].symbol
    if name in ("and", "or", "xor"):
        return f"R{insn.dst} bitwise operator {symbol} on pointer prohibited"
    return f"R{insn.dst} pointer arithmetic with {symbol} operator prohibited"


def _moved(env: Env, name: str, ptr: RegState, number: RegState) -> RegState:
    by = number.bounds
    off = ptr.off + by.smin if name == "add" else ptr.off - by.smin
    forgotten = _without_half(ptr.bounds)
    if by.is_const and S32_MIN <= off <= S32_MAX:
        return ptr._replace(off=off, bounds=forgotten)
    bounds = BOTH_WIDTHS[name](ptr.bounds, by)
    moved = ptr._replace(bounds=_without_half(bounds))
    if ptr.type not in PACKETS:
        return moved
    reach = 0 if name == "add" or by.smin < 0 else ptr.range
    return moved._replace(id=env.new_id(), range=reach)


def _without_half(b: Bounds) -> Bounds:
    return Bounds(*b[:5], *UNKNOWN32)


def check_reg_sane_offset(reg: RegState, type: RegType) -> None:
    """Refuse distances with which sums could overflow."""
    name, b, known = type.text, reg.bounds, reg.bounds.is_const
    if known and not -MAX_VAR_OFF < b.smin < MAX_VAR_OFF:
        text = f"math between {name} pointer and {b.smin} is not allowed"
        raise Refusal(EINVAL, text)
    if not -MAX_VAR_OFF < reg.off < MAX_VAR_OFF:
        raise Refusal(EINVAL, f"{name} pointer offset {reg.off} is not allowed")
    _check_least(name, b)


def _check_least(name: str, b: Bounds) -> None:
    if b.smin == S64_MIN:
        what = "register with unbounded min value"
        raise Refusal(EINVAL, f"math between {name} pointer and {what} is not allowed")
    if not -MAX_VAR_OFF < b.smin < MAX_VAR_OFF:
        text = f"value {b.smin} makes {name} pointer be out of bounds"
        raise Refusal(EINVAL, text)
