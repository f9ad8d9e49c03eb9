"""C programs by theme, each function one question: Linux and we answer alike.

Verdict, errno, message, the log of level 2; privileged and without CAP_PERFMON.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

import ebpflab as lab
from ebpflab.program import Object
from ebpflab.verifier.check import verify
from tests.engine.test_verifier_calls import differences

JUDGED = Path(__file__).with_name("judged")
THEMES = {  # how many programs Linux accepts, refuses
    "kernel_pointers": (30, 40),
    "slices": (15, 25),
    "congestion_control": (5, 8),
}


@cache
def built(theme: str) -> Object:
    found = lab.compile((JUDGED / f"{theme}.c").read_text())
    assert isinstance(found, Object)
    return found


def programs(theme: str) -> Iterator[tuple[str, lab.Program]]:
    """Yield the programs without their lines, which the log would repeat."""
    for name, program in built(theme).programs.items():
        yield name, replace(program, line_info=None, lines=())


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("privileged", [True, False])
def test_they_are_judged_as_linux_does(
    linux: None, theme: str, privileged: bool
) -> None:
    if theme == "congestion_control" and not privileged:
        pytest.skip("Linux loads no struct_ops without CAP_PERFMON")
    assert differences(programs(theme), privileged) == []


@pytest.mark.parametrize("theme", THEMES)
def test_both_verdicts_occur(linux: None, theme: str) -> None:
    verdicts = [verify(program).accepted for _, program in programs(theme)]
    least_accepted, least_refused = THEMES[theme]
    assert sum(verdicts) >= least_accepted
    assert len(verdicts) - sum(verdicts) >= least_refused
