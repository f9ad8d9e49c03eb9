"""Conditional jumps: which ways there are, and what is known on each.

Numbers are decided or refined (`branches.py`), and so are the copies linked to them. A
pointer compared with 0 is null on one way and safe on the other; a packet pointer
compared with the packet's end gains a range on the way on which it lies before it.

Source: what Linux 6.18 walks and writes. Names are the kernel's.
"""

from collections.abc import Sequence

from ebpflab.isa.insn import Insn
from ebpflab.isa.operations import JUMP_BY_CODE
from ebpflab.isa.words import WORD64
from ebpflab.verifier.alu import transfer
from ebpflab.verifier.bounds import (
    ZERO,
    Bounds,
    constant,
    contradiction,
    forget_bounds,
)
from ebpflab.verifier.branches import (
    compared_with_itself,
    is_branch_taken,
    reg_set_min_max,
    side,
)
from ebpflab.verifier.decoding import bits_of, has_register
from ebpflab.verifier.env import Env
from ebpflab.verifier.log import violation_text
from ebpflab.verifier.packet_ranges import (
    is_pkt_ptr_branch_taken,
    try_match_pkt_pointers,
)
from ebpflab.verifier.refusal import not_modelled
from ebpflab.verifier.reg_types import PTR_TO_MAP_VALUE_OR_NULL, RegType
from ebpflab.verifier.states import (
    ADD_CONST,
    ADD_CONST32,
    SCALAR,
    FuncState,
    RegState,
    Slot,
    VerifierState,
)

Linked = tuple[tuple[int, bool, int], ...]
MOST_LINKED = 6  # registers that one jump keeps linked
NEVER_NULL = (RegType.PTR_TO_MAP_VALUE, RegType.CONST_PTR_TO_MAP)


def check_cond_jmp_op(env: Env, insn: Insn) -> int:
    """Judge a conditional jump; return where this path goes on."""
    target, following = env.insn_idx + 1 + insn.off, env.insn_idx + 1
    dst = env.read(insn.dst)
    src = _second_operand(env, insn)
    name = JUMP_BY_CODE[insn.code].name
    if has_register(insn) and insn.src == insn.dst:
        src = dst
    decided = _decided(insn, name, dst, src)
    if decided is not None:
        _mark_operands(env, insn, dst, src)
        env.tell_state()
        return target if decided else following
    links = _linked_operands(env, insn, dst, src)
    other = env.push(target)
    _learn(env, insn, name, other, links)
    env.tell_state()
    return following


def _second_operand(env: Env, insn: Insn) -> RegState:
    if not has_register(insn):
        return RegState(SCALAR, constant(insn.imm & WORD64))
    src = env.read(insn.src)
    dst_is_stack = env.regs[insn.dst].type is RegType.PTR_TO_STACK
    src_is_stack = src.type is RegType.PTR_TO_STACK
    if dst_is_stack or src_is_stack:
        env.remember(dst_is_stack=dst_is_stack, src_is_stack=src_is_stack)
    return src


def _decided(insn: Insn, name: str, dst: RegState, src: RegState) -> bool | None:
    """Tell whether the jump is always or never taken."""
    if dst.type is SCALAR and src.type is SCALAR:
        return is_branch_taken(name, bits_of(insn), dst.bounds, src.bounds)
    if bits_of(insn) == 64:
        packet = is_pkt_ptr_branch_taken(name, dst, src)
        if packet is not None:
            return packet
    if dst.type in NEVER_NULL and _is_0(src, bits_of(insn)) and name in ("jeq", "jne"):
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


# ---- linked numbers ------------------------------------------------------------


def _linked_operands(env: Env, insn: Insn, dst: RegState, src: RegState) -> Linked:
    """Return the numbers linked to the operands, and remember them for backtracking."""
    ids = []
    if has_register(insn) and src.type is SCALAR and src.id:
        ids.append(src.id & ~ADD_CONST)
    if dst.type is SCALAR and dst.id:
        ids.append(dst.id & ~ADD_CONST)
    found = [place for id in ids for place in _with_id(env, id)]
    for _, is_slot, number in found[MOST_LINKED:]:
        if (0, is_slot, number) not in found[:MOST_LINKED]:
            _unlink(env.cur.frame, is_slot, number)
    links = tuple(found[:MOST_LINKED])
    if len(links) > 1:
        env.remember(linked_regs=links)
    return links


def _unlink(frame: FuncState, is_slot: bool, number: int) -> None:
    """Break a link: there are more copies than a path's history can hold."""
    if is_slot:
        slot = frame.stack[number]
        frame.stack[number] = Slot(slot.marks, slot.reg._replace(id=0, off=0))
    else:
        frame.regs[number] = frame.regs[number]._replace(id=0, off=0)


def _with_id(env: Env, id: int) -> list[tuple[int, bool, int]]:
    """Return the places of a number's copies; registers only if they are live."""
    frame, live = env.cur.frame, env.live_regs[env.insn_idx]
    places = [
        (0, False, number)
        for number, reg in enumerate(frame.regs)
        if live >> number & 1 and reg.type is SCALAR and reg.id & ~ADD_CONST == id
    ]
    return places + [
        (0, True, number)
        for number, slot in enumerate(frame.stack)
        if slot.is_spilled_scalar and slot.reg.id & ~ADD_CONST == id
    ]


