"""A witness: an input on which a refused program really goes wrong.

The verifier refuses what it cannot prove safe. That alone does not say that anything
can happen; a run that reads outside of the packet does. The program is run unverified
in the interpreter, on inputs made for it, until one goes wrong. Where none is found in
so many tries, nothing is proven either way: the refusal may be a false positive.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from ebpflab.errors import EbpfLabError, ProgramError, VmFault, expect
from ebpflab.language import catalogue
from ebpflab.program import Program
from ebpflab.remedy.inputs import Trial, trials
from ebpflab.remedy.misdeeds import misdeed_of
from ebpflab.results import Run
from ebpflab.vm.run import run

TRIES = 500
BUDGET = 100_000  # instructions; a run that needs more is called endless


@dataclass(frozen=True)
class Witness:
    """What a search found: the input and what went wrong on it, or nothing.

    `fault` is the run's fault where there was one; `problem` says what went wrong in
    words either way, "" where nothing did.
    """

    program: Program
    tries: int
    trial: Trial | None = None
    fault: VmFault | None = None
    problem: str = ""

    @property
    def found(self) -> bool:
        return self.trial is not None

    def run(self, program: Program | None = None) -> Run:
        """Run the same input again, on this program or on a mended one.

        Raises:  VmFault: it goes wrong. ProgramError: there is no input.
        """
        if self.trial is None:
            raise ProgramError.of("no-witness", tries=self.tries)
        return run_trial(program or self.program, self.trial)

    def __str__(self) -> str:
        if self.trial is None:
            return catalogue().say("witness-none", tries=self.tries)
        parts = [catalogue().say("witness-data", count=len(self.trial.data))]
        parts += [f"{name}={value:#x}" for name, value in self.trial.ctx.items()]
        given = ", ".join(parts)
        return catalogue().say("witness-found", given=given, problem=self.problem)


def witness(
    program: Program,
    *,
    tries: int = TRIES,
    seed: int = 0,
    progress: Callable[[int, int], Any] | None = None,
) -> Witness:
    """Look for an input on which the program goes wrong.

    Args:    tries: how many inputs at most. seed: equal seed, equal inputs.
             progress: called with (tries so far, tries at most) now and then.
    Raises:  ProgramError: not a program, or not a number.
    """
    expect(program, Program, "witness(program)")
    expect(tries, int, "witness(tries)")
    expect(seed, int, "witness(seed)")
    for number, trial in enumerate(islice(trials(program, seed), max(tries, 0)), 1):
        found = _tried(program, trial, number)
        if found:
            return found
        if progress and number % 16 == 0:
            progress(number, tries)
    return Witness(program, max(tries, 0))


def _tried(program: Program, trial: Trial, number: int) -> Witness | None:
    """Return what went wrong on one input; None: nothing did."""
    try:
        answer = run_trial(program, trial)
    except VmFault as fault:
        return Witness(program, number, trial, fault, fault.problem)
    except EbpfLabError:
        return None  # this input cannot even start
    problem = misdeed_of(program, answer)
    return Witness(program, number, trial, problem=problem) if problem else None


def run_trial(program: Program, trial: Trial) -> Run:
    """Run a program on one input, unverified, on maps of its own."""
    return run(
        program,
        trial.data,
        ctx=trial.ctx,
        maps=trial.maps(program),
        engine="interpreter",
        budget=BUDGET,
        seed=trial.seed,
    )
