"""One program examined: is its verdict sound, as far as some runs can tell?

What is accepted may not fault. What is accepted or refused with pruning is so without,
where the paths are few enough to walk them all. And no live value lies outside of what
was claimed of it, on either walk.
"""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import ebpflab as lab
from ebpflab.claims import claims
from ebpflab.errors import AssemblyError
from ebpflab.isa.uses import registers_read
from ebpflab.reasons import told
from ebpflab.results import Run, Verdict
from ebpflab.verifier import walk
from ebpflab.verifier.check import Judge, judge
from ebpflab.verifier.refusal import E2BIG, EFAULT, NotModelled
from tests.differential.families import FAMILIES
from tests.differential.mutations import mutated
from tests.soundness import numbers

MOST_JUDGED = 6_000  # instructions; longer programs count as refused
MOST_WALKED = 1_500  # instructions; more paths than that are not walked whole
BUDGET = 1_000  # instructions of a run
RUNS = 2
SIZES = (14, 34, 64, 100, 300)
PROGRAMS = {"numbers": numbers.program, **FAMILIES}
NOT_UNSOUND = (  # faults that no verifier speaks of: too long, or not in these engines
    *("budget", "helper-needs-kernel", "insn-not-here", "kfunc-not-here", "no-types"),
    "no-read",  # the kernel's own record of a map, which root may read
)
GLOBAL = "is global and assumed valid"
# Linux 6.18 takes a plain 0 for a pointer that a global function says is never null,
# and so do we: such a program may fault on null.


@dataclass(frozen=True, slots=True)
class Case:
    """A program to be made and examined."""

    family: str
    seed: int
    mutate: bool = False

    @property
    def name(self) -> str:
        return f"{self.family}-{self.seed}" + "m" * self.mutate

    def program(self) -> lab.Program:
        made = PROGRAMS[self.family](self.seed)
        return mutated(made, random.Random(self.name)) if self.mutate else made

    def inputs(self) -> list[bytes]:
        chance = random.Random(f"inputs {self.name}")
        if self.family == "numbers":
            return [numbers.packet(chance) for _ in range(2 * RUNS)]
        return [chance.randbytes(chance.choice(SIZES)) for _ in range(RUNS)]


@dataclass(frozen=True, slots=True)
class Examined:
    """What came of it; `wrong` is empty for a sound verdict."""

    accepted: bool
    runs: int = 0
    walked_whole: bool = False
    wrong: tuple[str, ...] = ()


def examine_case(case: Case, *, every_path: bool = True) -> Examined:
    """Make and examine one program; what is not modelled counts for nothing."""
    try:
        program = case.program()
        return examine(program, case.inputs(), seed=case.seed, every_path=every_path)
    except (AssemblyError, NotModelled):  # or a number that no instruction can hold
        return Examined(accepted=False)


def examine(
    program: lab.Program,
    inputs: Sequence[bytes],
    how: Judge = Judge(log_level=2),  # noqa: B008  (frozen)
    seed: int = 0,
    every_path: bool = True,
) -> Examined:
    """Judge a program in both ways, run it, and hold runs against verdicts.

    Args:    every_path: False = with pruning only; quicker.
    Raises:  NotModelled: it does what the verifier does not model.
    """
    with at_most(MOST_JUDGED):
        verdict = judged(program, how)
    prunes = "safe\n" in verdict.log
    whole = walked_whole(program, how) if prunes and every_path else None
    wrong: list[str] = []
    if whole and (whole.accepted, whole.errno) != (verdict.accepted, verdict.errno):
        answers = [one.message or "accepted" for one in (verdict, whole)]
        wrong.append("with pruning {}, without {}".format(*answers))
    runs = [*_runs(program, inputs, seed)] if verdict.accepted else []
    for run in runs:
        wrong += _faults(program, run, verdict)
        for answer in (verdict, whole):
            wrong += map(str, lab.check_claims(run, answer) if answer else ())
    return Examined(verdict.accepted, len(runs), bool(whole), tuple(wrong))


def judged(program: lab.Program, how: Judge) -> Verdict:
    """Judge a program; its exploration is read from the log that was just made."""
    verdict = judge(program, how)
    return told(verdict, program, lambda level: verdict)


def walked_whole(program: lab.Program, how: Judge) -> Verdict | None:
    """Judge by walking every path to its end; None: there are too many."""
    with at_most(MOST_WALKED):
        verdict = judged(program, replace(how, prunes=False))
    return None if verdict.errno in (E2BIG, EFAULT) else verdict


@contextmanager
def at_most(insns: int) -> Iterator[None]:
    """Let the verifier walk so far and no farther."""
    usual, walk.MOST_INSNS = walk.MOST_INSNS, insns
    try:
        yield
    finally:
        walk.MOST_INSNS = usual


def _runs(
    program: lab.Program, inputs: Sequence[bytes], seed: int
) -> Iterator[Run | lab.VmFault]:
    """Run on each input; where a program cannot run here, there is no run."""
    for number, data in enumerate(inputs):
        options = {"engine": "interpreter", "budget": BUDGET, "seed": seed + number}
        try:
            yield lab.run(program, data, **options)
        except lab.VmFault as fault:
            yield fault
        except lab.EbpfLabError:
            continue


def _faults(
    program: lab.Program, run: Run | lab.VmFault, verdict: Verdict
) -> Iterator[str]:
    """Say of a fault that it should not be."""
    if not isinstance(run, lab.VmFault) or run.key in NOT_UNSOUND:
        return
    if run.key == "null-access" and GLOBAL in verdict.log:
        return
    if run.key != "null-access" or not _lacks_an_object(program, run, verdict):
        yield f"accepted, and {run.problem} at {run.at}"


def _lacks_an_object(
    program: lab.Program, fault: lab.VmFault, verdict: Verdict
) -> bool:
    """Tell whether the null is an object of the kernel that no run here has.

    Where a run gives null for one, nothing more is claimed of it.
    """
    steps, claimed = fault.timeline.steps, claims(fault, verdict)
    insn = program.insns[fault.pc]
    if not (steps and insn):
        return False
    live = fault.timeline.state(len(steps) - 1).registers
    read = (f"r{number}" for number in registers_read(insn, 5))
    return any(live[slot] == "0x0" and slot not in claimed[-1] for slot in read)
