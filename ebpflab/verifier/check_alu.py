"""Arithmetic, judged: numbers by `alu.py`, pointers by the few things they may do.

A pointer may have a number added or subtracted; everything else is refused. A number
that was copied keeps an id, so that what is learned of one copy is known of all; a
constant added is remembered beside the id, any other arithmetic breaks the link.

Source: what Linux 6.18 accepts, refuses and writes. Names are the kernel's.
"""

from ebpflab.isa.insn import Insn
from ebpflab.isa.operations import (
    ALU_BY_CODE,
    SWAP_BY_KIND,
    SWAP_CODE,
    InsnClass,
)
from ebpflab.isa.words import WORD32, WORD64
from ebpflab.verifier.alu import (
    MOVES,
    SHIFTS,
    byte_order,
    fork_at_sign,
    transfer,
)
from ebpflab.verifier.bounds import (
    S32_MAX,
    S32_MIN,
    U32_MAX,
    Bounds,
    constant,
)
from ebpflab.verifier.bugs import SOUND
from ebpflab.verifier.check_pointer import adjust_ptr_min_max_vals
from ebpflab.verifier.decoding import bits_of, has_register
from ebpflab.verifier.env import MOST_BRANCHES, Env
from ebpflab.verifier.linked_regs import linked
from ebpflab.verifier.refusal import EACCES, EINVAL, Refusal, not_modelled
from ebpflab.verifier.reg_sanity import reg_bounds_sanity_check
from ebpflab.verifier.reg_types import RegType
from ebpflab.verifier.sanitize import sanitize_val_alu
from ebpflab.verifier.states import (
    ADD_CONST,
    ADD_CONST32,
    ADD_CONST64,
    SCALAR,
    UNKNOWN_SCALAR,
    RegState,
)

DIVISIONS = ("div", "sdiv", "mod", "smod")


def check_alu_op(env: Env, insn: Insn) -> None:
    """Judge one arithmetic instruction, and move the state over it."""
    if insn.code == SWAP_CODE:
        return _swap(env, insn)
    op = ALU_BY_CODE[insn.code, insn.off]
    if op.name in MOVES:
        return _move(env, insn, op.name)
    if op.name == "neg":
        return _neg(env, insn)
    src = env.read(insn.src) if has_register(insn) else _immediate(insn)
    env.read(insn.dst)
    if not has_register(insn):
        _check_immediate(insn, op.name)
    env.may_write(insn.dst)
    _adjust_reg_min_max_vals(env, insn, op.name, src)


def _immediate(insn: Insn) -> RegState:
    return RegState(SCALAR, constant(insn.imm & WORD64))


def _check_immediate(insn: Insn, name: str) -> None:
    if name in DIVISIONS and insn.imm == 0:
        raise Refusal(EINVAL, "div by zero")
    if name in SHIFTS and not 0 <= insn.imm < bits_of(insn):
        raise Refusal(EINVAL, f"invalid shift {insn.imm}")


def _swap(env: Env, insn: Insn) -> None:
    reg = env.read(insn.dst)
    env.may_write(insn.dst)
    if _is_pointer(env, insn, reg):
        env.regs[insn.dst] = UNKNOWN_SCALAR
        return
    op = SWAP_BY_KIND[insn.insn_class, insn.source]
    if op.name == "le" and insn.imm == 64:
        return  # nothing changes on this machine, links neither
    env.regs[insn.dst] = RegState(SCALAR, byte_order(op.name, insn.imm, reg.bounds))


def _neg(env: Env, insn: Insn) -> None:
    reg = env.read(insn.dst)
    env.may_write(insn.dst)
    if _is_pointer(env, insn, reg):
        env.regs[insn.dst] = UNKNOWN_SCALAR
        return
    bounds = env.bug.transfer("neg", bits_of(insn), reg.bounds, reg.bounds)
    env.regs[insn.dst] = RegState(SCALAR, bounds)


def _is_pointer(env: Env, insn: Insn, reg: RegState) -> bool:
    """Tell whether this is a pointer that may become some number."""
    if env.is_pointer_value(insn.dst):
        raise Refusal(EACCES, f"R{insn.dst} pointer arithmetic prohibited")
    return reg.type is not SCALAR


# ---- moves ---------------------------------------------------------------------


def _move(env: Env, insn: Insn, name: str) -> None:
    if not has_register(insn):
        env.may_write(insn.dst)
        is_wide = insn.insn_class == InsnClass.ALU64
        mask = WORD64 if is_wide or env.bug.cve == "2017-16995" else WORD32
        env.regs[insn.dst] = RegState(SCALAR, constant(insn.imm & mask))
        return
    src = env.read(insn.src)
    env.may_write(insn.dst)
    env.regs[insn.dst] = _moved(env, insn, name, src)


