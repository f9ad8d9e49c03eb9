"""The cell magic `%%ebpf`: C in a cell, the object in a name.

    %load_ext ebpflab_widgets

    %%ebpf obj --cpu v3
    #include <linux/bpf.h>
    ...

Then `obj` is what `ebpflab.compile` returns. A mistake in the C is an error with its
line in the cell. Not here: compiling (`ebpflab.c`).
"""

import argparse
import shlex
from typing import Any, NoReturn

import ebpflab as lab
from ebpflab_widgets.wording import ViewError, catalogue

USAGE = "%%ebpf NAME [--cpu v1|v2|v3|v4] [--type TYPE] [-D NAME=VALUE] [-I FOLDER]"


class _Options(argparse.ArgumentParser):
    """The words after `%%ebpf`; a wrong one is an error of ours, not an exit."""

    def error(self, message: str) -> NoReturn:
        raise ViewError.of("magic-usage", message=message, usage=USAGE)


def options(line: str) -> argparse.Namespace:
    """Read the words after `%%ebpf`. Raises ViewError: they make no sense."""
    parser = _Options(prog="%%ebpf", add_help=False)
    parser.add_argument("name")
    parser.add_argument("--cpu", default="v3", choices=("v1", "v2", "v3", "v4"))
    parser.add_argument("--type")
    parser.add_argument("-D", dest="defines", action="append", default=[])
    parser.add_argument("-I", dest="include", action="append", default=[])
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise ViewError.of("magic-usage", message=error, usage=USAGE) from error
    read = parser.parse_args(words)
    if not read.name.isidentifier():
        raise ViewError.of("magic-name", name=read.name, usage=USAGE)
    return read


def compiled(line: str, cell: str) -> tuple[str, lab.Object]:
    """Compile a cell; return the name that it asked for, and the object.

    Raises:  ViewError: the line is not understood. CompileError, ObjectError: the C.
    """
    read = options(line)
    pairs = (text.partition("=") for text in read.defines)
    defines = {name: value if equals else None for name, equals, value in pairs}
    made = lab.compile(
        cell,
        file=f"{read.name}.c",
        include=read.include,
        defines=defines,
        cpu=read.cpu,
        type=read.type,
    )
    return read.name, made


def told(name: str, made: lab.Object) -> str:
    """Tell in a few lines what a cell has made."""
    say = catalogue().say
    rows = [*made.notices]
    for key, program in made.programs.items():
        count = sum(insn is not None for insn in program.insns)
        rows.append(
            say("magic-program", name=name, key=key, type=program.type, count=count)
        )
    rows += [
        say("magic-map", name=name, key=key, type=spec.type)
        for key, spec in made.maps.items()
    ]
    return "\n".join(rows)


def add(shell: Any) -> None:
    """Register the magic in an IPython shell."""

    def ebpf(line: str, cell: str) -> None:
        name, made = compiled(line, cell)
        shell.push({name: made})
        print(told(name, made))

    shell.register_magic_function(ebpf, magic_kind="cell", magic_name="ebpf")
