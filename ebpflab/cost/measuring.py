"""Measuring here: each operation in a native loop, in a process of its own.

    ns of one operation  =  time of the loop / rounds

A measurement has ROUNDS, apart in time, each in a new process (another place in memory,
perhaps another CPU), in which all operations take turns in LOOPS of a millisecond. The
figure is the best loop of all, for whatever disturbs a loop makes it longer. How far
one can rely on it is the spread (figure.py). The loop itself is in the figure (under
half a nanosecond): at the scale of a function call that is not nothing.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ebpflab.c.native import native_library
from ebpflab.cost.ebpf import HOW, RUNS, run_loops
from ebpflab.cost.figure import MEASURED, Cost, Costs, sample
from ebpflab.cost.machine import describe_machine
from ebpflab.errors import CostError
from ebpflab.linux import available

HERE = Path(__file__).parent
SOURCE, CHILD = HERE / "loops.c", HERE / "child.py"
ROUNDS, MOST_ROUNDS = 7, 1000
LOOPS = 10  # in one round, for each operation
SECONDS = 0.001  # one loop: shorter than the time that a scheduler gives at once
APART = 0.3  # seconds from one round to the next, at least
TIME_LIMIT = 60  # seconds for one round
TRACED = "getpid_strace"
STRACE = ("strace", "-f", "-qq", "-o", "/dev/null", "-e", "getpid")


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be measured in a native loop."""

    name: str
    loop: str  # function in loops.c
    prefix: tuple[str, ...] = ()  # the process is started by this command


OPERATIONS = (
    Operation("function_call", "function_call"),
    Operation("vdso", "vdso"),
    Operation("invalid_syscall", "invalid_syscall"),
    Operation("getpid", "getpid"),
    Operation("read_1", "read_1"),
    Operation("write_1", "write_1"),
    Operation("pread_1", "pread_1"),
    Operation("pread_4096", "pread_4096"),
    Operation("open_close", "open_close"),
    Operation("context_switch", "ping"),
    Operation(TRACED, "getpid", STRACE),
)
NAMES = (*(op.name for op in OPERATIONS), *RUNS)

Progress = Callable[[str, int, int], Any]
Loops = dict[str, list[float]]  # operation: ns, one number for each loop of a round


def measurable() -> tuple[str, ...]:
    """Return what can be measured here: strace and a real kernel may be missing."""
    here = [op.name for op in OPERATIONS if _may_start(op.prefix)]
    return (*here, *(RUNS if available() is None else ()))


@cache
def _may_start(prefix: tuple[str, ...]) -> bool:
    """Tell whether a command is here and allowed: containers often forbid ptrace."""
    if not prefix:
        return True
    try:
        tried = subprocess.run(
            [*prefix, sys.executable, "-I", "-S", "-c", ""],
            capture_output=True,
            timeout=TIME_LIMIT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return tried.returncode == 0


def measure(
    operations: Iterable[str] | None = None,
    *,
    samples: int = ROUNDS,
    progress: Progress | None = None,
) -> Costs:
    """Measure operations on this machine; by default all that can be measured here.

    Args:    operations: names out of `NAMES`. samples: rounds, at least 0.3 s each.
             progress: called with (operation, how many rounds are done, how many there
             are); the operation is that which comes next.
    Raises:  CostError: no such operation, or it cannot be measured here.
             CompileError: no compiler for this machine.
    """
    wanted = tuple(measurable() if operations is None else operations)
    for name in wanted:
        if name not in NAMES:
            raise CostError.of("cost-unknown", operation=name, known=", ".join(NAMES))
    if not isinstance(samples, int) or not 1 <= samples <= MOST_ROUNDS:
        raise CostError.of("cost-samples", found=repr(samples), most=MOST_ROUNDS)
    tell = progress or (lambda *_: None)
    rounds = [_round(wanted, number, samples, tell) for number in range(samples)]
    tell("", samples, samples)
    return Costs(_cost(name, rounds) for name in wanted)


def _round(wanted: tuple[str, ...], number: int, count: int, tell: Progress) -> Loops:
    """Measure each operation once; not before its time has come."""
    begin = time.monotonic()
    found: Loops = {}
    native = [op for op in OPERATIONS if op.name in wanted]
    for prefix in dict.fromkeys(op.prefix for op in native):
        together = [op for op in native if op.prefix == prefix]
        tell(together[0].name, number, count)
        found |= _native_loops(together)
    for name in RUNS:
        if name in wanted:
            tell(name, number, count)
            found[name] = run_loops(name)
    if number + 1 < count:
        time.sleep(max(0.0, begin + APART - time.monotonic()))
    return found


def _cost(name: str, rounds: list[Loops]) -> Cost:
    """Make one cost of all rounds: its figure, and what its spread is drawn from."""
    how = HOW.get(name, f"loops of {SECONDS * 1000:.0f} ms, C, -O2, one CPU")
    told = f"best of {len(rounds)} x {len(rounds[0][name])} {how}"
    samples = tuple(kept for loops in rounds for kept in sample(loops[name]))
    return Cost(name, min(samples), MEASURED, describe_machine(), told, samples=samples)


def _native_loops(operations: list[Operation]) -> Loops:
    """Run native loops in one child process; return the time of each loop."""
    child = [sys.executable, "-I", "-S", str(CHILD), str(native_library(SOURCE))]
    told = [str(SECONDS), str(LOOPS), *(op.loop for op in operations)]
    names = ", ".join(op.name for op in operations)
    try:
        said = subprocess.run(
            [*operations[0].prefix, *child, *told],
            capture_output=True,
            text=True,
            timeout=TIME_LIMIT,
            check=False,
        )
        lines = [line.split() for line in said.stdout.splitlines()]
        found = {line[0]: [float(word) for word in line[1:]] for line in lines}
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise CostError.of("cost-failed", operation=names, error=error) from error
    if said.returncode or {len(loops) for loops in found.values()} != {LOOPS}:
        last = (said.stderr.strip().splitlines() or ["-"])[-1]
        raise CostError.of("cost-failed", operation=names, error=last)
    return {op.name: found[op.loop] for op in operations}
