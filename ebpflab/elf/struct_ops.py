"""struct_ops: structures of functions that programs fill, read as what they say.

    SEC(".struct_ops") struct tcp_congestion_ops mine = { .init = (void *)start, ... };

The kernel calls the program `start` where it would have called the function `init` of
its own structure. Not here: making such a structure in a kernel.
Source: docs.kernel.org/bpf/libbpf, "struct_ops".
"""

from collections.abc import Iterator

from ebpflab.elf.btf import Btf, Kind, Type
from ebpflab.elf.file import ElfFile, Symbol

SECTIONS = (".struct_ops", ".struct_ops.link", "?.struct_ops", "?.struct_ops.link")


def filled_structures(elf: ElfFile, btf: Btf | None) -> Iterator[tuple[str, str, str]]:
    """Yield (variable, structure, "member = program, ...") for each of an object."""
    for symbol in elf.symbols:
        section = elf.sections[symbol.section]
        if section.name in SECTIONS and symbol.type == "STT_OBJECT" and btf:
            variable = btf.find(symbol.name, Kind.VAR)
            structure = btf.resolve(variable.type if variable else 0)
            yield symbol.name, structure.name, _members(elf, symbol, structure)


def _members(elf: ElfFile, symbol: Symbol, structure: Type) -> str:
    """Name the members that are filled, and with which programs."""
    names = {member.offset: member.name for member in structure.members}
    start, end = symbol.value, symbol.value + symbol.size
    rows = elf.relocations.get(symbol.section, ())
    return ", ".join(
        f"{names.get(row.offset - start, '?')} = {row.symbol.name}"
        for row in rows
        if start <= row.offset < end
    )
