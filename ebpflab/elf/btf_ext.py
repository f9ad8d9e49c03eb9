""".BTF.ext: which function starts where, and which source line an instruction is from.

    struct btf_ext_header   magic, version, flags, hdr_len, func_info off/len,
                            line_info off/len, core_relo off/len
    each part               record size, then by section: name, count, records

Records name instructions by their offset in bytes in a section of the object; once a
program is linked they count slots (line_info.py). Source: Documentation/bpf/btf.rst.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from ebpflab.broken import reading
from ebpflab.btf import Btf
from ebpflab.btf.layout import MAGIC

HEADER = struct.Struct("<HBBI")
_PART = struct.Struct("<II")
FUNC = struct.Struct("<II")
LINE = struct.Struct("<IIII")
CORE = struct.Struct("<IIII")
SLOT_BYTES = 8


@dataclass(frozen=True, slots=True)
class Record:
    """One record: a section, a slot in it, and the numbers that follow."""

    section: str
    slot: int
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class BtfExt:
    """The three lists of one object."""

    functions: tuple[Record, ...] = ()  # (type id of the FUNC,)
    lines: tuple[Record, ...] = ()  # (file name, line text, line << 10 | column)
    core: tuple[Record, ...] = ()  # (type id, access string, kind)


def parse(raw: bytes, btf: Btf) -> BtfExt:
    """Read .BTF.ext; its strings stand in .BTF.

    Raises:  ObjectError: not BTF.ext, or cut.
    """
    with reading("section .BTF.ext"):
        magic, _, _, length = HEADER.unpack_from(raw)
        if magic != MAGIC:
            raise ValueError(f"magic {magic:#06x}, not {MAGIC:#06x}")
        parts = []
        for number, record in enumerate((FUNC, LINE, CORE)):
            place = HEADER.size + _PART.size * number
            present = place + _PART.size <= length
            offset, size = _PART.unpack_from(raw, place) if present else (0, 0)
            body = raw[length + offset : length + offset + size]
            parts.append(tuple(_records(body, record, btf)))
    return BtfExt(*parts)


def _records(body: bytes, record: struct.Struct, btf: Btf) -> Iterator[Record]:
    if not body:
        return
    (size,) = struct.unpack_from("<I", body)
    if size < record.size:
        raise ValueError(f"records of {size} bytes, {record.size} needed")
    place = 4
    while place < len(body):
        name, count = _PART.unpack_from(body, place)
        section, place = btf.string(name), place + _PART.size
        if place + count * size > len(body):
            raise ValueError(f"{count} records promised for {section}")
        for _ in range(count):
            offset, *values = record.unpack_from(body, place)
            yield Record(section, offset // SLOT_BYTES, tuple(values))
            place += size
