"""The log, in pieces that become text when it is asked for.

After an instruction what it touched is written as its comment, from column 40 on. At
level 1 only the path to the refusal stays: when a path has ended, the log goes back to
where that path's branch was. So nearly all that is told is thrown away, and a piece is
what to write, not yet how: an instruction's slot, a line of C, a view of a state.

Source: logs of Linux 6.18. Not here: how a state is written (`state_text.py`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ebpflab.isa.disassembler import NO_NAMES, Names, disassemble_insn
from ebpflab.isa.insn import Insn
from ebpflab.program import MapSpec
from ebpflab.verifier.source_lines import Line, SourceLines
from ebpflab.verifier.state_text import EVERYTHING, View, view_of, view_text
from ebpflab.verifier.states import VerifierState

LEVEL1, LEVEL2, STATS = 1, 2, 4
COLUMN, STEP = 40, 8  # where comments begin, and how far they move if there is no room
MOST_UNWRITTEN = 1 << 16  # pieces: views take more memory than their text


Piece = str | int | Line | View  # an int is an instruction; a View behind it, a comment


@dataclass(slots=True)
class Writer:
    """Makes text of pieces: it knows the program's instructions, maps and lines."""

    insns: Sequence[Insn | None] = ()
    maps: Sequence[MapSpec] = ()
    names: Names = NO_NAMES
    lines: SourceLines = field(default_factory=SourceLines)
    _written: dict[int, str] = field(default_factory=dict)  # by slot

    def insn(self, idx: int) -> str:
        """Write an instruction: its opcode, and what it does."""
        text = self._written.get(idx)
        if text is None:
            text = self._written[idx] = self._insn(self.insns[idx])
        return text

    def _insn(self, insn: Insn | None) -> str:
        if insn is None:
            return ""
        text = disassemble_insn(insn, self.names, as_log=True)
        is_unknown = text.startswith("BUG_")  # and names its opcode already
        return text if is_unknown else f"({insn.opcode:02x}) {text}"

    def state(self, state: VerifierState, level: int = -1) -> str:
        """Write all of one frame; of the running one if it is not named."""
        return view_text(view_of(state, level, slots=EVERYTHING), self.maps)

    def text(self, pieces: Sequence[Piece]) -> Iterator[str]:
        """Yield the text of each piece."""
        width = 0  # of an instruction just before
        for piece in pieces:
            text = piece if isinstance(piece, str) else self._of(piece)
            if width and isinstance(piece, View):
                text = f"{' ' * _gap(width)};{text}\n"
            width = len(text) if isinstance(piece, int) else 0
            yield text

    def _of(self, piece: int | Line | View) -> str:
        if isinstance(piece, int):
            return f"{piece}: {self.insn(piece)}"
        if isinstance(piece, Line):
            return self.lines.text(piece)
        return view_text(piece, self.maps)


@dataclass(slots=True)
class Log:
    """The pieces so far, and what the next comment shows."""

    level: int
    writer: Writer = field(default_factory=Writer)
    pieces: list[Piece] = field(default_factory=list)
    written: int = 0  # so many of them are text already
    line_end: int = -1  # pieces when the last instruction was told; -1: none
    last_insn: int = -1  # which one that was
    regs: int = EVERYTHING  # scratched: to be shown
    slots: int = EVERYTHING
    is_on: bool = field(init=False)
    is_full: bool = field(init=False)

    def __post_init__(self) -> None:
        self.is_on = bool(self.level & (LEVEL1 | LEVEL2))
        self.is_full = bool(self.level & LEVEL2)

    def show_all(self) -> None:
        """Have the next comment show every register and slot."""
        self.regs = self.slots = EVERYTHING

    def tell(self, text: Piece) -> None:
        self.pieces.append(text)

    def back_to(self, length: int) -> None:
        """Cut the log; of a comment in a newline's place, one blank stays."""
        pieces = self.pieces
        del pieces[length:]
        self.written = min(self.written, length)
        if pieces and (isinstance(pieces[-1], View) or str(pieces[-1])[:1] == " "):
            pieces[-1] = " "

    def insn(self, idx: int) -> None:
        """Tell an instruction; a comment may follow on its line."""
        pieces = self.pieces
        if len(pieces) - self.written > MOST_UNWRITTEN:
            self._write()
        pieces.append(idx)
        pieces.append("\n")
        self.line_end, self.last_insn = len(pieces), idx

    def state(self, idx: int, state: VerifierState) -> None:
        """Tell a state: as the comment of the line just told, or on its own."""
        pieces, view = self.pieces, view_of(state, -1, self.regs, self.slots)
        if self.line_end == len(pieces):
            pieces[-2:] = self.last_insn, view
            self.written = min(self.written, len(pieces) - 2)
        else:
            pieces += (f"{idx}:", view, "\n")
        self.regs = self.slots = 0

    def whole_state(self, state: VerifierState, level: int = -1) -> None:
        """Tell all of a frame, on the line that was begun."""
        self.pieces += (view_of(state, level, slots=EVERYTHING), "\n")

    def text(self) -> str:
        return "".join(self.writer.text(self.pieces))

    def _write(self) -> None:
        """Make text of all pieces."""
        start, self.written = self.written, len(self.pieces)
        self.pieces[start:] = self.writer.text(self.pieces[start:])


def _gap(width: int) -> int:
    """Return how many blanks stand before a comment."""
    wanted = max(width + 1 + STEP // 2, COLUMN)
    return -(-wanted // STEP) * STEP - width - 2
