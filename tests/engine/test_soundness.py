"""Soundness, the short way: `python -m tests.soundness` does it for as long as wanted.

Accepted programs do not fault, with and without pruning a verdict is the same, and no
live value lies outside of its claim. A wrong transfer function, a wrong row of a
branch, a bug of history: each must be found by the same examination.
"""

import random
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from ebpflab.verifier import alu, branches, bugs, equal
from ebpflab.verifier.alu import BOTH_WIDTHS, MOVES, SHIFTS
from ebpflab.verifier.bounds import ZERO, Bounds
from ebpflab.verifier.branches import ROWS, Side, Sides
from ebpflab.verifier.bugs import BUGS
from ebpflab.verifier.check import Judge
from tests.engine.test_verifier_switches import exploit
from tests.soundness import numbers
from tests.soundness.__main__ import cases
from tests.soundness.examine import PROGRAMS, Case, examine, examine_case

ROOT = Path(__file__).parents[2]
ENOUGH = 500  # programs in which a planted error must show


def wrong_in(wanted: Iterable[Case]) -> list[str]:
    return [f"{c.name}: {line}" for c in wanted for line in examine_case(c).wrong]


@pytest.mark.parametrize("part", range(4))
def test_what_is_believed_is_so(part: int) -> None:
    """Each family twice: right, wrong and mutated programs are among them."""
    wanted = islice(cases(list(PROGRAMS), first=500), 2 * len(PROGRAMS))
    assert wrong_in(islice(wanted, part, None, 4)) == []


def test_numbers_on_their_edges_are_as_claimed() -> None:
    assert wrong_in(Case("numbers", seed) for seed in range(30)) == []


def test_the_programs_are_not_all_refused() -> None:
    found = [examine_case(Case("numbers", seed)) for seed in range(20)]
    assert sum(one.accepted for one in found) > 15
    assert sum(one.runs for one in found) > 50
    assert any(one.walked_whole for one in found)


def test_it_runs_by_hand() -> None:
    command = [sys.executable, "-m", "tests.soundness", "--programs", "12"]
    options = ["--family", "numbers,stack", "--first", "7", "--children", "2"]
    done = subprocess.run(
        [*command, *options], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "12 programs" in done.stdout
    assert ", 0 wrong" in done.stdout


# ---- planted errors --------------------------------------------------------------

CACHED = (
    *(alu.transfer, alu.coerce_reg_to_size),
    *(branches.reg_set_min_max, branches.is_branch_taken),
)


@pytest.fixture
def forgetting() -> Iterator[None]:
    """What was computed with a planted error is not to be remembered."""
    for cached in CACHED:
        cached.cache_clear()
    yield
    for cached in CACHED:
        cached.cache_clear()


def found_with(name: str) -> str:
    """Return the first thing that is wrong with programs of one row, or nothing."""
    for seed in range(ENOUGH):
        chance = random.Random(seed)
        inputs = [numbers.packet(chance) for _ in range(6)]
        program = numbers.single(name, seed)
        if wrong := examine(program, inputs, every_path=False).wrong:
            return wrong[0]
    return ""


def narrower(b: Bounds) -> Bounds:
    """Forget the largest value, in every view of the bounds."""
    if b.is_const or b.umin == b.umax or b.smin == b.smax:
        return b
    s32, u32 = b.s32_max - (b.s32_min < b.s32_max), b.u32_max - (b.u32_min < b.u32_max)
    return b._replace(umax=b.umax - 1, smax=b.smax - 1, s32_max=s32, u32_max=u32)


def to_nothing(*_: Any) -> Bounds:
    return ZERO


WRONG: dict[str, Callable[[Any], Any]] = {
    "the largest value is forgotten": lambda right: lambda *a: narrower(right(*a)),
    "the result is 0": lambda right: to_nothing,
    "nothing happens": lambda right: lambda first, *_: first,
}
TABLES = [
    (table, name)
    for table, names in (
        (BOTH_WIDTHS, BOTH_WIDTHS),
        (SHIFTS, SHIFTS),
        (MOVES, [name for name in MOVES if name != "mov"]),
    )
    for name in names
]


@pytest.mark.parametrize("how", WRONG)
@pytest.mark.parametrize(("table", "name"), TABLES, ids=[name for _, name in TABLES])
def test_a_wrong_transfer_function_is_found(
    table: dict[str, Any], name: str, how: str, monkeypatch, forgetting
) -> None:
    monkeypatch.setitem(table, name, WRONG[how](table[name]))
    assert found_with(name)


@pytest.mark.parametrize("how", ["the result is 0", "the largest value is forgotten"])
def test_a_wrong_move_is_found(how: str, monkeypatch, forgetting) -> None:
    monkeypatch.setitem(MOVES, "mov", WRONG[how](MOVES["mov"]))
    assert found_with("mov")


def one_too_narrow(side: Side) -> Side:
    return side._replace(
        smax=side.smax - (side.smin < side.smax),
        umax=side.umax - (side.umin < side.umax),
    )


BRANCHES = [(name, place) for name in ROWS for place in (0, 1)]
BRANCHES.remove(("jset", 1))  # there, the right side is a constant


@pytest.mark.parametrize(("name", "place"), BRANCHES)
def test_a_wrong_row_of_a_branch_is_found(
    name: str, place: int, monkeypatch, forgetting
) -> None:
    right = ROWS[name]

    def row(x: Side, y: Side, bits: int) -> Sides:
        found = list(right(x, y, bits))
        found[place] = one_too_narrow(found[place])
        return found[0], found[1]

    monkeypatch.setitem(ROWS, name, row)
    assert found_with(name)


@pytest.mark.parametrize("answer", [True, False])
def test_a_branch_that_is_decided_too_early_is_found(
    answer: bool, monkeypatch, forgetting
) -> None:
    monkeypatch.setattr(branches, "_is_below", lambda *_: answer)
    assert found_with("jlt")


def test_pruning_too_much_is_found(monkeypatch) -> None:
    monkeypatch.setattr(equal, "regsafe", lambda *_: True)
    families = ("walk", "map_values", "packets_xdp", "stack")
    assert any(wrong_in([Case(f, seed)]) for seed in range(60) for f in families)


@pytest.mark.parametrize("cve", BUGS)
def test_a_bug_of_history_is_found(cve: str) -> None:
    program, packet = exploit(cve)
    how = Judge(log_level=2, bug=bugs.BUGS[cve])
    found = " ".join(examine(program, [packet], how).wrong)
    assert "accepted, and" in found
    assert "claimed" in found
