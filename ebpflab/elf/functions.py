"""Functions of an object: where each begins and ends, counted in slots.

Several stand in one section. Those that Linux enters by itself are programs; the others
(`.text`, and what is local to the file) are subprograms, which the programs call. What
is local but has a section of its own is a program too: older loaders went by sections.
"""

from collections import Counter
from dataclasses import dataclass, replace

from ebpflab.broken import reading
from ebpflab.elf.file import ElfFile, Section
from ebpflab.isa.codec import SLOT_BYTES, decode
from ebpflab.isa.insn import Insn

TEXT = ".text"


@dataclass(frozen=True, slots=True)
class Function:
    """One function, `slots` long, from slot `start` of its section."""

    name: str
    section: Section
    start: int
    slots: int
    is_local: bool
    is_alone: bool = False  # in its section

    @property
    def is_subprogram(self) -> bool:
        return self.section.name == TEXT or (self.is_local and not self.is_alone)


def find_functions(elf: ElfFile) -> tuple[Function, ...]:
    """Return every function, by section and place.

    Raises:  ObjectError: one that reaches out of its section.
    """
    found = []
    for symbol in elf.symbols:
        section = elf.sections[symbol.section]
        if symbol.type != "STT_FUNC" or not section.is_code:
            continue
        with reading(f"function {symbol.name}"):
            start, slots = symbol.value // SLOT_BYTES, symbol.size // SLOT_BYTES
            if (symbol.value | symbol.size) % SLOT_BYTES or not slots:
                raise ValueError(f"{symbol.size} bytes from {symbol.value}")
            if symbol.value + symbol.size > section.size:
                raise ValueError(f"it ends outside section {section.name}")
        local = symbol.bind == "STB_LOCAL"
        found.append(Function(symbol.name, section, start, slots, local))
    count = Counter(f.section.index for f in found)
    told = (replace(f, is_alone=count[f.section.index] == 1) for f in found)
    return tuple(sorted(told, key=lambda f: (f.section.index, f.start)))


def decode_sections(functions: tuple[Function, ...]) -> dict[int, list[Insn | None]]:
    """Return the instructions of each section that has functions, by slot."""
    sections = {f.section.index: f.section for f in functions}
    code = {}
    for index, section in sections.items():
        with reading(f"section {section.name}"):
            code[index] = list(decode(section.data))
    return code
