"""The project's C programs, compiled: on the capture, all at once, as interpreted.

A batch is compared, packet by packet, with the interpreter's: return values, packets,
events, and what the maps hold in the end. Linux itself is compared with the interpreter
in test_tutorials.py.
"""

from contextlib import ExitStack
from pathlib import Path

import pytest

import ebpflab as lab
from ebpflab.hooks import HOOKS
from ebpflab.jit.machine_code import missing
from tests.engine.test_tutorials import (
    FILL,
    PACKETS,
    SOURCES,
    compiled,
    name_of,
    put_programs,
)
from tests.soundness.engines import contents

ENGINES = ("source", "jit")


@pytest.fixture(autouse=True)
def machine_code_or_skip() -> None:
    if missing():
        pytest.skip(missing())


def answers(path: Path, engine: str) -> object:
    """Return all that a program gives on the capture, and what its maps then hold."""
    made, program = compiled(path)
    maps = lab.maps(made)
    FILL.get(path.stem, lambda maps: None)(maps)
    put_programs(path.stem, made, maps, ExitStack())
    data = PACKETS if HOOKS[program.type].has_packet else [b""] * 3
    try:
        runs = lab.run(program, data, maps=maps, engine=engine)
    except lab.EbpfLabError as error:
        return type(error).__name__, str(error), getattr(error, "pc", -1)
    told = [(run.retval, run.data, run.ctx, run.events) for run in runs]
    things = ("handlers", "itself", "tables")
    held = [contents(map) for name, map in maps.items() if name not in things]
    return told, held


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_each_engine_gives_the_same(path: Path) -> None:
    expected = answers(path, "interpreter")
    for engine in ENGINES:
        assert answers(path, engine) == expected, engine
