"""A whole state as text, and the log it goes to.

    R0=map_value(map=m,ks=4,vs=8) R1=3 R10=fp0 fp-8=0000????

After an instruction only what it touched is written ("scratched"), as its comment from
column 40 on. At level 1 only the path to the refusal stays: when a path has ended, the
log goes back to where that path's branch was.

Source: logs of Linux 6.18. Not here: numbers (`log.py`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ebpflab.program import MapSpec
from ebpflab.verifier.log import ranges_text, scalar_text, signed_text, unsigned_text
from ebpflab.verifier.reg_types import Base, Flag, RegType
from ebpflab.verifier.states import (
    ADD_CONST,
    DYNPTR,
    INVALID,
    ITER,
    PACKETS,
    SCALAR,
    SPILL,
    FuncState,
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


def state_text(
    state: VerifierState,
    maps: Sequence[MapSpec],
    level: int = -1,
    regs: int = EVERYTHING,
    slots: int = EVERYTHING,
) -> str:
    """Write a frame, or the registers and slots of it whose bits are set.

    Args:    level: which frame; -1 = the running one.
    """
    level = len(state.frames) - 1 if level < 0 else level
    frame = state.frames[level]
    words = [f" frame{level}:"] if level else []
    for number, reg in enumerate(frame.regs):
        if regs >> number & 1 and reg.type is not RegType.NOT_INIT:
            precise = bool(frame.precise_regs >> number & 1)
            words.append(f" R{number}={reg_text(reg, maps, precise, level)}")
    for number, slot in enumerate(frame.stack):
        if slots >> number & 1 and slot.marks != INVALID * 8:
            if slot.marks[-1] == DYNPTR and not slot.reg.rare.first_slot:
                continue  # the upper half: all is said with the lower one
            precise = bool(frame.precise_slots >> number & 1)
            text = slot_text(slot, maps, precise, level)
            if text:
                words.append(f" fp{-8 * (number + 1)}={text}")
    return "".join([*words, *_path_words(state, frame)])


def _path_words(state: VerifierState, frame: FuncState) -> Iterator[str]:
    """Say what the path holds, and whether a helper called this frame."""
    if state.refs and state.refs[0].id:
        ids = ",".join(str(ref.id) for ref in state.refs if ref.id)
        yield f" refs={ids}"
    if frame.in_callback:
        yield " cb"
    if frame.in_async_callback:
        yield " async_cb"


LEVEL1, LEVEL2, STATS = 1, 2, 4
COLUMN, STEP = 40, 8  # where comments begin, and how far they move if there is no room


@dataclass(slots=True)
class Log:
    """The text so far, in pieces, and what the next comment shows."""

    level: int
    pieces: list[str] = field(default_factory=list)
    line_end: int = -1  # pieces when the last instruction was written; -1: none
    width: int = 0  # its length
    regs: int = EVERYTHING  # scratched: to be shown
    slots: int = EVERYTHING

    @property
    def is_on(self) -> bool:
        return bool(self.level & (LEVEL1 | LEVEL2))

    @property
    def is_full(self) -> bool:
        return bool(self.level & LEVEL2)

    def show_all(self) -> None:
        """Have the next comment show every register and slot."""
        self.regs = self.slots = EVERYTHING

    def tell(self, text: str) -> None:
        self.pieces.append(text)

    def back_to(self, length: int) -> None:
        """Cut the log; of a comment in a newline's place, one blank stays."""
        del self.pieces[length:]
        if self.pieces and self.pieces[-1].startswith(" "):
            self.pieces[-1] = " "

    def insn(self, idx: int, text: str) -> None:
        """Write an instruction; a comment may follow on its line."""
        line = f"{idx}: {text}"
        self.width = len(line)
        self.pieces.append(line)
        self.pieces.append("\n")
        self.line_end = len(self.pieces)

    def state(self, idx: int, text: str) -> None:
        """Write a state: as the comment of the line just written, or on its own."""
        if self.line_end == len(self.pieces) and self.line_end >= 0:
            self.pieces.pop()
            self.pieces.append(" " * _gap(self.width) + ";" + text + "\n")
        else:
            self.pieces.append(f"{idx}:{text}\n")
        self.regs = self.slots = 0

    def text(self) -> str:
        return "".join(self.pieces)


def _gap(width: int) -> int:
    """Return how many blanks stand before a comment."""
    wanted = max(width + 1 + STEP // 2, COLUMN)
    return -(-wanted // STEP) * STEP - width - 2
