"""A state as text: all of a frame, or what an instruction touched ("scratched").

    R0=map_value(map=m,ks=4,vs=8) R1=3 R10=fp0 fp-8=0000????

A `View` holds what is to be written, as it was; text is made of it when it is needed,
and most of a log is cut off again before.

Source: logs of Linux 6.18. Not here: numbers (`number_text.py`), the log (`log.py`).
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ebpflab.program import MapSpec
from ebpflab.verifier.number_text import (
    ranges_text,
    scalar_text,
    signed_text,
    unsigned_text,
)
from ebpflab.verifier.precision_marks import numbers
from ebpflab.verifier.reg_types import Base, Flag, RegType
from ebpflab.verifier.states import (
    ADD_CONST,
    DYNPTR,
    INVALID,
    ITER,
    PACKETS,
    SCALAR,
    SPILL,
    Reference,
    RegState,
    Slot,
    VerifierState,
)

EVERYTHING = -1  # bits: all registers, all slots
_MAPS = (Base.CONST_PTR_TO_MAP, Base.PTR_TO_MAP_KEY, Base.PTR_TO_MAP_VALUE)
MOST_NAME = 15  # bytes of a map's name that the kernel keeps


def reg_text(
    reg: RegState, maps: Sequence[MapSpec], precise: bool = False, frame: int = 0
) -> str:
    """Write one register, as seen from a frame."""
    if reg.type is SCALAR:
        return scalar_text(reg.bounds, _id_text(reg), precise=precise)
    name = reg.type.text + reg.rare.btf_name
    if reg.type is RegType.PTR_TO_STACK:
        name += f"[{reg.frame}]" if reg.frame != frame else ""
        if reg.bounds.is_const:
            return name + signed_text(reg.off + reg.bounds.smin)
    elif reg.type is RegType.PTR_TO_ARENA:
        return name
    return f"{name}({','.join(_parts(reg, maps))})"


def _id_text(reg: RegState) -> str:
    if not reg.id:
        return ""
    added = f"{reg.off:+d}" if reg.id & ADD_CONST else ""
    return f"id={reg.id & ~ADD_CONST}{added}"


def _parts(reg: RegState, maps: Sequence[MapSpec]) -> Iterator[str]:
    type = reg.type
    if reg.id:
        yield f"id={reg.id}"
    if reg.ref_obj_id:
        yield f"ref_obj_id={reg.ref_obj_id}"
    if type.flags & Flag.NON_OWN_REF:
        yield "non_own_ref"
    if type.base in _MAPS and reg.map >= 0:
        yield from _map_parts(maps[reg.map])
    if reg.off:
        yield f"off={signed_text(reg.off)}"
    if type in PACKETS:
        yield f"r={unsigned_text(reg.range & (1 << 64) - 1)}"
    if type.base is Base.PTR_TO_MEM:
        yield f"sz={unsigned_text(reg.rare.mem_size)}"
    if type is RegType.CONST_PTR_TO_DYNPTR:
        yield f"type={reg.rare.dynptr}"
    if not reg.bounds.is_const:
        yield ranges_text(reg.bounds)
    elif reg.bounds.value:
        yield f"imm={signed_text(reg.bounds.smin)}"


def _map_parts(spec: MapSpec) -> Iterator[str]:
    if spec.name:
        yield f"map={spec.name[:MOST_NAME]}"
    yield f"ks={spec.key_size}"
    yield f"vs={spec.value_size}"


def slot_text(
    slot: Slot, maps: Sequence[MapSpec], precise: bool = False, frame: int = 0
) -> str:
    """Write one stack slot: marks, and the register spilled below them."""
    if slot.marks[-1] == DYNPTR:
        return _dynptr_text(slot.reg)
    if slot.marks[-1] == ITER and ITER * len(slot.marks) == slot.marks:
        return _iter_text(slot.reg)
    if not slot.is_spilled:
        return slot.marks
    above = slot.marks[: slot.marks.index(SPILL)]
    return above + reg_text(slot.reg, maps, precise, frame)


def _dynptr_text(reg: RegState) -> str:
    """Write a dynptr, from its lower half; the last number says which half it is."""
    ref = f"ref_id={reg.ref_obj_id}," if reg.ref_obj_id else ""
    return f"dynptr_{reg.rare.dynptr}(id={reg.id},{ref}dynptr_id=1)"


def _iter_text(reg: RegState) -> str:
    """Write an iterator, from its first slot; the others are not shown."""
    if not reg.ref_obj_id:
        return ""
    rare = reg.rare
    state = f"state={rare.iter_state},depth={rare.iter_depth}"
    return f"iter_{rare.iter_type}(ref_id={reg.ref_obj_id},{state})"


class View(NamedTuple):
    """What is to be written of one frame."""

    level: int  # which frame
    regs: Sequence[RegState]  # all of them
    wanted: int  # bits: the ones to be written
    slots: Sequence[tuple[int, Slot]]  # those to be written, by number
    refs: Sequence[Reference]
    in_callback: bool
    in_async_callback: bool
    precise_regs: int  # bits
    precise_slots: int


def view_of(
    state: VerifierState, level: int = -1, regs: int = EVERYTHING, slots: int = 0
) -> View:
    """Return a frame's registers and slots whose bits are set, as they are now.

    Args:    level: which frame; -1 = the running one.
    """
    frames = state.frames
    frame = frames[level]
    stack = frame.stack
    shown: Sequence[tuple[int, Slot]] = ()
    if slots == EVERYTHING:
        shown = [*enumerate(stack)]
    elif slots:
        shown = [(n, stack[n]) for n in numbers(slots) if n < len(stack)]
    parts = (
        level if level >= 0 else len(frames) - 1,
        frame.regs.copy(),
        regs,
        shown,
        state.refs,
        frame.in_callback,
        frame.in_async_callback,
        frame.precise_regs,
        frame.precise_slots,
    )
    return tuple.__new__(View, parts)  # what View(...) does, in a quarter of the time


def view_text(view: View, maps: Sequence[MapSpec]) -> str:
    """Write a view; each word begins with a blank."""
    level = view.level
    words = [f" frame{level}:"] if level else []
    for number, reg in enumerate(view.regs):
        if view.wanted >> number & 1 and reg.type is not RegType.NOT_INIT:
            precise = bool(view.precise_regs >> number & 1)
            words.append(f" R{number}={reg_text(reg, maps, precise, level)}")
    for number, slot in view.slots:
        if slot.marks != INVALID * 8:
            if slot.marks[-1] == DYNPTR and not slot.reg.rare.first_slot:
                continue  # the upper half: all is said with the lower one
            precise = bool(view.precise_slots >> number & 1)
            text = slot_text(slot, maps, precise, level)
            if text:
                words.append(f" fp{-8 * (number + 1)}={text}")
    return "".join([*words, *_path_words(view)])


def _path_words(view: View) -> Iterator[str]:
    """Say what the path holds, and whether a helper called this frame."""
    if view.refs and view.refs[0].id:
        ids = ",".join(str(ref.id) for ref in view.refs if ref.id)
        yield f" refs={ids}"
    if view.in_callback:
        yield " cb"
    if view.in_async_callback:
        yield " async_cb"
