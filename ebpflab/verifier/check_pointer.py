"""Pointer arithmetic: a number added to or subtracted from a pointer.

A constant moves the pointer's fixed offset; anything else goes into its variable part,
which has bounds like a number. A packet pointer that moved by an unknown distance has a
new id: what was proven for the old one does not hold for it. Not here: what a loader
without CAP_PERFMON must not do (`sanitize.py`).

Source: what Linux 6.18 accepts, refuses and writes. Names are the kernel's.
"""

from ebpflab.isa.insn import Insn
from ebpflab.isa.operations import ALU_BY_CODE
from ebpflab.verifier.alu import BOTH_WIDTHS
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
from ebpflab.verifier.reg_types import Base, Flag, RegType
from ebpflab.verifier.sanitize import (
    forget_half,
    sanitize_check_bounds,
    sanitize_ptr_alu,
)
from ebpflab.verifier.states import MAX_VAR_OFF, PACKETS, UNKNOWN_SCALAR, RegState

MOVABLE = (
    Base.PTR_TO_CTX,
    Base.PTR_TO_MAP_VALUE,
    Base.PTR_TO_MAP_KEY,
    Base.PTR_TO_STACK,
    Base.PTR_TO_PACKET,
    Base.PTR_TO_PACKET_META,
    Base.PTR_TO_TP_BUFFER,
    Base.PTR_TO_BTF_ID,
    Base.PTR_TO_MEM,
    Base.PTR_TO_BUF,
    Base.PTR_TO_FUNC,
    Base.CONST_PTR_TO_DYNPTR,
)
BY_CONSTANT = (Base.PTR_TO_FLOW_KEYS,)  # movable by a known number only
BY_NOTHING = (Base.PTR_TO_FLOW_KEYS, Base.CONST_PTR_TO_MAP)  # 0 may be added


def adjust_ptr_min_max_vals(
    env: Env, insn: Insn, name: str, ptr: RegState, number: RegState
) -> None:
    """Move a pointer by a number, or refuse.

    A number that a stack pointer is added to becomes, for Linux 6.18, a pointer into
    the outermost frame, whichever frame runs: so it is here.
    """
    dst, is_dst = insn.dst, env.regs[insn.dst] is ptr
    if _is_impossible(number.bounds):
        env.regs[dst] = UNKNOWN_SCALAR
        return
    if bits_of(insn) == 32:
        if name != "sub" or not env.allow_ptr_leaks:
            raise Refusal(EACCES, f"R{dst} 32-bit pointer arithmetic prohibited")
        env.regs[dst] = UNKNOWN_SCALAR
        return
    if not (ptr.type.may_be_null and env.bug.cve == "2022-23222"):
        _check_type(dst, name, ptr, number)
    if _is_untrusted_mem(ptr.type):
        return
    check_reg_sane_offset(number, ptr.type)
    check_reg_sane_offset(ptr, ptr.type)
    mask = sanitize_ptr_alu(env, insn, name, ptr, number)
    _check_operation(insn, name, ptr, is_dst)
    moved = _moved(env, name, ptr, number)
    check_reg_sane_offset(moved, ptr.type)
    moved = moved._replace(bounds=reg_bounds_sync(moved.bounds))
    moved = moved if is_dst else moved._replace(ref_obj_id=0, frame=0)
    env.regs[dst] = moved
    sanitize_check_bounds(env, dst, moved)
    if mask:
        mask.commit(env, insn, name, moved)


def _is_impossible(b: Bounds) -> bool:
    """Tell whether no number fits, as on a path that cannot be."""
    if b.smin > b.smax or b.umin > b.umax:
        return True
    return b.is_const and (b.smin != b.smax or b.umin != b.umax)


def _is_untrusted_mem(type: RegType) -> bool:
    """Loads through it may fail at any address, so its offset does not matter."""
    return type.base is Base.PTR_TO_MEM and bool(type.flags & Flag.PTR_UNTRUSTED)


def _check_type(dst: int, name: str, ptr: RegState, number: RegState) -> None:
    """Refuse pointers that cannot be moved, or not so."""
    base, known = ptr.type.base, number.bounds.is_const
    text = f"R{dst} pointer arithmetic on {ptr.type.text} prohibited"
    if ptr.type.may_be_null:
        raise Refusal(EACCES, f"{text}, null-check it first")
    if base in MOVABLE or (known and base in BY_CONSTANT):
        return
    if base not in BY_NOTHING or not known or number.bounds.smin or name != "add":
        raise Refusal(EACCES, text)


def _check_operation(insn: Insn, name: str, ptr: RegState, is_dst: bool) -> None:
    """Refuse everything but additions, and subtractions from the pointer."""
    dst = insn.dst
    if name == "sub" and not is_dst:
        raise Refusal(EACCES, f"R{dst} tried to subtract pointer from scalar")
    if name == "sub" and ptr.type is RegType.PTR_TO_STACK:
        raise Refusal(EACCES, f"R{dst} subtraction from stack pointer prohibited")
    if name in ("add", "sub"):
        return
    symbol = ALU_BY_CODE[insn.code, 0].symbol  # of `s/=` too: `/=`
    if name in ("and", "or", "xor"):
        text = f"R{dst} bitwise operator {symbol} on pointer prohibited"
        raise Refusal(EACCES, text)
    text = f"R{dst} pointer arithmetic with {symbol} operator prohibited"
    raise Refusal(EACCES, text)


def _moved(env: Env, name: str, ptr: RegState, number: RegState) -> RegState:
    by = number.bounds
    off = ptr.off + by.smin if name == "add" else ptr.off - by.smin
    if by.is_const and S32_MIN <= off <= S32_MAX:
        return forget_half(ptr)._replace(off=off)
    moved = forget_half(ptr._replace(bounds=BOTH_WIDTHS[name](ptr.bounds, by)))
    if ptr.type not in PACKETS:
        return moved
    reach = 0 if name == "add" or by.smin < 0 else ptr.range
    return moved._replace(id=env.new_id(), range=reach)


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
