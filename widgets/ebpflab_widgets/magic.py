"""The magics: C in a cell, the object in a name; a view of what stands on a line.

    %load_ext ebpflab_widgets

    %%ebpf obj --cpu v3
    #include <linux/bpf.h>
    ...

    %step obj.programs["count"], packet
    %explain obj.programs["count"]

Then `obj` is what `ebpflab.compile` returns; a mistake in the C is an error with its
line in the cell. `%step` runs a program first, `%explain` verifies it first; the text
of a log may fill a cell under `%%explain`. Not here: compiling (`ebpflab.c`), the views
themselves.
"""

import argparse
import shlex
from typing import Any, NoReturn

import ebpflab as lab
from ebpflab.errors import VmFault
from ebpflab.program import Program
from ebpflab_widgets.explain import explain
from ebpflab_widgets.stepper import step
from ebpflab_widgets.view import View
from ebpflab_widgets.wording import ViewError, catalogue

STEP = "%step RUN, or %step PROGRAM, DATA"
EXPLAIN = "%explain VERDICT, %explain PROGRAM, or a log in a cell under %%explain"
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


def meant(line: str, names: dict[str, Any], usage: str) -> Any:
    """Return what a line stands for, in the notebook's own names.

    Raises:  ViewError: nothing stands there, or Python cannot make sense of it.
    """
    if not line.strip():
        raise ViewError.of("magic-nothing", usage=usage)
    try:
        return eval(line.strip(), names)  # the notebook's own line, as in a cell
    except Exception as error:
        told = f"{type(error).__name__}: {error}"
        shown = line.strip()
        raise ViewError.of("magic-line", line=shown, error=told, usage=usage) from error


def stepped(value: Any) -> View:
    """Step through a run; of a program, with its data if given, run it first."""
    parts = value if isinstance(value, tuple) else (value,)
    if not parts or not isinstance(parts[0], Program):
        return step(value)
    if len(parts) > 2:
        raise ViewError.of("magic-nothing", usage=STEP)
    try:
        return step(lab.run(*parts))
    except VmFault as fault:
        return step(fault)


def explained(value: Any) -> View:
    """Explain a verdict or a log; of a program, verify it first."""
    return explain(lab.verify(value) if isinstance(value, Program) else value)


def add(shell: Any) -> None:
    """Register the magics in an IPython shell."""

    def ebpf(line: str, cell: str) -> None:
        name, made = compiled(line, cell)
        shell.push({name: made})
        print(told(name, made))

    def step_line(line: str) -> View:
        return stepped(meant(line, shell.user_ns, STEP))

    def explain_line(line: str, cell: str | None = None) -> View:
        if cell is not None:
            return explained(cell)
        return explained(meant(line, shell.user_ns, EXPLAIN))

    register = shell.register_magic_function
    register(ebpf, magic_kind="cell", magic_name="ebpf")
    register(step_line, magic_kind="line", magic_name="step")
    register(explain_line, magic_kind="line_cell", magic_name="explain")
