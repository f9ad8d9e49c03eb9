"""Helpers that need more than one call's worth: storages, callbacks, regions, texts.

Small C programs (`judged/helper_calls.c`), judged by Linux and by us: verdict, errno,
message, the log of level 2.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import ebpflab as lab
from ebpflab.program import Object
from tests.engine.test_verifier_calls import differences

SOURCE = Path(__file__).with_name("judged") / "helper_calls.c"


@pytest.fixture(scope="module")
def built() -> Object:
    found = lab.compile(SOURCE.read_text())
    assert isinstance(found, Object)
    return found


def bare(built: Object) -> Iterator[tuple[str, lab.Program]]:
    """Yield the programs without their lines, which the log would repeat."""
    for name, program in built.programs.items():
        yield name, replace(program, line_info=None, lines=())


def test_they_are_judged_as_linux_does(linux: None, built: Object) -> None:
    assert differences(bare(built)) == []


def test_it_compares_many(built: Object) -> None:
    assert len(built.programs) > 50
