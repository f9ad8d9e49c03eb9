"""C source -> an Object: `compile`.

    toolchain.py     which compiler, how it is called
    cache.py         what was compiled before
    diagnostics.py   what it said -> errors that teach
    prototypes.py    the helpers' declarations; include/ has the other headers

Not here: reading what the compiler wrote (elf/).
"""

import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import NoneType

from ebpflab.c import cache
from ebpflab.c.diagnostics import error_from, wants_a_kernel, warnings
from ebpflab.c.kernel_header import NAME, NO_KFUNCS, kernel_header
from ebpflab.c.prototypes import helper_header
from ebpflab.c.toolchain import (
    HEADERS,
    HOSTED,
    KERNEL_TREE,
    Toolchain,
    options,
    run,
    toolchain,
)
from ebpflab.elf.object import read
from ebpflab.errors import CompileError, expect
from ebpflab.language import catalogue
from ebpflab.program import Object

USUAL_NAME = "prog.c"
OBJECT_NAME = "prog.o"
_KERNEL_TREE = r"#\s*include\s*[<\"]uapi/"  # how the kernel's own samples include
_MAY_INCLUDE = rf"{NAME}|#\s*include\s*\""  # itself, or by a header of the user's
_LIBRARY_CALL = re.compile(rb"\0(?:mem(?:cmp|cpy|move|set)|str(?:len|cmp))\0")
_PLAIN_NAME = r"\w[\w.+-]{0,99}"  # one that can be a file anywhere
_ARCHITECTURE = "__TARGET_ARCH_"
_PATH = (str, os.PathLike)


def compile(
    source: str | os.PathLike[str] | None = None,
    *,
    file: str | os.PathLike[str] | None = None,
    include: Iterable[str | os.PathLike[str]] = (),
    defines: Mapping[str, object] | None = None,
    cpu: str = "v3",
    type: str | None = None,
) -> Object:
    """Compile C into an object: programs, maps, and what the compiler remarked.

    Args:    source: C text, or a path (a name that ends in ".c" is one).
             file: the name for messages; without source, the file to read.
             include: folders; `file`'s own is one. defines: {macro: value or None}.
             cpu: "v1" to "v4". type: overrides what the sections say.
    Raises:  CompileError: the compiler refuses the text, or there is none.
             ObjectError: it compiles, but is nothing that Linux could load.
    """
    text, path = _text_and_path(source, file)
    tools = toolchain()
    macros = _checked({} if defines is None else defines)
    settings = options(tools, cpu, _folders(include), path.parent, macros)
    settings = (*settings, *_assumed(text, macros))
    name = path.name if re.fullmatch(_PLAIN_NAME, path.name) else USUAL_NAME
    result, remarks = _compiled(tools, settings, text, name)
    made = read(result.object, Path(name).stem, type)
    return _with_source(made, text, name, (*remarks, *warnings(result.messages)))


def _assumed(text: str, macros: Mapping[str, object]) -> Iterator[str]:
    """Yield options that a Makefile would give: the architecture, the kernel's tree."""
    named = any(_ARCHITECTURE in name for name in macros)
    if not named and f"define {_ARCHITECTURE}" not in text:
        yield f"-D{_ARCHITECTURE}x86"
    if re.search(_KERNEL_TREE, text):
        yield from ("-include", KERNEL_TREE)


def _folders(include: Iterable[str | os.PathLike[str]]) -> list[Path]:
    """Return the folders named: several, or one alone."""
    if isinstance(include, str | os.PathLike):
        include = [include]
    expect(include, Iterable, "include")
    for folder in (include := list(include)):
        expect(folder, _PATH, "include")
        _check_no_nul(folder)
    return [Path(folder) for folder in include]


def _check_no_nul(word: object) -> None:
    """Refuse what cannot be a word of a command line. Raises CompileError."""
    if "\0" in str(word):
        raise CompileError.of("c-nul", word=repr(word))


def _text_and_path(
    source: str | os.PathLike[str] | None, file: str | os.PathLike[str] | None
) -> tuple[str, Path]:
    """Return the C text, and the path that it has or would have."""
    expect(source, (*_PATH, NoneType), "source")
    expect(file, (*_PATH, NoneType), "file")
    is_text = isinstance(source, str) and not re.fullmatch(r"[^\n;{}]+\.c", source)
    if is_text:
        return str(source), Path(file or USUAL_NAME)
    path = source if source is not None else file
    if path is None:
        raise CompileError.of("c-nothing")
    try:
        return Path(path).read_text(encoding="utf-8"), Path(file or path)
    except (OSError, ValueError) as error:
        raise CompileError.of("c-unreadable", at=str(path), error=error) from error


