"""What machine code looks like: bytecode beside LLVM IR beside assembly beside bytes.

Plain data for a view, and as text. Which line came from which instruction is followed
by debug locations: line n of the compiled program is slot n - 1. What LLVM moved out of
a loop, or made of several instructions, stands at one of them; what belongs to none
(the way in and out) at slot -1.
"""

from __future__ import annotations

import io
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ebpflab.isa.disassembler import disassemble_insn
from ebpflab.jit import machine_code
from ebpflab.jit.module import module_of
from ebpflab.jit.tables import order_of
from ebpflab.listing import names_in, source_line
from ebpflab.program import Program
from ebpflab.vm.loaded import Library

_LOCATION = re.compile(r"^!(\d+) = !DILocation\(line: (\d+)", re.MULTILINE)
_DEBUG = re.compile(r", !dbg !(\d+)")
_LOC = re.compile(r"^\s*\.loc\s+\d+\s+(\d+)")
_NO_LINE = re.compile(r"^\s*(\.|#|//|$)|^\.?L?\w*tmp\d+:|^\s*//")
HIDDEN = 0  # LLVM's line for what belongs to no line


@dataclass(frozen=True, slots=True)
class Part:
    """One instruction of a program, and what became of it."""

    pc: int  # slot; -1: what belongs to no instruction
    text: str  # the instruction
    source_line: int  # of the C text; 0: not known
    written: tuple[str, ...]  # LLVM IR as we write it
    optimized: tuple[str, ...]  # and as LLVM leaves it
    assembly: tuple[str, ...]
    code: tuple[tuple[int, bytes], ...]  # machine code: where in the section, bytes


@dataclass(frozen=True, slots=True)
class Listing:
    """A program in all its forms, by instruction."""

    triple: str  # the machine: x86_64-unknown-linux-gnu
    parts: tuple[Part, ...]

    def __str__(self) -> str:
        return "\n".join(line for part in self.parts for line in _lines(part))


def _lines(part: Part) -> Iterator[str]:
    yield f"{part.pc:>4}: {part.text}" if part.pc >= 0 else "   -:"
    for ir in part.optimized:
        yield f"        {ir.strip()}"
    for line in part.assembly:
        yield f"                {' '.join(line.split())}"
    for offset, code in part.code:
        yield f"                {offset:>6x}: {code.hex(' ')}"


def listing(program: Program, *, triple: str = "") -> Listing:
    """Show what a program is compiled to.

    Args:    triple: another machine by LLVM's name ("aarch64-linux-gnu").
    Raises:  RunError: there is no LLVM, or it knows no such machine. ProgramError,
             EncodingError, MapError: the program cannot be loaded.
    """
    library = Library.around(program, {})
    order = order_of(library.first, debug=True)
    machine = machine_code.machine(triple)
    written = module_of(order)
    module = machine_code.optimized(written.text, machine)
    ours = defaultdict[int, list[str]](list)
    for lines in written.origins.values():
        for line, pc in lines:
            ours[pc].append(line.split(", !dbg")[0])
    optimized = _optimized(str(module))
    # LLVM changes a module of which it makes code: both are made of equal ones
    assembly = _assembly(machine.emit_assembly(module.clone()))
    code = _code(machine.emit_object(module.clone()))
    names, insns = names_in(program), program.insns
    parts = []
    for pc in (-1, *(pc for pc, insn in enumerate(insns) if insn)):
        insn = insns[pc] if pc >= 0 else None
        place = source_line(program, pc) if insn else None
        part = Part(
            pc=pc,
            text=disassemble_insn(insn, names) if insn else "",
            source_line=place.line if place else 0,
            written=tuple(ours[pc]),
            optimized=tuple(optimized[pc]),
            assembly=tuple(assembly[pc]),
            code=tuple(code[pc]),
        )
        parts.append(part)
    return Listing(machine.triple, tuple(parts))


def _optimized(text: str) -> dict[int, list[str]]:
    """Sort the lines of optimized IR by slot."""
    lines = defaultdict[int, list[str]](list)
    slots = {number: int(line) - 1 for number, line in _LOCATION.findall(text)}
    inside = False
    for line in text.splitlines():
        inside = (inside or line.startswith("define")) and line != "}"
        found = _DEBUG.search(line)
        if inside and line and not line.startswith("define"):
            pc = slots.get(found.group(1), -1) if found else -1
            lines[max(pc, -1)].append(_DEBUG.sub("", line))
    return lines


def _assembly(text: str) -> dict[int, list[str]]:
    """Sort the lines of assembly by slot; LLVM writes no comments behind them."""
    lines, pc, inside = defaultdict[int, list[str]](list), -1, False
    for line in text.splitlines():
        if line.startswith("f") and line.split()[0].endswith(":"):
            inside, pc = True, -1
        if ".cfi_endproc" in line:
            inside = False
        place = _LOC.match(line)
        if place:
            pc = max(int(place.group(1)) - 1, -1)
        elif inside and not _NO_LINE.match(line):
            lines[pc].append(line.rstrip())
    return lines


def _code(elf: bytes) -> dict[int, list[tuple[int, bytes]]]:
    """Sort the bytes of the code section by slot, from the object's line table."""
    from elftools.elf.elffile import ELFFile

    file = ELFFile(io.BytesIO(elf))
    symbols: Any = file.get_section_by_name(".symtab")
    (first,) = symbols.get_symbol_by_name("f0")
    text = file.get_section(first["st_shndx"]).data()
    pieces = defaultdict[int, list[tuple[int, bytes]]](list)
    dwarf = file.get_dwarf_info()
    for unit in dwarf.iter_CUs():
        states = [
            entry.state
            for entry in _line_program(dwarf, unit).get_entries()
            if entry.state
        ]
        for state, following in pairwise(states):
            start, end = state.address, following.address
            if not state.end_sequence and end > start:
                pieces[max(state.line - 1, -1)].append((start, text[start:end]))
    return pieces


def _line_program(dwarf: Any, unit: Any) -> Any:
    return dwarf.line_program_for_CU(unit)
