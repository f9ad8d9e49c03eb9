"""Measuring here: each operation in a native loop, in a process of its own.

    ns of one operation  =  time of the loop / rounds         best of SAMPLES loops

The best sample is the figure, for whatever disturbs a loop makes it longer; all samples
are kept, so the spread is seen. The loop itself is in the figure (under half a
nanosecond a round): at the scale of a function call that is not nothing.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ebpflab.c.native import native_library
from ebpflab.cost.ebpf import RUNS, measure_run
from ebpflab.cost.figure import MEASURED, Cost, Costs
from ebpflab.cost.machine import describe_machine
from ebpflab.errors import CostError
from ebpflab.linux import available

LOOPS = Path(__file__).parent / "loops.c"
SAMPLES = 7
SECONDS = 0.01  # one sample
TIME_LIMIT = 60  # seconds for one operation
TRACED = "getpid_strace"


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
    Operation(
        TRACED, "getpid", ("strace", "-f", "-qq", "-o", "/dev/null", "-e", "getpid")
    ),
)
NAMES = (*(op.name for op in OPERATIONS), *RUNS)

Progress = Callable[[str, int, int], Any]


def measurable() -> tuple[str, ...]:
    """Return what can be measured here: strace and a real kernel may be missing."""
    here = [op.name for op in OPERATIONS if not op.prefix or shutil.which(op.prefix[0])]
    return (*here, *(RUNS if available() is None else ()))


def measure(
    operations: Iterable[str] | None = None,
    *,
    samples: int = SAMPLES,
    progress: Progress | None = None,
) -> Costs:
    """Measure operations on this machine; by default all that can be measured here.

    Args:    operations: names out of `NAMES`. samples: loops for each operation.
             progress: called with (operation, how many are done, how many there are).
    Raises:  CostError: no such operation, or it cannot be measured here.
             CompileError: no compiler for this machine.
    """
    wanted = tuple(measurable() if operations is None else operations)
    for name in wanted:
        if name not in NAMES:
            raise CostError.of("cost-unknown", operation=name, known=", ".join(NAMES))
    if not isinstance(samples, int) or samples < 1:
        raise CostError.of("cost-samples", found=repr(samples))
    costs = []
    for done, name in enumerate(wanted):
        if progress:
            progress(name, done, len(wanted))
        costs.append(_measured(name, samples))
    if progress:
        progress("", len(wanted), len(wanted))
    return Costs(costs)


def _measured(name: str, samples: int) -> Cost:
    by_name = {op.name: op for op in OPERATIONS}
    if name in by_name:
        found = _loop(by_name[name], samples)
        how = f"C, -O2, best of {samples} loops of {SECONDS * 1000:.0f} ms, one CPU"
    else:
        found, how = measure_run(name, samples)
    return Cost(name, min(found), MEASURED, describe_machine(), how, samples=found)


def _loop(operation: Operation, samples: int) -> tuple[float, ...]:
    """Run one native loop in a child process; return its samples."""
    library = native_library(LOOPS)
    module = [sys.executable, "-m", "ebpflab.cost.child"]
    told = [str(library), operation.loop, str(SECONDS), str(samples)]
    try:
        said = subprocess.run(
            [*operation.prefix, *module, *told],
            capture_output=True,
            text=True,
            timeout=TIME_LIMIT,
            check=False,
            env=_environment(),
        )
        found = tuple(float(line) for line in said.stdout.split())
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise CostError.of(
            "cost-failed", operation=operation.name, error=error
        ) from error
    if said.returncode or len(found) != samples:
        last = (said.stderr.strip().splitlines() or ["-"])[-1]
        raise CostError.of("cost-failed", operation=operation.name, error=last)
    return found


def _environment() -> dict[str, str]:
    """Return an environment in which the child finds this package."""

    path = [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, path))}
