"""`.stack_sizes`: how many bytes of stack each function uses.

The compiler writes it when asked (-fstack-size-section): an address of 8 bytes, then
the size as ULEB128 (7 bits a byte, the highest bit says that more follow). DWARF counts
from the lowest byte of a frame, eBPF from the highest, so this is the way across.
"""

import struct
from collections.abc import Iterator

from ebpflab.broken import reading
from ebpflab.elf.file import ElfFile, Section

NAME = ".stack_sizes"
ADDRESS = struct.Struct("<Q")


def stack_sizes(elf: ElfFile) -> dict[tuple[int, int], int]:
    """Return bytes of stack by (section, byte where the function starts)."""
    sizes: dict[tuple[int, int], int] = {}
    for section in elf.sections:
        if section.name == NAME:
            with reading(f"section {NAME}"):
                sizes.update(_entries(elf, section))
    return sizes


def _entries(elf: ElfFile, section: Section) -> Iterator[tuple[tuple[int, int], int]]:
    rows = elf.relocations.get(section.index, ())
    symbols = {row.offset: row.symbol for row in rows}
    place = 0
    while place < len(section.data):
        (address,) = ADDRESS.unpack_from(section.data, place)
        symbol = symbols[place]
        size, place = _uleb128(section.data, place + ADDRESS.size)
        yield (symbol.section, symbol.value + address), size


def _uleb128(data: bytes, place: int) -> tuple[int, int]:
    """Return the number at `place`, and the place behind it."""
    number = shift = 0
    while True:
        byte = data[place]
        number, shift, place = number | (byte & 0x7F) << shift, shift + 7, place + 1
        if not byte & 0x80:
            return number, place
