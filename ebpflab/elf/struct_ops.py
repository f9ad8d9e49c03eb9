"""struct_ops: structures of functions that programs fill, read as what they say.

    SEC(".struct_ops") struct tcp_congestion_ops mine = { .init = (void *)start, ... };

The kernel calls the program `start` where it would have called the function `init` of
its own structure. Not here: making such a structure in a kernel.
Source: docs.kernel.org/bpf/libbpf, "struct_ops".
"""

from collections.abc import Iterator

from ebpflab.btf import Btf, Kind, Type
from ebpflab.elf.file import ElfFile, Symbol

SECTIONS = (".struct_ops", ".struct_ops.link", "?.struct_ops", "?.struct_ops.link")


def filled_structures(elf: ElfFile, btf: Btf | None) -> Iterator[tuple[str, str, str]]:
    """Yield (variable, structure, "member = program, ...") for each of an object."""
    for symbol, structure in _structures(elf, btf):
        rows = _rows(elf, symbol, structure)
        members = ", ".join(f"{member} = {program}" for member, program in rows)
        yield symbol.name, structure.name, members


def filled_by(elf: ElfFile, btf: Btf | None) -> dict[str, str]:
    """Return what each program of an object fills: {"start": "ops.init"}."""
    return {
        program: f"{structure.name}.{member}"
        for symbol, structure in _structures(elf, btf)
        for member, program in _rows(elf, symbol, structure)
    }


def _structures(elf: ElfFile, btf: Btf | None) -> Iterator[tuple[Symbol, Type]]:
    """Yield the variables that hold such structures, with their types."""
    for symbol in elf.symbols:
        section = elf.sections[symbol.section]
        if section.name in SECTIONS and symbol.type == "STT_OBJECT" and btf:
            variable = btf.find(symbol.name, Kind.VAR)
            yield symbol, btf.resolve(variable.type if variable else 0)


def _rows(elf: ElfFile, symbol: Symbol, structure: Type) -> Iterator[tuple[str, str]]:
    """Yield (member, program) for what is filled."""
    names = {member.offset: member.name for member in structure.members}
    start, end = symbol.value, symbol.value + symbol.size
    for row in elf.relocations.get(symbol.section, ()):
        if start <= row.offset < end:
            yield names.get(row.offset - start, "?"), row.symbol.name
