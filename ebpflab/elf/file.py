"""An ELF file as plain records: sections, symbols, relocations.

pyelftools reads the headers; from here on nobody needs it (except for DWARF). Contents
are sliced from the file with their bounds checked. Not here: what any section means.
Source: the ELF specification; Documentation/bpf/llvm_reloc.rst for BPF's relocations.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from ebpflab.broken import ANYTHING, reading
from ebpflab.errors import ObjectError

MACHINE = "EM_BPF"
SHF_EXECINSTR = 0x4
HIDDEN = ("STV_HIDDEN", "STV_INTERNAL")


@dataclass(frozen=True, slots=True)
class Section:
    """One section; `data` is empty for one without contents in the file (.bss)."""

    index: int
    name: str
    type: str  # SHT_PROGBITS, ...
    flags: int
    size: int  # bytes
    data: bytes

    @property
    def is_code(self) -> bool:
        return bool(self.flags & SHF_EXECINSTR) and self.type == "SHT_PROGBITS"


@dataclass(frozen=True, slots=True)
class Symbol:
    """One name with its place."""

    name: str
    section: int  # index; 0 = defined elsewhere (extern)
    value: int  # bytes from the section's start
    size: int  # bytes
    type: str  # STT_FUNC, STT_OBJECT, STT_SECTION, ...
    bind: str  # STB_GLOBAL, STB_LOCAL, STB_WEAK
    hidden: bool


@dataclass(frozen=True, slots=True)
class Relocation:
    """One place that waits for the address of a symbol."""

    offset: int  # bytes from the start of the section to be changed
    type: int
    symbol: Symbol


@dataclass(frozen=True)
class ElfFile:
    """The parts of one object file; section i stands at index i."""

    sections: tuple[Section, ...]
    symbols: tuple[Symbol, ...]
    relocations: Mapping[int, tuple[Relocation, ...]]  # by section to be changed
    raw: bytes

    def section(self, name: str) -> Section | None:
        """Return the first section of this name."""
        return next((s for s in self.sections if s.name == name), None)


def parse(raw: bytes) -> ElfFile:
    """Read an eBPF object file.

    Raises:  ObjectError: not ELF, not eBPF, or broken.
    """
    if raw[:4] != b"\x7fELF":
        raise ObjectError.of("object-not-elf", start=raw[:4].hex(" ") or "-")
    elf = _open(raw)
    with reading("section headers", ANYTHING):
        headers = list(elf.iter_sections())
        sections = tuple(_section(i, s, raw) for i, s in enumerate(headers))
    with reading("symbols", ANYTHING):
        symbols = tuple(_symbols(headers, len(sections)))
    with reading("relocations", ANYTHING):
        relocations = dict(_relocations(headers, symbols))
    return ElfFile(sections, symbols, relocations, raw)


def _open(raw: bytes) -> Any:
    try:
        from elftools.elf.elffile import ELFFile
    except ImportError as error:
        raise ObjectError.of("object-needs-pyelftools") from error
    with reading("ELF header", ANYTHING):
        elf = ELFFile(BytesIO(raw))
        machine, little = elf.header["e_machine"], elf.little_endian
    if machine != MACHINE or not little or elf.elfclass != 64:
        order = "little" if little else "big"
        raise ObjectError.of("object-not-bpf", machine=machine, order=order)
    return elf


def _section(index: int, section: Any, raw: bytes) -> Section:
    header = section.header
    kind, offset, size = header["sh_type"], header["sh_offset"], header["sh_size"]
    filled = kind not in ("SHT_NOBITS", "SHT_NULL")
    if filled and offset + size > len(raw):
        raise ValueError(f"{section.name}: bytes {offset} to {offset + size}")
    data = raw[offset : offset + size] if filled else b""
    return Section(index, section.name, str(kind), header["sh_flags"], size, data)


def _symbols(headers: list[Any], count: int) -> Iterator[Symbol]:
    for section in headers:
        if section.header["sh_type"] == "SHT_SYMTAB":
            for symbol in section.iter_symbols():
                yield _symbol(symbol.name, symbol.entry, count)


def _symbol(name: str, entry: Any, count: int) -> Symbol:
    place = entry["st_shndx"]
    section = place if isinstance(place, int) and place < count else 0
    info, hidden = entry["st_info"], entry["st_other"]["visibility"] in HIDDEN
    kind, bind = str(info["type"]), str(info["bind"])
    return Symbol(
        name, section, entry["st_value"], entry["st_size"], kind, bind, hidden
    )


def _relocations(
    headers: list[Any], symbols: tuple[Symbol, ...]
) -> Iterator[tuple[int, tuple[Relocation, ...]]]:
    for section in headers:
        if section.header["sh_type"] == "SHT_REL":
            rows = (r.entry for r in section.iter_relocations())
            yield (
                section.header["sh_info"],
                tuple(
                    Relocation(
                        row["r_offset"], row["r_info_type"], symbols[row["r_info_sym"]]
                    )
                    for row in rows
                ),
            )