def _moved(env: Env, insn: Insn, name: str, src: RegState) -> RegState:
    """Return what a move leaves; a copy that loses nothing stays linked."""
    if src.type is not SCALAR:
        return _moved_pointer(env, insn, name, src)
    if _loses_nothing(insn, src.bounds):
        src = linked(env, insn.src)
    else:
        src = src._replace(id=0, off=0)
    if name == "mov" and bits_of(insn) == 64:
        return src
    bounds = src.bounds
    moved = env.bug.transfer(name, bits_of(insn), bounds, bounds)
    return src._replace(bounds=moved)


def _loses_nothing(insn: Insn, b: Bounds) -> bool:
    if insn.off:  # how many bits are extended
        return b.umax < 1 << (insn.off - 1)
    return bits_of(insn) == 64 or b.umax <= U32_MAX


def _moved_pointer(env: Env, insn: Insn, name: str, src: RegState) -> RegState:
    """Copy a pointer whole; a part of one is some number."""
    is_leak = env.is_pointer_value(insn.src)
    if bits_of(insn) == 32:
        if is_leak:
            raise Refusal(EACCES, f"R{insn.src} partial copy of pointer")
        return RegState(SCALAR, transfer("mov", 32, src.bounds, UNKNOWN_SCALAR.bounds))
    if name == "mov":
        return src
    if is_leak:
        raise Refusal(EACCES, f"R{insn.src} sign-extension part of pointer")
    return UNKNOWN_SCALAR


# ---- everything else -----------------------------------------------------------


def _adjust_reg_min_max_vals(env: Env, insn: Insn, name: str, src: RegState) -> None:
    """Numbers with numbers, pointers with numbers; pointers differ by a number."""
    dst = env.regs[insn.dst]
    if dst.type is SCALAR and src.type is SCALAR:
        return _adjust_scalar(env, insn, name, src)
    if RegType.PTR_TO_ARENA in (dst.type, src.type):
        env.regs[insn.dst] = RegState(RegType.PTR_TO_ARENA)
        return None
    if dst.type is not SCALAR and src.type is not SCALAR:
        if name == "sub" and env.allow_ptr_leaks:
            env.regs[insn.dst] = UNKNOWN_SCALAR
            return None
        symbol = ALU_BY_CODE[insn.code, 0].symbol  # of `s/=` too: `/=`
        text = f"R{insn.dst} pointer {symbol} pointer prohibited"
        raise Refusal(EACCES, text)
    if dst.type is SCALAR:
        env.mark_chain_precision(insn.dst)
        return adjust_ptr_min_max_vals(env, insn, name, src, dst)
    if has_register(insn):
        env.mark_chain_precision(insn.src)
    return adjust_ptr_min_max_vals(env, insn, name, dst, src)


def _adjust_scalar(env: Env, insn: Insn, name: str, src: RegState) -> None:
    dst = env.regs[insn.dst]
    sanitize_val_alu(env, insn, name)
    if name in ("and", "or") and src.bounds.is_const:
        dst = _forked(env, insn, dst)
        if has_register(insn) and insn.src == insn.dst:
            src = dst
    bounds = env.bug.transfer(name, bits_of(insn), dst.bounds, src.bounds)
    if env.bug is SOUND:
        bounds = reg_bounds_sanity_check(env, bounds, "alu")
    id, off = _link_after(insn, name, dst, src)
    env.regs[insn.dst] = RegState(SCALAR, bounds, off, id)


def _forked(env: Env, insn: Insn, dst: RegState) -> RegState:
    """Walk the two values of a spread sign one by one; 0 comes later.

    Kernel differs: with too many waiting paths, some 6.18 kernels crash here.
    """
    ways = fork_at_sign(dst.bounds)
    if ways is None:
        return dst
    later, now = ways
    if len(env.waiting) >= MOST_BRANCHES:
        not_modelled("a spread sign with 8192 paths waiting", env.insn_idx)
    other = env.push(env.insn_idx)
    other.frame.regs[insn.dst] = dst._replace(bounds=later)
    return dst._replace(bounds=now)


def _link_after(insn: Insn, name: str, dst: RegState, src: RegState) -> tuple[int, int]:
    """Return the id and distance of a result: one constant added keeps the link."""
    if name not in ("add", "sub") or not dst.id or dst.id & ADD_CONST:
        return 0, 0
    distance = _distance(insn, name, src.bounds)
    if distance is None or (bits_of(insn) == 32 and dst.bounds.umax > U32_MAX):
        return 0, 0
    return dst.id | (ADD_CONST64 if bits_of(insn) == 64 else ADD_CONST32), distance


def _distance(insn: Insn, name: str, b: Bounds) -> int | None:
    """Return what is added, where it is one number of 32 signed bits."""
    if bits_of(insn) == 64:
        distance = b.smin if b.is_const else None
    else:
        distance = b.s32_min if b.s32_min == b.s32_max else None
    if distance is None or not S32_MIN <= distance <= S32_MAX:
        return None
    if name == "add":
        return distance
    return -distance if distance != S32_MIN else None
