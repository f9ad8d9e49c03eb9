"""The C lines that a program came from, in its log.

    ; if (ip + 1 > data_end) @ drop.c:12

A line is written before an instruction where it is another one than before. The table
(line_info) must be in order, and begin every function.

Source: the kernel's Documentation/bpf/btf.rst; logs of Linux 6.18.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ebpflab.btf import Btf
from ebpflab.errors import EbpfLabError
from ebpflab.isa.insn import Insn
from ebpflab.program import Program
from ebpflab.verifier.refusal import EINVAL, Refusal
from ebpflab.verifier.subprogs import Subprogs

_RECORD = struct.Struct("<IIII")  # slot, file, text, line and column
LINE_SHIFT = 10  # below it: the column
MOST_TEXT = 1023  # characters that the kernel says at once


class Line(NamedTuple):
    """One record: from this slot on, the program came from this line."""

    start: int
    file: int  # offsets of strings in BTF
    text: int
    number: int


@dataclass(slots=True)
class SourceLines:
    """All lines of a program, by slot, and which was written last."""

    btf: Btf | None = None
    by_slot: Sequence[Line | None] = ()
    last: Line | None = None

    def before(self, idx: int) -> Line | None:
        """Return the line to be written before an instruction, if it is a new one."""
        if not self.by_slot:
            return None
        line, last = self.by_slot[idx], self.last
        if line is last or line is None:
            return None
        if last and (line.file, line.number) == (last.file, last.number):
            return None
        self.last = line
        return line

    def text(self, line: Line) -> str:
        """Write a line of C, and where it stands."""
        assert self.btf
        text = self.btf.string(line.text).lstrip()[:MOST_TEXT]
        name = self.btf.string(line.file).rpartition("/")[2]
        return f"; {text} @ {name}:{line.number}\n"


def check_btf_line(
    program: Program,
    btf: Btf | None,
    insns: Sequence[Insn | None],
    subprogs: Subprogs,
) -> SourceLines:
    """Read the table, and refuse one that is broken."""
    if btf is None or not program.line_info:
        return SourceLines()
    whole = len(program.line_info) // _RECORD.size * _RECORD.size
    lines: list[Line] = []
    begun = 0
    for start, file, text, column in _RECORD.iter_unpack(program.line_info[:whole]):
        line = Line(start, file, text, column >> LINE_SHIFT)
        _check_line(btf, lines, line, insns)
        if begun < len(subprogs):
            first = subprogs[begun].start
            if first < line.start:
                raise Refusal(EINVAL, f"missing bpf_line_info for func#{begun}")
            begun += line.start == first
        lines.append(line)
    if begun < len(subprogs):
        left = f"{len(subprogs) - begun} funcs starting from func#{begun}"
        raise Refusal(EINVAL, f"missing bpf_line_info for {left}")
    return SourceLines(btf, [*_by_slot(lines, len(insns))])


def _by_slot(lines: Sequence[Line], slots: int) -> Iterator[Line | None]:
    """Yield for each slot the line that it came from."""
    starts, line = {line.start: line for line in lines}, None
    for slot in range(slots):
        line = starts.get(slot, line)
        yield line


def _check_line(
    btf: Btf, lines: Sequence[Line], line: Line, insns: Sequence[Insn | None]
) -> None:
    """Refuse a line out of order, or one that is none."""
    before, where = lines[-1].start if lines else 0, f"line_info[{len(lines)}]"
    if (lines and line.start <= before) or line.start >= len(insns):
        place = f"(prev_offset:{before} prog->len:{len(insns)})"
        raise Refusal(EINVAL, f"Invalid {where}.insn_off:{line.start} {place}")
    insn = insns[line.start]
    if insn is None or not insn.opcode:
        raise Refusal(EINVAL, f"Invalid insn code at {where}.insn_off")
    try:
        for offset in (line.text, line.file):
            btf.string(offset)
    except EbpfLabError:
        what = f"Invalid {where}.line_off or .file_name_off"
        raise Refusal(EINVAL, what) from None
