"""`fix(program, verdict)`: mechanical fixes, one after the other, until it is accepted.

Each proposal is applied and the program verified again; a second refusal may need a
second fix. What comes out is what went in where nothing fits.
"""

from collections.abc import Callable
from dataclasses import dataclass
from difflib import SequenceMatcher

from ebpflab.errors import expect
from ebpflab.language import catalogue
from ebpflab.listing import disassemble
from ebpflab.program import Program
from ebpflab.remedy.fixes import propose
from ebpflab.remedy.patch import patched
from ebpflab.remedy.situation import Situation
from ebpflab.results import Verdict
from ebpflab.verifier.verdict import verify as verify_strictly

ROUNDS = 8  # fixes of one program
EVERY_STEP = 2  # log level

Verify = Callable[[Program], Verdict]


@dataclass(frozen=True)
class Fix:
    """A program before and after, what was done, and the new verdict."""

    before: Program
    after: Program
    rows: tuple[str, ...]  # catalogue rows of what was done, in order
    verdict: Verdict  # of `after`

    @property
    def found(self) -> bool:
        """Tell whether the fixed program is accepted."""
        return bool(self.rows) and self.verdict.accepted

    @property
    def steps(self) -> tuple[str, ...]:
        """What was done, in words."""
        return tuple(catalogue().say(row) for row in self.rows)

    @property
    def diff(self) -> tuple[tuple[str, str], ...]:
        """The listing's lines with a sign each: " " kept, "-" gone, "+" new.

        A jump that only goes another distance now counts as kept, told as it is.
        """
        old, new = (disassemble(p).splitlines() for p in (self.before, self.after))
        rows: list[tuple[str, str]] = []
        matcher = SequenceMatcher(
            a=[_without_distance(line) for line in old],
            b=[_without_distance(line) for line in new],
        )
        for tag, a, b, c, d in matcher.get_opcodes():
            if tag == "equal":
                rows += [(" ", line) for line in new[c:d]]
            else:
                rows += [("-", line) for line in old[a:b]]
                rows += [("+", line) for line in new[c:d]]
        return tuple(rows)

    def __str__(self) -> str:
        if not self.rows:
            return catalogue().say("fix-none")
        row = "fix-accepted" if self.found else "fix-not-enough"
        said = catalogue().say(row, message=self.verdict.message)
        lines = [f"{sign} {line}" for sign, line in self.diff]
        return "\n".join([*self.steps, *lines, said])


def _without_distance(line: str) -> str:
    return line.split(" goto ")[0] if " goto " in line else line


def judged(program: Program) -> Verdict:
    """Judge a program, strictly, with every step in the log."""
    return verify_strictly(program, log_level=EVERY_STEP)


def fix(program: Program, verdict: Verdict, *, verify: Verify = judged) -> Fix:
    """Mend a refused program by small known patches.

    Args:    verify: judges a program, with a log of level 2; by default `lab.verify`.
    Raises:  ProgramError: not a program, or not a verdict.
    """
    expect(program, Program, "fix(program)")
    expect(verdict, Verdict, "fix(verdict)")
    now, done = program, []
    for _ in range(ROUNDS):
        situation = None if verdict.accepted else Situation.of(now, verdict)
        proposal = situation and propose(situation)
        if not proposal:
            break
        now = patched(now, proposal.edits)
        done.append(proposal.row)
        verdict = verify(now)
    return Fix(program, now, tuple(done), verdict)
