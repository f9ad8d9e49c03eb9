"""Function and line records of one linked program, as Linux wants them.

    bpf_func_info   slot, type id of the FUNC in BTF
    bpf_line_info   slot, file name, line text, line << 10 | column

The names and texts are offsets into BTF's strings. The same records, read, are the
`LineInfo` rows that people see. Source: Documentation/bpf/btf.rst, section 4.
"""

from collections.abc import Iterator, Mapping, Sequence

from ebpflab.btf import Btf
from ebpflab.elf.btf_ext import FUNC, LINE, Record
from ebpflab.elf.functions import Function
from ebpflab.program import LineInfo

COLUMN_BITS = 10


def moved(
    records: Sequence[Record], placed: Mapping[Function, int]
) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Yield (slot in the program, values) of the records of its functions."""
    for function, base in placed.items():
        end = function.start + function.slots
        for record in records:
            inside = function.start <= record.slot < end
            if inside and record.section == function.section.name:
                yield base + record.slot - function.start, record.values


def func_info(records: Sequence[Record], placed: Mapping[Function, int]) -> bytes:
    """Return the function records of a program, by rising slot."""
    return b"".join(FUNC.pack(slot, *values) for slot, values in moved(records, placed))


def line_info(records: Sequence[Record], placed: Mapping[Function, int]) -> bytes:
    """Return the line records of a program, by rising slot."""
    return b"".join(LINE.pack(slot, *values) for slot, values in moved(records, placed))


def lines(
    records: Sequence[Record], placed: Mapping[Function, int], btf: Btf
) -> Iterator[LineInfo]:
    """Yield the rows that people see."""
    for slot, (file, text, place) in moved(records, placed):
        line, column = place >> COLUMN_BITS, place & (1 << COLUMN_BITS) - 1
        yield LineInfo(
            slot, btf.string(file).removeprefix("./"), line, column, btf.string(text)
        )