def _checked(defines: Mapping[str, object]) -> Mapping[str, object]:
    expect(defines, Mapping, "defines")
    for name, value in defines.items():
        expect(name, str, "defines")
        _check_no_nul(value)
        if not re.fullmatch(r"[A-Za-z_]\w*", name):
            raise CompileError.of("c-macro", name=name)
    return defines


def _compiled(
    tools: Toolchain, settings: tuple[str, ...], text: str, name: str
) -> tuple[cache.Result, tuple[str, ...]]:
    """Return the compiler's result, and what is to be said of how it came about.

    Where the kit's vmlinux.h knows too little, the kernel's own types are tried.
    """
    try:
        return _inlined(tools, settings, text, name), ()
    except Refused as refused:
        if re.search(_MAY_INCLUDE, text) and wants_a_kernel(refused.said):
            for more in _of_the_kernel():
                with suppress(Refused):
                    result = _inlined(tools, (*more, *settings), text, name)
                    return result, (catalogue().say("c-kernel-header"),)
        raise error_from(refused.said, text) from None


def _inlined(
    tools: Toolchain, settings: tuple[str, ...], text: str, name: str
) -> cache.Result:
    """Return the compiler's result, small calls of the C library written out.

    The compiler does that only where it thinks that there is a library; it then also
    makes such calls of loops, so that this is the second choice.
    """
    result = _kept(tools, settings, text, name)
    if _LIBRARY_CALL.search(result.object):
        with suppress(Refused):
            return _kept(tools, (*settings, *HOSTED), text, name)
    return result


class Refused(Exception):
    """The compiler refuses the text."""

    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.said = said


def _of_the_kernel() -> Iterator[tuple[str, ...]]:
    """Yield options that bring all of a kernel's types, then its functions, too."""
    if folder := kernel_header():
        own = f"-isystem{folder}"
        yield own, f"-D{NO_KFUNCS}"
        yield (own,)


def _kept(
    tools: Toolchain, settings: tuple[str, ...], text: str, name: str
) -> cache.Result:
    """Return the compiler's result, from the cache if nothing has changed."""
    ours = [path.read_text() for path in sorted(HEADERS.rglob("*.h"))]
    key = cache.key_of(tools.identity, settings, text, name, ours, helper_header())
    kept = cache.get(key)
    if kept is None:
        kept, headers = _compile_now(tools, settings, text, name)
        cache.put(key, kept, headers)
    return kept


def _compile_now(
    tools: Toolchain, settings: tuple[str, ...], text: str, name: str
) -> tuple[cache.Result, list[Path]]:
    """Run the compiler; return its result, and the user's headers that it read."""
    with tempfile.TemporaryDirectory(prefix="ebpflab-") as made:
        folder = Path(made)
        try:
            (folder / name).write_text(text, encoding="utf-8")
        except ValueError as error:
            raise CompileError.of("c-unreadable", at=name, error=error) from error
        arguments = (*settings, name, "-o", OBJECT_NAME)
        said = run(tools, arguments, folder, cache.folder() / "zig")
        written = folder / OBJECT_NAME
        if said.status or not written.is_file():
            raise Refused(said.messages)
        result = cache.Result(written.read_bytes(), said.messages)
        return result, _headers(folder, name)


def _headers(folder: Path, name: str) -> list[Path]:
    """Read the list of files that the compiler leaves for make."""
    rules = (folder / "dependencies").read_text().replace("\\\n", " ")
    names = re.findall(r"(?:\\.|\S)+", rules.partition(":")[2])
    paths = [folder / re.sub(r"\\(.)", r"\1", n) for n in names]
    return [path for path in paths if folder not in path.parents]


def _with_source(
    object: Object, text: str, name: str, remarks: tuple[str, ...]
) -> Object:
    """Return the object, its programs knowing their C source."""
    programs = {
        program.name: replace(program, source=text, source_name=name)
        for program in object.programs.values()
    }
    return replace(object, programs=programs, notices=(*remarks, *object.notices))
