"""One object file, read as a whole: `load`. The other files here read its parts.

    file.py        ELF: sections, symbols, relocations
    btf_finish.py  what the compiler left open in the types (types: btf/)
    btf_ext.py     functions and lines; line_info.py: the same of one program
    maps.py        maps and global variables
    functions.py   code; link.py, relocations.py: joined into programs
    core.py        places in kernel structures, moved to where this kernel has them
    sections.py    SEC("...") -> program type; notices.py: what is odd about it all
    dwarf.py       local variables on the stack; stack_sizes.py
    host.py        executables that carry objects inside
    kconfig.py     options of the kernel; kernel_symbols.py: its functions, variables

Not here: giving anything of it to a kernel.
"""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import SupportsBytes

from ebpflab.broken import reading
from ebpflab.btf import Btf
from ebpflab.btf.kernel import kernel_btf
from ebpflab.elf.btf_ext import BtfExt
from ebpflab.elf.btf_ext import parse as parse_ext
from ebpflab.elf.btf_finish import finish
from ebpflab.elf.core import relocate
from ebpflab.elf.dwarf import find_variables
from ebpflab.elf.file import ElfFile, parse
from ebpflab.elf.functions import Function, decode_sections, find_functions
from ebpflab.elf.host import embedded, is_host, joined
from ebpflab.elf.kconfig import kconfig_map, options
from ebpflab.elf.kernel_symbols import find_symbol
from ebpflab.elf.line_info import func_info, line_info, lines
from ebpflab.elf.link import Linker, Parts
from ebpflab.elf.maps import find_maps
from ebpflab.elf.notices import notices
from ebpflab.elf.sections import meaning_of
from ebpflab.elf.struct_ops import filled_by
from ebpflab.errors import ObjectError
from ebpflab.isa.codec import encode
from ebpflab.isa.insn import Insn
from ebpflab.program import MapSpec, Object, Program, as_bytes

UNKNOWN_TYPE = "unspec"
MAX_BYTES = 1 << 29  # of one file; executables of Go are the largest that are met


def load(source: str | os.PathLike[str] | bytes | SupportsBytes) -> Object:
    """Read an object file, from its path or its bytes; or a host program's objects.

    An executable that carries eBPF objects inside gives all that they hold; where it
    carries several, programs and maps are named `object:program`, `object:map`.

    Raises:  ObjectError: no such file, no eBPF object, or none inside.
    Kernel differs: nothing is loaded yet; a section name that libbpf no longer takes
             is understood when it begins with a type, and `notices` says so.
    """
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        return _read_any(_contents(path), path.stem)
    return _read_any(as_bytes(source, "source"), "")


def _contents(path: Path) -> bytes:
    """Return what a file holds; only of a file, and only what memory can hold."""
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise ObjectError.of("object-too-large", at=str(path), size=size)
        if path.exists() and not path.is_file():
            raise ObjectError.of("object-no-file", at=str(path))
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise ObjectError.of("object-unreadable", at=str(path), error=error) from error


def _read_any(raw: bytes, name: str) -> Object:
    if not is_host(raw):
        return read(raw, name)
    return joined([read(inside, name) for inside in embedded(raw)], name, raw)


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
            {spec.name: spec for spec in _maps(parts)},
            license=license,
            name=name,
            notices=tuple(notices(parts, mains, type)),
            btf=parts.btf.raw if parts.btf else None,
            elf=raw,
        )


def _take_apart(elf: ElfFile) -> Parts:
    types, ext = elf.section(".BTF"), elf.section(".BTF.ext")
    declared = Btf.parse(types.data) if types else None
    btf = finish(declared, types, elf) if declared and types else None
    functions, maps = find_functions(elf), find_maps(elf, btf)
    code = decode_sections(functions)
    details = parse_ext(ext.data, btf) if ext and btf else BtfExt()
    missing = _fit_to_kernel(functions, code, details, btf) if btf else ()
    return Parts(
        elf,
        functions,
        code,
        maps,
        btf,
        details,
        missing=tuple(missing),
        kernel_symbol=lambda name: find_symbol(name, declared),
        options={o.name: o.offset for o in options(btf)} if btf else {},
        kconfig=kconfig_map(elf, btf),
        fills=filled_by(elf, btf),
    )


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


def _maps(parts: Parts) -> Iterator[MapSpec]:
    yield from (place.spec for place in parts.maps)
    if parts.kconfig:
        yield parts.kconfig


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
    if (callback := parts.exception_callback(main)) and callback not in linker.placed:
        linker.add(callback)
    meaning, ext, btf = meaning_of(main.section.name), parts.btf_ext, parts.btf
    own_type = meaning.kind.type if meaning else UNKNOWN_TYPE
    rows = tuple(lines(ext.lines, linker.placed, btf)) if btf else ()
    fits = meaning is not None and type in (None, own_type)
    target = parts.fills.get(main.name) or (meaning.attach_to if meaning else None)
    return Program(
        encode(linker.out),
        type=type or own_type,
        expected_attach_type=meaning.kind.attach_type if meaning and fits else None,
        attach_to=target if fits else None,
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
