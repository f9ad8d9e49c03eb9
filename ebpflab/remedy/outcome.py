"""What one input comes to: an answer, or where and how it goes wrong.

A witness shows that a program can go wrong. The inputs around it show when: the same
bytes cut shorter or continued, the inputs tried before it, the same inputs on a mended
program. Not here: making inputs (`inputs.py`), searching (`witness.py`).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from ebpflab.errors import EbpfLabError, VmFault
from ebpflab.program import Program
from ebpflab.remedy.inputs import Trial
from ebpflab.remedy.misdeeds import misdeed_of
from ebpflab.remedy.witness import run_trial

SAME, MENDED, CHANGED = "same", "mended", "changed"
_OFFSET = (1 << 32) - 1  # the part of an address that counts within its region


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one run ended.

    `problem` says what went wrong, "" where nothing did; `pc` is the slot where it did,
    -1 where no single instruction is to blame. `byte` is the first one that was
    touched, if the fault was in the packet; else -1.
    """

    retval: int | None = None  # None: it never answered
    name: str = ""  # XDP_PASS
    problem: str = ""
    pc: int = -1
    byte: int = -1

    def __str__(self) -> str:
        if self.problem:
            return f"✕ {self.problem}"
        return f"{self.retval} ({self.name})" if self.name else f"{self.retval}"

    def became(self, after: "Outcome") -> str:
        """Tell how this outcome and the one after a fix compare."""
        if self.problem and not after.problem:
            return MENDED
        return SAME if self == after else CHANGED


def outcome_of(program: Program, trial: Trial) -> Outcome | None:
    """Run a program, unverified, on one input; None: it cannot even start on this."""
    try:
        answer = run_trial(program, trial)
    except VmFault as fault:
        byte = fault.address & _OFFSET if fault.region == "packet" else -1
        return Outcome(problem=fault.problem, pc=fault.pc, byte=byte)
    except EbpfLabError:
        return None
    problem = misdeed_of(program, answer)
    return Outcome(answer.retval, answer.retval_name, problem)


def by_length(
    program: Program, trial: Trial, lengths: Iterable[int]
) -> Iterator[tuple[Trial, Outcome]]:
    """Yield what the same bytes come to when there are fewer of them, or zeros more."""
    for length in lengths:
        data = trial.data[:length].ljust(length, b"\0")
        cut = replace(trial, data=data)
        if outcome := outcome_of(program, cut):
            yield cut, outcome
