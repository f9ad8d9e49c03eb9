"""Numbers copied from one another: what is learned of one is known of all.

Copies share an id; one that was moved by a constant since keeps the distance beside
it. When a jump compares one of them, all others learn too: here, and in the other
frames. The path's history notes them, because they matter together.

Source: what Linux 6.18 knows after a comparison. Names are the kernel's.
"""

from collections.abc import Iterator

from ebpflab.isa.insn import Insn
from ebpflab.isa.words import WORD64
from ebpflab.verifier.alu import transfer
from ebpflab.verifier.bounds import constant
from ebpflab.verifier.decoding import has_register
from ebpflab.verifier.env import Env
from ebpflab.verifier.states import (
    ADD_CONST,
    ADD_CONST32,
    FP,
    SCALAR,
    RegState,
    Slot,
    VerifierState,
)

Place = tuple[int, bool, int]  # frame, is a stack slot, its number
Linked = tuple[Place, ...]
MOST_LINKED = 6  # registers that one jump keeps linked


def with_id(env: Env, reg: RegState) -> RegState:
    """Return a number with an id (kernel: assign_scalar_id_before_mov)."""
    if reg.type is not SCALAR:
        return reg
    if reg.id & ADD_CONST:
        reg = reg._replace(id=0, off=0)
    if reg.id or reg.bounds.is_const:
        return reg
    return reg._replace(id=env.new_id())


def linked(env: Env, number: int) -> RegState:
    """Give a number an id before it is copied, so that copies stay linked."""
    regs = env.regs
    reg = regs[number] = with_id(env, regs[number])
    return reg


def linked_operands(env: Env, insn: Insn, dst: RegState, src: RegState) -> Linked:
    """Return the numbers linked to the operands, and remember them for backtracking."""
    ids = []
    if has_register(insn) and src.type is SCALAR and src.id:
        ids.append(src.id & ~ADD_CONST)
    if dst.type is SCALAR and dst.id:
        ids.append(dst.id & ~ADD_CONST)
    if not ids:
        return ()
    found = [place for id in ids for place in _with_id(env, id)]
    for place in found[MOST_LINKED:]:
        if place not in found[:MOST_LINKED]:
            _unlink(env.cur, place)
    links = tuple(found[:MOST_LINKED])
    if len(links) > 1:
        env.remember(linked_regs=links)
    return links


def _with_id(env: Env, id: int) -> Iterator[Place]:
    """Yield the places of a number's copies, innermost frame first.

    Registers count only if they are live, which outer ones are after their call.
    """
    state = env.cur
    for level in reversed(range(len(state.frames))):
        frame, at = state.frames[level], env.insn_idx
        if level < len(state.frames) - 1:
            at = state.frame_insn_idx(level)
        live = env.live_regs[at]
        for number, reg in enumerate(frame.regs[:FP]):
            if live >> number & 1 and reg.type is SCALAR and reg.id & ~ADD_CONST == id:
                yield level, False, number
        for number, slot in enumerate(frame.stack):
            if slot.is_spilled_scalar and slot.reg.id & ~ADD_CONST == id:
                yield level, True, number


def _unlink(state: VerifierState, place: Place) -> None:
    """Break a link: there are more copies than a path's history can hold."""
    _put(state, place, _at(state, place)._replace(id=0, off=0))


def _at(state: VerifierState, place: Place) -> RegState:
    level, is_slot, number = place
    frame = state.frames[level]
    return frame.stack[number].reg if is_slot else frame.regs[number]


def _put(state: VerifierState, place: Place, reg: RegState) -> None:
    level, is_slot, number = place
    frame = state.frames[level]
    if is_slot:
        frame.stack[number] = Slot(frame.stack[number].marks, reg)
    else:
        frame.regs[number] = reg


def sync_linked_regs(state: VerifierState, known: RegState, links: Linked) -> None:
    """Tell the copies of a number what was learned of it."""
    for place in links:
        reg = _at(state, place)
        if reg is known or (reg.id ^ known.id) & ~ADD_CONST or reg.type is not SCALAR:
            continue
        if not _moved_otherwise(reg, known):
            _put(state, place, _synced(reg, known))


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
