"""Maps of an object: `.maps` (described by BTF), the older `maps`, and global data.

In `.maps` nothing is stored: the *type* of each variable says it all. A member
`int (*max_entries)[256]` is how C writes the number 256, `struct flow *key` how it
names a type. Global variables are maps too: one array of one entry for each of
.rodata, .data and .bss. Source: libbpf's bpf_helpers.h (`__uint`, `__type`, `__array`).
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ebpflab.broken import reading
from ebpflab.btf import Btf, Kind, Member, Type
from ebpflab.elf.file import ElfFile, Section
from ebpflab.errors import ObjectError
from ebpflab.isa.map_types import MAP_TYPE_NAMES
from ebpflab.program import MapSpec

BTF_MAPS = ".maps"
LEGACY_MAPS = "maps"
BPF_F_RDONLY_PROG = 0x80
LEGACY = struct.Struct("<IIIII")  # type, key_size, value_size, max_entries, map_flags
FIRST_KEY = bytes(4)
DATA_PREFIXES = (".rodata", ".data", ".bss")
POINTER_BYTES = 8

# Types whose values are not data of their own: libbpf passes Linux no BTF for them.
WITHOUT_BTF = (
    *("perf_event_array", "cgroup_array", "stack_trace", "prog_array"),
    *("array_of_maps", "hash_of_maps", "devmap", "devmap_hash", "cpumap", "xskmap"),
    *("sockmap", "sockhash", "ringbuf", "user_ringbuf", "queue", "stack"),
    "reuseport_sockarray",
)
VALUE_IS_AN_FD = ("array_of_maps", "hash_of_maps", "prog_array")


@dataclass(frozen=True, slots=True)
class MapPlace:
    """A map and where its symbol stands: what relocations point at."""

    section: int
    offset: int  # bytes
    spec: MapSpec
    is_data: bool = False  # global variables: any offset inside is a place
    pinned: bool = False
    slots: int = 0  # bytes from its start to the pointers of `values`; 0 = none


def is_data(section: Section) -> bool:
    """Tell whether a section holds global variables."""
    return any(
        section.name == prefix or section.name.startswith(prefix + ".")
        for prefix in DATA_PREFIXES
    )


def find_maps(elf: ElfFile, btf: Btf | None) -> tuple[MapPlace, ...]:
    """Return every map of an object, in the order of its sections.

    Raises:  ObjectError: a description that is not one.
    """
    found: list[MapPlace] = []
    for section in elf.sections:
        if section.name == BTF_MAPS and btf:
            found += _described_maps(elf, section, btf)
        elif section.name == LEGACY_MAPS:
            found += _legacy_maps(elf, section)
        elif is_data(section) and section.size:
            found.append(_data_map(section, btf))
    return tuple(found)


def _filled(elf: ElfFile, place: MapPlace, size: int) -> dict[int, str]:
    """Return the maps or programs that `.values = {...}` puts into a map's slots."""
    start = place.offset + place.slots
    rows = elf.relocations.get(place.section, ()) if place.slots else ()
    inside = (r for r in rows if start <= r.offset < place.offset + size)
    return {(r.offset - start) // POINTER_BYTES: r.symbol.name for r in inside}


def _data_map(section: Section, btf: Btf | None) -> MapPlace:
    if section.size > 1 << 26:
        raise ObjectError.of("object-data-huge", at=section.name, size=section.size)
    contents = section.data.ljust(section.size, b"\0")
    constant = section.name.startswith(".rodata")
    described = btf.find(section.name, Kind.DATASEC) if btf else None
    return MapPlace(
        section.index,
        0,
        MapSpec(
            "array",
            len(FIRST_KEY),
            section.size,
            1,
            name=section.name,
            flags=BPF_F_RDONLY_PROG if constant else 0,
            init={FIRST_KEY: contents},
            frozen=constant,
            btf=btf.raw if btf and described else None,
            value_type=described.id if described else 0,
        ),
        is_data=True,
    )


def _legacy_maps(elf: ElfFile, section: Section) -> Iterator[MapPlace]:
    for symbol in elf.symbols:
        if symbol.section == section.index and symbol.type == "STT_OBJECT":
            place = f"section {section.name}, {symbol.name}"
            with reading(place):
                type, *sizes, flags = LEGACY.unpack_from(section.data, symbol.value)
            spec = MapSpec(_type_name(type, place), *sizes, name=symbol.name)
            yield MapPlace(section.index, symbol.value, replace(spec, flags=flags))


def _described_maps(elf: ElfFile, section: Section, btf: Btf) -> Iterator[MapPlace]:
    for symbol in elf.symbols:
        if symbol.section == section.index and symbol.type == "STT_OBJECT":
            place = f"section {section.name}, {symbol.name}"
            with reading(place):
                variable = btf.find(symbol.name, Kind.VAR)
                if not variable:
                    raise ValueError("BTF does not describe this map")
                found = _described(btf, variable.type, symbol.name, place)
                found = replace(found, section=section.index, offset=symbol.value)
                slots = _filled(elf, found, symbol.size)
                yield replace(found, spec=replace(found.spec, slots=slots))


def _described(btf: Btf, type: int, name: str, place: str) -> MapPlace:
    """Read the map that a struct type describes."""
    definition = btf.resolve(type)
    if definition.kind is not Kind.STRUCT:
        raise ObjectError.of("map-not-described", at=place, found=definition.kind.name)
    numbers: dict[str, int] = {}
    types: dict[str, int] = {}
    inner: MapSpec | None = None
    slots = 0
    for member in definition.members:
        if member.name in ("key", "value"):
            types[member.name] = _pointed(btf, member, place)
        elif member.name == "values":
            inner, slots = _inner(btf, member, name, place), member.offset
        else:
            numbers[member.name] = _number(btf, member, place)
    spec = _spec(btf, name, numbers, types, place)
    return MapPlace(
        0,
        0,
        replace(spec, inner=inner),
        pinned=bool(numbers.get("pinning")),
        slots=slots,
    )


def _spec(
    btf: Btf,
    name: str,
    numbers: Mapping[str, int],
    types: Mapping[str, int],
    place: str,
) -> MapSpec:
    kind = _type_name(numbers.get("type", 0), place)
    key_size = _size(btf, "key", numbers, types, place)
    value_size = _size(btf, "value", numbers, types, place)
    if kind in VALUE_IS_AN_FD:
        value_size = value_size or 4
    described: dict[str, Any] = {}
    if types and kind not in WITHOUT_BTF:
        described = {"btf": btf.raw, **{f"{p}_type": id for p, id in types.items()}}
    return MapSpec(
        kind,
        key_size,
        value_size,
        numbers.get("max_entries", 0),
        name=name,
        flags=numbers.get("map_flags", 0),
        extra=numbers.get("map_extra", 0),
        **described,
    )


def _size(
    btf: Btf,
    part: str,
    numbers: Mapping[str, int],
    types: Mapping[str, int],
    place: str,
) -> int:
    """Return the size of a key or value: as written, or that of its type."""
    said = numbers.get(f"{part}_size", 0)
    size = btf.size_of(types[part]) if part in types else said
    if said not in (0, size):
        raise ObjectError.of("map-two-sizes", at=place, part=part, said=said, size=size)
    return size


def _type_name(number: int, place: str) -> str:
    if number not in MAP_TYPE_NAMES:
        raise ObjectError.of("map-type-unknown", at=place, number=number)
    return MAP_TYPE_NAMES[number]


def _number(btf: Btf, member: Member, place: str) -> int:
    """Read `int (*member)[N]`, the way C has to say N in a type; or an enum of N."""
    if btf.resolve(member.type).kind in (Kind.ENUM, Kind.ENUM64):
        return btf.resolve(member.type).members[0].value
    pointed = btf.resolve(_pointed(btf, member, place))
    if pointed.kind is Kind.ARRAY:
        return pointed.count
    raise ObjectError.of("map-member-unreadable", at=place, member=member.name)


def _pointed(btf: Btf, member: Member, place: str) -> int:
    pointer = btf.resolve(member.type)
    if pointer.kind is not Kind.PTR:
        raise ObjectError.of("map-member-unreadable", at=place, member=member.name)
    return pointer.type


def _inner(btf: Btf, member: Member, name: str, place: str) -> MapSpec | None:
    """Read `typeof(struct {...}) *values[]`: the blueprint of the maps inside."""
    array = btf.resolve(member.type)
    pointed: Type = btf.resolve(_pointed(btf, replace(member, type=array.type), place))
    if pointed.kind is not Kind.STRUCT:  # functions: the slots of a prog_array
        return None
    return _described(btf, pointed.id, f"{name}.inner", place).spec
