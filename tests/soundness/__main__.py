"""Soundness, for as long as wanted: accepted programs run, claims held against runs.

    python -m tests.soundness --programs 200000       Ctrl-C stops, and sums up
    python -m tests.soundness --family counted_loops,numbers --first 1000
    python -m tests.soundness --show numbers-17m      one program, and what is wrong

Programs are those of the differential families and of `numbers.py`, every third one
mutated, half of the seeds meant to be right. They are made, judged and run in a process
of their own a core. The engines against each other: `tests.soundness.engines`.
"""

import argparse
import os
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

import ebpflab as lab
from tests.differential import workers
from tests.soundness.examine import PROGRAMS, Case, Examined, examine_case

AT_ONCE = 2_000  # cases that a child process is given
LONGEST_S = 300  # for one case, on a machine that has other work
EVERY_S = 10  # between two lines of progress


@dataclass
class Total:
    """What was found so far."""

    programs: int = 0
    accepted: int = 0
    runs: int = 0
    walked_whole: int = 0
    wrong: list[str] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def add(self, case: Case, found: Examined | str) -> None:
        self.programs += 1
        if isinstance(found, str):
            self.wrong.append(f"{case.name}: the process {found}")
            return
        self.accepted += found.accepted
        self.runs += found.runs
        self.walked_whole += found.walked_whole
        self.wrong += [f"{case.name}: {line}" for line in found.wrong]

    def __str__(self) -> str:
        seconds = max(1e-9, time.monotonic() - self.began)
        return (
            f"{self.programs} programs ({self.programs / seconds:.0f}/s): "
            f"{self.accepted} accepted, {self.runs} runs, "
            f"{self.walked_whole} walked whole too, {len(self.wrong)} wrong"
        )


def cases(families: list[str], first: int = 0) -> Iterator[Case]:
    """Yield cases without end: each family in turn, seed by seed."""
    seed = first
    while True:
        for place, family in enumerate(families):
            yield Case(family, seed, mutate=(seed + place) % 3 == 2)
        seed += 1


def chosen(names: str) -> list[str]:
    """Return the families whose names begin with one of these; all of them for ""."""
    wanted = tuple(filter(None, names.split(",")))
    return [name for name in PROGRAMS if not wanted or name.startswith(wanted)]


def examined(
    wanted: Iterator[Case], children: int = 1
) -> Iterator[tuple[Case, Examined | str]]:
    """Examine cases in child processes side by side; in no special order."""
    working = [
        workers.each(list(islice(wanted, AT_ONCE)), _alone) for _ in range(children)
    ]
    while working:
        for answers in list(working):
            if answer := next(answers, None):
                yield answer
                continue
            working.remove(answers)
            if some := list(islice(wanted, AT_ONCE)):
                working.append(workers.each(some, _alone))


def _alone(case: Case) -> Examined:
    """Examine in a child, which leaves Ctrl-C to its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return examine_case(case)


def show(name: str) -> None:
    """Print one program, its log, and what is wrong."""
    family, _, seed = name.rpartition("-")
    case = Case(family, int(seed.rstrip("m")), mutate=seed.endswith("m"))
    program = case.program()
    print(lab.disassemble(program), lab.verify(program, log_level=2).log, sep="\n")
    print(*examine_case(case).wrong, sep="\n")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--programs", type=int, default=2_000)
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--family", default="", help="names, or how they begin")
    parser.add_argument("--children", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--show", metavar="NAME-SEED")
    options = parser.parse_args()
    if options.show:
        show(options.show)
        return 0
    workers.LONGEST_S = LONGEST_S
    total, said = Total(), 0
    wanted = islice(cases(chosen(options.family), options.first), options.programs)
    last = time.monotonic()
    try:
        for case, found in examined(wanted, options.children):
            total.add(case, found)
            print(*total.wrong[said:], sep="\n", end="\n" * (said < len(total.wrong)))
            said = len(total.wrong)
            if time.monotonic() - last > EVERY_S:
                last = time.monotonic()
                print(total, flush=True)
    except KeyboardInterrupt:
        print("\nstopped")
    print(total)
    return min(1, len(total.wrong))


if __name__ == "__main__":
    sys.exit(main())
