"""Host programs: executables that carry eBPF objects inside, as tools usually do.

A tool's build turns its object file into a constant (libbpf: a skeleton, Go: bpf2go),
so the object lies whole somewhere among the tool's data. It is found by how it begins,
and ends where the last of its parts does:

    byte  0   7f 45 4c 46 02 01     ELF, 64 bits, little-endian
    byte 16   e_type                2, 3: an executable (1: an object)
    byte 18   e_machine             247: EM_BPF
    byte 40   e_shoff               where its section headers stand; 58: the size of
                                    one, 60: how many

What stands in an object is named by itself when it is alone, and `object:program`,
`object:map` when there are several. An object is called like the C file that its
lines come from. Not here: reading an object (object.py).
Source: the ELF specification; objects as Debian's libbpf-tools and xdp-tools hold them.
"""

import struct
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import PurePath

from ebpflab.broken import reading
from ebpflab.errors import ObjectError
from ebpflab.language import catalogue
from ebpflab.program import MapSpec, Object, Program

BEGINS = b"\x7fELF\x02\x01"
ELF_BYTES = 64  # of the header
TYPE_AT, EXECUTABLES = 16, (2, 3)  # ET_EXEC, ET_DYN
MACHINE_AT, EM_BPF = 18, 247
TABLE_AT, TABLE_SIZE_AT = 40, 58
SECTION = struct.Struct("<IIQQQQ")  # name, type, flags, address, offset, size
NOT_IN_FILE = (0, 8)  # SHT_NULL, SHT_NOBITS
MAX_OBJECTS = 256  # more than any tool carries


def is_host(raw: bytes) -> bool:
    """Tell an executable of another machine than BPF; objects may lie in it."""
    whole = raw[: len(BEGINS)] == BEGINS and len(raw) >= ELF_BYTES
    return whole and raw[TYPE_AT] in EXECUTABLES and _machine(raw, 0) != EM_BPF


def embedded(raw: bytes) -> Iterator[bytes]:
    """Yield the objects inside a host program, each once, in their order.

    Raises:  ObjectError: more objects than any tool carries.
    """
    found: set[bytes] = set()
    place = raw.find(BEGINS, 1)
    while place >= 0:
        size = _size(raw, place) if _machine(raw, place) == EM_BPF else 0
        inside = raw[place : place + size]
        if size and inside not in found:
            if len(found) == MAX_OBJECTS:
                raise ObjectError.of("host-too-many", limit=MAX_OBJECTS)
            found.add(inside)
            yield inside
        place = raw.find(BEGINS, place + max(size, 1))


def _machine(raw: bytes, place: int) -> int:
    return int.from_bytes(raw[place + MACHINE_AT : place + MACHINE_AT + 2], "little")


def _size(raw: bytes, place: int) -> int:
    """Return how long the object at `place` is: to the end of its last part."""
    end: int = ELF_BYTES
    with reading(f"byte {place}"):
        (table,) = struct.unpack_from("<Q", raw, place + TABLE_AT)
        each, count = struct.unpack_from("<HH", raw, place + TABLE_SIZE_AT)
        end = max(end, table + each * count)
        for number in range(count):
            row = place + table + each * number
            _, type, _, _, start, size = SECTION.unpack_from(raw, row)
            if type not in NOT_IN_FILE:
                end = max(end, start + size)
        if place + end > len(raw):
            raise ValueError(f"{end} bytes promised, {len(raw) - place} are there")
    return end


def joined(objects: Sequence[Object], name: str, raw: bytes) -> Object:
    """Return one object that holds what all of them hold.

    Raises:  ObjectError: there is none.
    """
    if not objects:
        raise ObjectError.of("host-empty", at=name, size=len(raw))
    names = _names(objects)
    told = catalogue().say("host-holds", count=len(objects), names=", ".join(names))
    if len(objects) == 1:
        (only,) = objects
        return replace(only, name=name, notices=(told, *only.notices), elf=raw)
    renamed = [_renamed(o, n) for o, n in zip(objects, names, strict=True)]
    licenses = dict.fromkeys(o.license for o in objects if o.license)
    return Object(
        dict(chain.from_iterable(o.programs.items() for o in renamed)),
        dict(chain.from_iterable(o.maps.items() for o in renamed)),
        license=", ".join(licenses),
        name=name,
        notices=(told, *chain.from_iterable(o.notices for o in renamed)),
        elf=raw,
    )


def _names(objects: Sequence[Object]) -> list[str]:
    """Name each object like its C file; later ones of one name get a number."""
    seen: Counter[str] = Counter()
    names = []
    for object in objects:
        name = _source_name(object)
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return names


def _source_name(object: Object) -> str:
    lines = chain.from_iterable(program.lines for program in object.programs.values())
    files = Counter(line.file for line in lines)
    sources = [file for file, _ in files.most_common() if file.endswith(".c")]
    name = PurePath([*sources, *files, "object"][0]).name
    return name.partition(".")[0]


def _renamed(object: Object, name: str) -> Object:
    """Put the object's name before the names of all that stands in it."""
    maps = {f"{name}:{key}": _as(spec, name) for key, spec in object.maps.items()}
    programs: dict[str, Program] = {}
    for key, program in object.programs.items():
        own = [_as(spec, name) for spec in program.maps]
        programs[f"{name}:{key}"] = replace(program, name=f"{name}:{key}", maps=own)
    notices = tuple(f"{name}: {notice}" for notice in object.notices)
    return replace(object, programs=programs, maps=maps, notices=notices)


def _as(spec: MapSpec, name: str) -> MapSpec:
    slots = {slot: f"{name}:{filled}" for slot, filled in spec.slots.items()}
    return replace(spec, name=f"{name}:{spec.name}", slots=slots)
