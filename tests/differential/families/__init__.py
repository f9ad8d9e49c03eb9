"""All families, by name: one small table a subject, each in a file of its own."""

from collections.abc import Callable

import ebpflab as lab
from tests.differential.families import (
    atomics,
    calls,
    contexts,
    functions,
    loops,
    map_access,
    map_calls,
    memory,
    mixed,
    packets,
    records,
    references,
    sockets,
    tracing,
)
from tests.differential.family import Family
from tests.engine import test_vm_against_linux, test_vm_programs

_MODULES = (
    *(atomics, calls, contexts, functions, loops, map_access, map_calls, memory),
    *(packets, records, references, sockets, tracing, mixed),
)


def _made() -> dict[str, Callable[[int], lab.Program]]:
    found: dict[str, Callable[[int], lab.Program]] = {
        "arithmetic": lambda seed: lab.assemble(
            test_vm_against_linux.program_text(seed), type="xdp"
        ),
        "whole_xdp": lambda seed: test_vm_programs.program("xdp", seed),
        "whole_sched_cls": lambda seed: test_vm_programs.program("sched_cls", seed),
        "walk": _walk,
    }
    for module in _MODULES:
        for family in module.FAMILIES:
            assert isinstance(family, Family)
            found[family.name] = family.make
    return found


def _walk(seed: int) -> lab.Program:
    from tests.engine.test_verifier_walk import random_program

    return random_program(seed, 14)


FAMILIES = _made()
