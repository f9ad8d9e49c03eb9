"""A program as text: assembled from it, written out as it, and places named in it.

The spelling is isa/'s; what is added here is what only a program knows: the names of
its maps, and the C lines that its instructions come from.
"""

from collections.abc import Sequence

from ebpflab.errors import expect
from ebpflab.isa.assembler import assemble_insns
from ebpflab.isa.codec import encode
from ebpflab.isa.disassembler import Names, disassemble_insn
from ebpflab.isa.disassembler import disassemble as disassemble_insns
from ebpflab.program import LineInfo, MapSpec, Program


def assemble(
    text: str,
    *,
    type: str,
    maps: Sequence[MapSpec] = (),
    name: str = "prog",
    license: str = "GPL",
) -> Program:
    """Make a program from assembler text.

    The spelling is the verifier log's; LLVM's and bpftool's are understood too.
    `r1 = my_map ll` names a map of `maps`.

    Raises:  AssemblyError: with line, column, and what was expected there.
    """
    expect(text, str, "text")
    expect(maps, (list, tuple), "maps")
    for spec in maps:
        expect(spec, MapSpec, "maps[...]")
    insns = assemble_insns(text, maps=[spec.name for spec in maps])
    return Program(encode(insns), type=type, maps=maps, name=name, license=license)


def disassemble(program: Program) -> str:
    """Return a program as text, one line an instruction; `assemble` reads it back.

    Raises:  EncodingError: the code is not whole instructions.
    """
    expect(program, Program, "program")
    return disassemble_insns(program.insns, names_in(program))


def names_in(program: Program) -> Names:
    """Return what the maps of a program are called."""
    return Names(maps=[spec.name for spec in program.maps])


def source_line(program: Program, pc: int) -> LineInfo | None:
    """Return the C line that slot `pc` comes from: the last one told before it."""
    before = [line for line in program.lines if line.pc <= pc]
    return max(before, key=lambda line: line.pc) if before else None


def place_of(program: Program, pc: int) -> str:
    """Name the place of an instruction: slot, text, and C line where there is one."""
    insn = program.insns[pc] if 0 <= pc < len(program.insns) else None
    text = disassemble_insn(insn, names_in(program)) if insn else ""
    place = f"insn {pc}: {text}" if text else f"insn {pc}"
    line = source_line(program, pc)
    if line is None:
        return place
    return f"{place}\n{line.file}:{line.line}: {line.text.strip()}"