def sync_linked_regs(frame: FuncState, known: RegState, links: Linked) -> None:
    """Tell the copies of a number what was learned of it."""
    for _, is_slot, number in links:
        reg = frame.stack[number].reg if is_slot else frame.regs[number]
        if reg is known or (reg.id ^ known.id) & ~ADD_CONST or reg.type is not SCALAR:
            continue
        if _moved_otherwise(reg, known):
            continue
        synced = _synced(reg, known)
        if is_slot:
            frame.stack[number] = Slot(frame.stack[number].marks, synced)
        else:
            frame.regs[number] = synced


def _synced(reg: RegState, known: RegState) -> RegState:
    """Return a copy's new state: the known one, moved by what lies between the two."""
    if not (reg.id | known.id) & ADD_CONST or reg.off == known.off:
        return known
    distance = constant(reg.off - known.off & WORD64)
    bits = 32 if (reg.id | known.id) & ADD_CONST32 else 64
    return reg._replace(bounds=transfer("add", bits, known.bounds, distance))


def _moved_otherwise(reg: RegState, known: RegState) -> bool:
    """Tell whether one was moved in 32 bits and the other in 64: nothing follows."""
    flags, others = reg.id & ADD_CONST, known.id & ADD_CONST
    return flags != others and bool(flags) and bool(others)


# ---- what is learned -----------------------------------------------------------


def _learn(
    env: Env, insn: Insn, name: str, other: VerifierState, links: Linked
) -> None:
    """Refine the states of both ways."""
    here, there = env.cur.frame, other.frame
    dst = here.regs[insn.dst]
    src_is_number = not has_register(insn) or here.regs[insn.src].type is SCALAR
    if dst.type is SCALAR and src_is_number:
        _refine(env, insn, name, there, True)
        _refine(env, insn, name, here, False)
        _sync_operands(insn, here, links)
        _sync_operands(insn, there, links)
        return
    if not has_register(insn):
        if dst.type is PTR_TO_MAP_VALUE_OR_NULL and name in ("jeq", "jne"):
            if insn.imm == 0 and bits_of(insn) == 64:
                mark_ptr_or_null_regs(here, dst.id, is_null=name == "jne")
                mark_ptr_or_null_regs(there, dst.id, is_null=name == "jeq")
        return
    types = (dst.type, here.regs[insn.src].type)
    if PTR_TO_MAP_VALUE_OR_NULL in types and SCALAR not in types:
        not_modelled("a pointer that may be null compared with a pointer")
    try_match_pkt_pointers(name, insn, here, there)


def _refine(env: Env, insn: Insn, name: str, frame: FuncState, taken: bool) -> None:
    """Put what a way teaches into its state; complain of what cannot be, as Linux."""
    regs, a = frame.regs, frame.regs[insn.dst]
    for place, (number, bounds) in enumerate(_learned(insn, name, regs, a, taken), 1):
        if how := contradiction(bounds):
            if env.log.is_on:
                register = f"{'true' if taken else 'false'}_reg{place}"
                text = violation_text(register, how, bounds)
                env.log.tell(f"verifier bug: {text}\n")
            bounds = forget_bounds(bounds)
        regs[number] = regs[number]._replace(bounds=bounds)


def _learned(
    insn: Insn, name: str, regs: Sequence[RegState], a: RegState, taken: bool
) -> list[tuple[int, Bounds]]:
    if not has_register(insn):
        number = constant(insn.imm & WORD64)
        known, _ = reg_set_min_max(name, bits_of(insn), taken, a.bounds, number)
        return [(insn.dst, known)]
    if insn.src == insn.dst:
        same = compared_with_itself(name, bits_of(insn), taken, a.bounds)
        return [(insn.dst, same)]
    b = regs[insn.src]
    x, y = reg_set_min_max(name, bits_of(insn), taken, a.bounds, b.bounds)
    return [(insn.dst, x), (insn.src, y)]


def _sync_operands(insn: Insn, frame: FuncState, links: Linked) -> None:
    if has_register(insn) and frame.regs[insn.src].id:
        sync_linked_regs(frame, frame.regs[insn.src], links)
    if frame.regs[insn.dst].id:
        sync_linked_regs(frame, frame.regs[insn.dst], links)


def mark_ptr_or_null_regs(frame: FuncState, id: int, *, is_null: bool) -> None:
    """Tell all copies of a pointer whether it is null."""
    for number, reg in enumerate(frame.regs):
        if reg.id == id and reg.type is PTR_TO_MAP_VALUE_OR_NULL:
            frame.regs[number] = _not_null_or_0(reg, is_null)
    for number, slot in enumerate(frame.stack):
        reg = slot.reg
        if reg.id == id and reg.type is PTR_TO_MAP_VALUE_OR_NULL:
            frame.stack[number] = Slot(slot.marks, _not_null_or_0(reg, is_null))


def _not_null_or_0(reg: RegState, is_null: bool) -> RegState:
    if is_null:
        return RegState(SCALAR, ZERO)
    return reg._replace(type=RegType.PTR_TO_MAP_VALUE, id=0)
