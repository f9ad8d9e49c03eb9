"""The engine "auto": whichever answers first.

Compiling takes some milliseconds, in which the interpreter runs tens of thousands of
instructions. So one packet begins in the interpreter; when it turns out to be long, it
is put back and begun again in machine code. Many packets, and a program that is
compiled already, go there at once. Where there is no LLVM, Python source stands in.
All engines give equal answers, so that only time tells which one ran.
"""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from ebpflab.errors import RunError, VmFault
from ebpflab.jit.batch import run_native
from ebpflab.jit.compiled import is_compiled
from ebpflab.jit.machine_code import missing
from ebpflab.jit.source import run_in_source
from ebpflab.jit.tables import order_of
from ebpflab.language import catalogue
from ebpflab.results import Run
from ebpflab.vm.engines import Task, engine, interpret

SHORT = 20_000  # instructions that the interpreter runs sooner than LLVM compiles
MANY = 200  # runs


@engine("auto")
def choose(task: Task) -> Sequence[Run]:
    """Run in the engine that is probably done first."""
    if len(task.packets) * task.repeat >= MANY or _is_ready(task):
        return _fast(task)
    if task.before.budget <= SHORT:
        return interpret(task)
    contents = [map.snapshot() for map in task.before.library.used]
    trial = replace(task, before=replace(task.before, budget=SHORT), progress=None)
    try:
        answers = interpret(trial)
    except VmFault as fault:
        if fault.key != "budget":
            raise
    else:
        if task.progress:
            task.progress(len(answers), len(answers))
        return answers
    for restore in contents:
        restore()
    return _fast(task)


def _is_ready(task: Task) -> bool:
    return not missing() and is_compiled(order_of(task.before.library.first))


def _fast(task: Task) -> Sequence[Run]:
    """Run in machine code, or in Python source where there is none."""
    if missing():
        _say_once()
        return run_in_source(task)
    try:
        return run_native(task)
    except RunError as error:
        if error.key != "jit-too-large":
            raise
        return interpret(task)


@cache
def _say_once() -> None:
    """Say what is slower here, and why."""
    text = catalogue().say("jit-slower", "problem", reason=missing())
    warnings.warn(text, stacklevel=5)
