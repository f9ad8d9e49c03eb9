"""Agreement counted, differences ranked: what a verifier's builder wants to see.

One line says how many programs both judged, and of these how many have the same
verdict, message, count and log; then come the differences by what Linux said, and what
was not modelled, most frequent first, each with a program to begin with.
"""

import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import ebpflab as lab
from ebpflab.logs import masked
from ebpflab.results import Verdict
from ebpflab.verifier.check import verify
from ebpflab.verifier.refusal import NotModelled
from tests.differential.compare import Difference, compare_verdicts
from tests.differential.families import FAMILIES
from tests.differential.mutations import mutated

_REASON, _EVERYTHING = 4, 2  # log levels
_NUMBER = re.compile(r"-?\b(0x[0-9a-f]+|\d+)\b")
_ADDRESS = re.compile(r"(\(18\) r\d = )0x[0-9a-f]+ *(;|$)")
_NOT_TOLD = re.compile(r"\(0\) (frame|live)|verification time|stack depth")
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Job:
    """One program to be made and judged."""

    family: str
    seed: int
    mutate: bool = False
    privileged: bool = True
    logs: bool = False

    @property
    def name(self) -> str:
        return f"{self.family}-{self.seed}" + "m" * self.mutate

    def program(self) -> lab.Program:
        made = FAMILIES[self.family](self.seed)
        if self.mutate:
            made = mutated(made, random.Random(self.name))
        return made


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of one job."""

    accepted: bool | None = None  # by Linux; None: no verifier spoke
    message: str = ""  # Linux's, without numbers
    verdict: bool = False  # ours is the same
    difference: str = ""
    told: str = ""
    not_modelled: str = ""
    crash: str = ""


def judge(job: Job) -> Judged:
    """Ask both sides about one program."""
    level = _EVERYTHING if job.logs else _REASON
    program = job.program()
    try:
        theirs = lab.linux.verify(program, privileged=job.privileged, log_level=level)
    except lab.LinuxError as error:
        return Judged(message=str(error).splitlines()[0])
    message = shape(theirs.message)
    try:
        ours = verify(
            program, privileged=job.privileged, log_level=level if job.logs else 0
        )
    except NotModelled as refused:
        return Judged(theirs.accepted, message, not_modelled=_missing(refused))
    except Exception as error:  # what is to be found here
        return Judged(
            theirs.accepted, message, crash=f"{type(error).__name__}: {error}"
        )
    same = ours.accepted == theirs.accepted
    found = compare_verdicts(program, theirs, ours)
    if found is None and job.logs:
        found = log_difference(program, theirs, ours)
    kind, told = (shape(found.kind), found.told) if found else ("", "")
    return Judged(theirs.accepted, message, same, kind, told)


def shape(message: str) -> str:
    """Return a message without its numbers."""
    return _NUMBER.sub("N", masked(message))


def _missing(refused: NotModelled) -> str:
    return str(refused).splitlines()[0]


def log_lines(log: str) -> list[str]:
    """Return a log's lines without addresses, times, and liveness updates."""
    kept = (line for line in log.splitlines() if not _NOT_TOLD.match(line))
    return [_ADDRESS.sub(r"\1N \2", line) for line in kept]


def log_difference(
    program: lab.Program, theirs: Verdict, ours: Verdict
) -> Difference | None:
    """Return the first line of the logs that is not the same."""
    there, here = log_lines(theirs.log), log_lines(ours.log)
    for a, b in zip(there, here, strict=False):
        if a != b:
            return Difference(program, "log", f"Linux: {a}\n      here:  {b}")
    if len(there) != len(here):
        return Difference(program, "log", f"{len(there)} lines, here {len(here)}")
    return None


@dataclass
class Tally:
    """What was found in many programs."""

    programs: int = 0
    unheard: Counter[str] = field(default_factory=Counter)  # no verifier spoke
    accepted: int = 0  # by Linux
    judged: int = 0  # by both
    verdicts: int = 0  # the same
    agreed: int = 0  # in everything
    reasons: set[str] = field(default_factory=set)
    differences: Counter[str] = field(default_factory=Counter)
    not_modelled: Counter[str] = field(default_factory=Counter)
    first: dict[str, str] = field(default_factory=dict)  # kind -> name, words

    def add(self, job: Job, found: Judged | str) -> None:
        self.programs += 1
        if isinstance(found, str):
            self._count(self.differences, f"a process {found}", job)
        elif found.accepted is None:
            self._count(self.unheard, found.message, job)
        else:
            self._add_judged(job, found)

    def _add_judged(self, job: Job, found: Judged) -> None:
        self.accepted += bool(found.accepted)
        if not found.accepted:
            self.reasons.add(found.message)
        if found.not_modelled:
            self._count(self.not_modelled, found.not_modelled, job)
            return
        self.judged += 1
        self.verdicts += found.verdict
        if found.crash:
            self._count(self.differences, f"crash: {found.crash}", job)
        elif found.difference:
            self._count(self.differences, found.difference, job, found.told)
        else:
            self.agreed += 1

    def _count(self, table: Counter[str], kind: str, job: Job, told: str = "") -> None:
        table[kind] += 1
        self.first.setdefault(kind, f"{job.name}  {told}".rstrip())

    def summary(self) -> str:
        refused = self.programs - self.accepted - self.unheard.total()
        return (
            f"{self.programs} programs: Linux accepts {self.accepted},"
            f" refuses {refused} for {len(self.reasons)} reasons,"
            f" does not judge {self.unheard.total()}\n"
            f"judged here {self.judged}: verdict {_share(self.verdicts, self.judged)},"
            f" everything {_share(self.agreed, self.judged)}"
        )

    def ranks(self) -> Iterator[str]:
        tables = (
            ("not judged by Linux", self.unheard),
            ("not modelled", self.not_modelled),
            ("different", self.differences),
        )
        for title, table in tables:
            if table:
                yield f"-- {title}: {table.total()}"
            for kind, count in table.most_common(_SHOWN):
                yield f"{count:6}  {kind}\n        {self.first[kind]}"


def _share(part: int, whole: int) -> str:
    return f"{part} ({100 * part / whole:.2f} %)" if whole else "0"
