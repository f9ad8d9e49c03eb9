"""Conditional jumps: which ways there are, and what is known on each.

Numbers are decided or refined (`branches.py`), and so are the copies linked to them
(`linked_regs.py`). A pointer compared with 0 is null on one way and safe on the other
(`null_checks.py`); a packet pointer compared with the packet's end gains a range on the
way on which it lies before it (`packet_ranges.py`).

Source: what Linux 6.18 walks and writes. Names are the kernel's.
"""

from collections.abc import Sequence

from ebpflab.isa.insn import Insn
from ebpflab.isa.operations import JUMP_BY_CODE
from ebpflab.isa.words import WORD64
from ebpflab.verifier.bounds import (
    Bounds,
    constant,
)
from ebpflab.verifier.branches import (
    compared_with_itself,
    is_branch_taken,
    side,
)
from ebpflab.verifier.decoding import bits_of, has_register
from ebpflab.verifier.env import Env
from ebpflab.verifier.linked_regs import Linked, linked_operands, sync_linked_regs
from ebpflab.verifier.null_checks import (
    learn_from_equal_pointers,
    mark_ptr_or_null_regs,
    reg_not_null,
)
from ebpflab.verifier.packet_ranges import (
    ANY_PACKET,
    is_pkt_ptr_branch_taken,
    try_match_pkt_pointers,
)
from ebpflab.verifier.refusal import EACCES, Refusal
from ebpflab.verifier.reg_sanity import reg_bounds_sanity_check
from ebpflab.verifier.reg_types import RegType
from ebpflab.verifier.sanitize import sanitize_speculative_path
from ebpflab.verifier.states import SCALAR, FuncState, RegState, VerifierState

EQUALITY = ("jeq", "jne")


def check_cond_jmp_op(env: Env, insn: Insn) -> int:
    """Judge a conditional jump; return where this path goes on."""
    target, following = env.insn_idx + 1 + insn.off, env.insn_idx + 1
    dst = env.read(insn.dst)
    src = _second_operand(env, insn, dst)
    name = JUMP_BY_CODE[insn.code].name
    decided = _decided(insn, name, dst, src)
    if decided is None:
        links = linked_operands(env, insn, dst, src)
        other = env.push(target)
        _learn(env, insn, name, other, links)
        env.tell_state()
        return following
    _mark_operands(env, insn, dst, src)
    taken, not_taken = (target, following) if decided else (following, target)
    if not env.bypass_spec_v1:
        compared = (insn.dst, insn.src) if has_register(insn) else (insn.dst,)
        sanitize_speculative_path(env, not_taken, compared)
    env.tell_state()
    return taken


def _second_operand(env: Env, insn: Insn, dst: RegState) -> RegState:
    dst_is_stack = dst.type is RegType.PTR_TO_STACK
    if not has_register(insn):
        if dst_is_stack:
            env.remember(dst_is_stack=True)
        return RegState(SCALAR, constant(insn.imm & WORD64))
    src = env.read(insn.src)
    both_packets = dst.type in ANY_PACKET and src.type in ANY_PACKET
    if not both_packets and env.is_pointer_value(insn.src):
        raise Refusal(EACCES, f"R{insn.src} pointer comparison prohibited")
    src_is_stack = src.type is RegType.PTR_TO_STACK
    if dst_is_stack or src_is_stack:
        env.remember(dst_is_stack=dst_is_stack, src_is_stack=src_is_stack)
    return src


def _decided(insn: Insn, name: str, dst: RegState, src: RegState) -> bool | None:
    """Tell whether the jump is always or never taken."""
    bits = bits_of(insn)
    if dst.type is SCALAR and src.type is SCALAR:
        return is_branch_taken(name, bits, dst.bounds, src.bounds)
    if bits == 64 and dst.type in ANY_PACKET and src.type in ANY_PACKET:
        return is_pkt_ptr_branch_taken(name, dst, src)
    pointer, number = (dst, src) if src.type is SCALAR else (src, dst)
    if name in EQUALITY and _is_0(number, bits) and reg_not_null(pointer):
        return name == "jne"
    return None


def _is_0(reg: RegState, bits: int) -> bool:
    """Tell whether this is the number 0, in so many bits."""
    if reg.type is not SCALAR:
        return False
    known = side(reg.bounds, bits).var_off
    return known.is_const and known.value == 0


def _mark_operands(env: Env, insn: Insn, dst: RegState, src: RegState) -> None:
    """The numbers that decided mattered."""
    if dst.type is SCALAR:
        env.mark_chain_precision(insn.dst)
    if has_register(insn) and src.type is SCALAR:
        env.mark_chain_precision(insn.src)


# ---- what is learned -----------------------------------------------------------


def _learn(
    env: Env, insn: Insn, name: str, other: VerifierState, links: Linked
) -> None:
    """Refine the states of both ways."""
    here, there = env.cur, other
    dst = here.frame.regs[insn.dst]
    src_is_number = not has_register(insn) or here.frame.regs[insn.src].type is SCALAR
    if dst.type is SCALAR and src_is_number:
        _refine(env, insn, name, there.frame, True)
        _refine(env, insn, name, here.frame, False)
        _sync_operands(insn, here, links)
        _sync_operands(insn, there, links)
        return
    if bits_of(insn) == 64 and has_register(insn):
        learn_from_equal_pointers(env, insn, name, there)
    if _is_null_check(insn, name, dst):
        mark_ptr_or_null_regs(env, here, dst.id, is_null=name == "jne")
        mark_ptr_or_null_regs(env, there, dst.id, is_null=name == "jeq")
    elif not try_match_pkt_pointers(name, insn, here, there):
        if env.is_pointer_value(insn.dst):
            raise Refusal(EACCES, f"R{insn.dst} pointer comparison prohibited")


def _is_null_check(insn: Insn, name: str, dst: RegState) -> bool:
    is_with_0 = not has_register(insn) and insn.imm == 0 and bits_of(insn) == 64
    return is_with_0 and name in EQUALITY and dst.type.may_be_null


def _refine(env: Env, insn: Insn, name: str, frame: FuncState, taken: bool) -> None:
    """Put what a way teaches into its state; complain of what cannot be, as Linux."""
    regs, a = frame.regs, frame.regs[insn.dst]
    learned = _learned(env, insn, name, regs, a, taken)
    for place, (number, bounds) in enumerate(learned, 1):
        register = f"{'true' if taken else 'false'}_reg{place}"
        bounds = reg_bounds_sanity_check(env, bounds, register)
        regs[number] = regs[number]._replace(bounds=bounds)


def _learned(
    env: Env, insn: Insn, name: str, regs: Sequence[RegState], a: RegState, taken: bool
) -> list[tuple[int, Bounds]]:
    if not has_register(insn):
        number = constant(insn.imm & WORD64)
        known, _ = env.bug.refine(name, bits_of(insn), taken, a.bounds, number)
        return [(insn.dst, known)]
    if insn.src == insn.dst:
        same = compared_with_itself(name, bits_of(insn), taken, a.bounds)
        return [(insn.dst, same)]
    b = regs[insn.src]
    x, y = env.bug.refine(name, bits_of(insn), taken, a.bounds, b.bounds)
    return [(insn.dst, x), (insn.src, y)]


def _sync_operands(insn: Insn, state: VerifierState, links: Linked) -> None:
    regs = state.frame.regs
    if has_register(insn) and regs[insn.src].id:
        sync_linked_regs(state, regs[insn.src], links)
    if regs[insn.dst].id:
        sync_linked_regs(state, regs[insn.dst], links)
