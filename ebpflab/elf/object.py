"""One object file, read as a whole: `load`. The other files here read its parts.

    file.py        ELF: sections, symbols, relocations
    btf.py         types; btf_finish.py: what the compiler left open in them
    btf_ext.py     functions and lines; line_info.py: the same of one program
    maps.py        maps and global variables
    functions.py   code; link.py, relocations.py: joined into programs
    core.py        places in kernel structures, moved to where this kernel has them
    sections.py    SEC("...") -> program type
    dwarf.py       local variables on the stack; stack_sizes.py

Not here: anything about files that hold objects inside.
"""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import SupportsBytes

from ebpflab.elf.broken import reading
from ebpflab.elf.btf import Btf
from ebpflab.elf.btf_ext import BtfExt
from ebpflab.elf.btf_ext import parse as parse_ext
from ebpflab.elf.btf_finish import finish
from ebpflab.elf.core import relocate
from ebpflab.elf.dwarf import find_variables
from ebpflab.elf.file import ElfFile, parse
from ebpflab.elf.functions import TEXT, Function, decode_sections, find_functions
from ebpflab.elf.kernel_btf import kernel_btf, kernel_id
from ebpflab.elf.line_info import func_info, line_info, lines
from ebpflab.elf.link import Linker, Parts
from ebpflab.elf.maps import filled_slots, find_maps
from ebpflab.elf.sections import SectionMeaning, meaning_of
from ebpflab.errors import ObjectError
from ebpflab.isa.codec import encode
from ebpflab.isa.insn import Insn
from ebpflab.language import catalogue
from ebpflab.program import Object, Program, as_bytes

UNKNOWN_TYPE = "unspec"


def load(source: str | os.PathLike[str] | bytes | SupportsBytes) -> Object:
    """Read an object file, from its path or its bytes.

    Raises:  ObjectError: no such file, or not an eBPF object.
    Kernel differs: nothing is loaded yet; a section name that libbpf no longer takes
             is understood when it begins with a type, and `notices` says so.
    """
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        try:
            return read(path.read_bytes(), path.stem)
        except (OSError, ValueError) as error:
            raise ObjectError.of(
                "object-unreadable", at=str(path), error=error
            ) from error
    return read(as_bytes(source, "source"))


def read(raw: bytes, name: str = "", type: str | None = None) -> Object:
    """Read an object from its bytes; `type` overrides what the sections say.

    Raises:  ObjectError: not an eBPF object, or broken.
    """
    with reading(name or "object"):
        parts = _take_apart(parse(raw))
        license = _license(parts.elf)
        mains = _mains(parts, type)
        variables = find_variables(parts.elf, tuple(mains))
        programs = {
            f.name: replace(
                _program(parts, f, license, type), variables=variables.get(f, ())
            )
            for f in mains
        }
        return Object(
            programs,
            {m.spec.name: m.spec for m in parts.maps},
            license=license,
            name=name,
            notices=tuple(_notices(parts, mains, type)),
            btf=parts.btf.raw if parts.btf else None,
            elf=raw,
        )


def _take_apart(elf: ElfFile) -> Parts:
    types, ext = elf.section(".BTF"), elf.section(".BTF.ext")
    btf = finish(Btf.parse(types.data), types, elf) if types else None
    functions, maps = find_functions(elf), find_maps(elf, btf)
    code = decode_sections(functions)
    if not (ext and btf):
        return Parts(elf, functions, code, maps, btf, BtfExt(), kernel_id)
    details = parse_ext(ext.data, btf)
    missing = tuple(_fit_to_kernel(functions, code, details, btf))
    return Parts(elf, functions, code, maps, btf, details, kernel_id, missing)


def _fit_to_kernel(
    functions: tuple[Function, ...],
    code: dict[int, list[Insn | None]],
    details: BtfExt,
    btf: Btf,
) -> Iterator[str]:
    """Do the CO-RE relocations; yield what the kernel does not have."""
    kernel = kernel_btf() if details.core else None
    indices = {f.section.name: f.section.index for f in functions}
    for record in details.core if kernel else ():
        if kernel and record.section in indices:
            section = code[indices[record.section]]
            if missing := relocate(section, record, btf, kernel):
                yield missing


def _license(elf: ElfFile) -> str:
    section = elf.section("license")
    return section.data.split(b"\0")[0].decode() if section else ""


def _mains(parts: Parts, type: str | None) -> list[Function]:
    """Return the functions that are programs.

    Where none has a section of its own, those of .text are, if their type was given.
    """
    mains = [f for f in parts.functions if not f.is_subprogram]
    if not mains and type:
        mains = [f for f in parts.functions if not f.is_local]
    return mains


def _program(parts: Parts, main: Function, license: str, type: str | None) -> Program:
    linker = Linker(parts)
    linker.add(main)
    meaning, ext, btf = meaning_of(main.section.name), parts.btf_ext, parts.btf
    own_type = meaning.kind.type if meaning else UNKNOWN_TYPE
    rows = tuple(lines(ext.lines, linker.placed, btf)) if btf else ()
    fits = meaning is not None and type in (None, own_type)
    return Program(
        encode(linker.out),
        type=type or own_type,
        expected_attach_type=meaning.kind.attach_type if meaning and fits else None,
        attach_to=meaning.attach_to if meaning and fits else None,
        flags=meaning.kind.flags if meaning and fits else 0,
        maps=linker.maps,
        name=main.name,
        license=license,
        btf=btf.raw if btf else None,
        func_info=func_info(ext.functions, linker.placed) if btf else None,
        line_info=line_info(ext.lines, linker.placed) if btf else None,
        lines=rows,
        source_name=rows[0].file if rows else "",
    )


def _notices(parts: Parts, mains: list[Function], type: str | None) -> Iterator[str]:
    """Yield what a reader of this object should know."""
    say = catalogue().say
    for section in dict.fromkeys(f.section.name for f in mains if not type):
        meaning: SectionMeaning | None = meaning_of(section)
        if meaning is None:
            yield say("section-unknown", section=section)
        elif not meaning.exact:
            yield say("section-inexact", section=section, prefix=meaning.kind.prefix)
    if not mains and any(f.section.name == TEXT for f in parts.functions):
        yield say("no-section")
    if parts.btf_ext.core and kernel_btf() is None:
        yield say("core-no-kernel")
    for name in dict.fromkeys(parts.missing):
        yield say("core-missing", name=name)
    for place in parts.maps:
        name, slots = place.spec.name, filled_slots(parts.elf, place)
        if place.pinned:
            yield say("map-pinned", map=name)
        if slots:
            yield say("map-slots", map=name, slots=", ".join(slots))
