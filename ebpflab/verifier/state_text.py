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
from ebpflab.verifier.log import ranges_text, scalar_text, signed_text
from ebpflab.verifier.reg_types import PTR_TO_MAP_VALUE_OR_NULL, RegType
from ebpflab.verifier.states import (
    ADD_CONST,
    INVALID,
    PACKETS,
    SPILL,
    FuncState,
    RegState,
    Slot,
)

EVERYTHING = -1  # bits: all registers, all slots
_MAPS = (
    RegType.CONST_PTR_TO_MAP,
    RegType.PTR_TO_MAP_VALUE,
    PTR_TO_MAP_VALUE_OR_NULL,
)


def reg_text(reg: RegState, maps: Sequence[MapSpec], precise: bool = False) -> str:
    """Write one register."""
    if reg.type is RegType.SCALAR_VALUE:
        return scalar_text(reg.bounds, _id_text(reg), precise=precise)
    if reg.type is RegType.PTR_TO_STACK and reg.bounds.is_const:
        return f"fp{signed_text(reg.off)}"
    return f"{reg.type.text}({','.join(_parts(reg, maps))})"


def _id_text(reg: RegState) -> str:
    if not reg.id:
        return ""
    added = f"{reg.off:+d}" if reg.id & ADD_CONST else ""
    return f"id={reg.id & ~ADD_CONST}{added}"


def _parts(reg: RegState, maps: Sequence[MapSpec]) -> Iterator[str]:
    if reg.id:
        yield f"id={reg.id}"
    if reg.type in _MAPS:
        spec = maps[reg.map]
        yield f"map={spec.name},ks={spec.key_size},vs={spec.value_size}"
    if reg.off:
        yield f"off={signed_text(reg.off)}"
    if reg.type in PACKETS:
        shown = reg.range
        yield f"r={shown if shown >= 0 else hex(shown & (1 << 64) - 1)}"
    if reg.bounds.is_const and reg.bounds.value:
        yield f"imm={signed_text(reg.bounds.smin)}"
    elif not reg.bounds.is_const:
        yield ranges_text(reg.bounds)


def slot_text(slot: Slot, maps: Sequence[MapSpec], precise: bool = False) -> str:
    """Write one stack slot: marks, and the register spilled below them."""
    if not slot.is_spilled:
        return slot.marks
    above = slot.marks[: slot.marks.index(SPILL)]
    return above + reg_text(slot.reg, maps, precise)


def state_text(
    frame: FuncState,
    maps: Sequence[MapSpec],
    regs: int = EVERYTHING,
    slots: int = EVERYTHING,
) -> str:
    """Write a frame, or the registers and slots whose bits are set."""
    words = []
    for number, reg in enumerate(frame.regs):
        if regs >> number & 1 and reg.type is not RegType.NOT_INIT:
            precise = bool(frame.precise_regs >> number & 1)
            words.append(f" R{number}={reg_text(reg, maps, precise)}")
    for number, slot in enumerate(frame.stack):
        if slots >> number & 1 and slot.marks != INVALID * 8:
            precise = bool(frame.precise_slots >> number & 1)
            text = slot_text(slot, maps, precise)
            words.append(f" fp{-8 * (number + 1)}={text}")
    return "".join(words)


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
