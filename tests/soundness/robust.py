"""Robustness: whatever the program, an answer or an EbpfLabError, and soon.

    python -m tests.soundness.robust --programs 20000      Ctrl-C stops, and sums up
    python -m tests.soundness.robust --show real-1234

Broken programs (`broken.py`) of all types go through `verify` with all its options; of
some, all that can be asked of a verdict is asked. They are judged in child processes.
"""

import argparse
import random
import resource
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import ebpflab as lab
from ebpflab.verifier.bugs import BUGS
from ebpflab.verifier.rules import RULES
from tests.differential import workers
from tests.soundness.broken import KINDS, add_objects, objects
from tests.soundness.examine import at_most

LONGEST_S = 20.0  # of processor time, for one program
AT_LEAST = 2_000  # instructions processed in each further second
MOST_MEMORY = 3 << 30  # bytes of a child
BUDGET = 500  # instructions of a run
LEVELS = (0, 1, 1, 2, 2, 3, 4, 7)
ASKED = 0.2  # of all programs: their verdicts are asked for more
MOST_JUDGED = 20_000  # instructions processed; Linux's million takes a minute
AT_ONCE = 1_000  # programs that a child process is given
EVERY_S = 10  # between two lines of progress


@dataclass(frozen=True, slots=True)
class Asked:
    """One program to be made and judged."""

    kind: str
    seed: int

    @property
    def name(self) -> str:
        return f"{self.kind}-{self.seed}"

    @property
    def chance(self) -> random.Random:
        return random.Random(self.name)


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of it: "accepted", "refused" or an error's name; what is wrong."""

    word: str
    seconds: float = 0.0
    processed: int = 0
    wrong: str = ""


def options(chance: random.Random) -> dict[str, Any]:
    """Return arguments for `verify`."""
    made: dict[str, Any] = {
        "privileged": chance.random() < 0.7,
        "log_level": chance.choice(LEVELS),
    }
    if chance.random() < 0.25:
        made["without"] = chance.sample([*RULES], chance.choice((1, 2, len(RULES))))
    if chance.random() < 0.2:
        made["cve"] = chance.choice([*BUGS])
    if chance.random() < 0.1:
        made["btf"] = chance.choice((b"", chance.randbytes(64), _types(chance)))
    return made


def _types(chance: random.Random) -> bytes:
    """Return some program's types: no kernel's."""
    return chance.choice(objects()).btf or b""


def ask(asked: Asked) -> Answered:
    """Make and judge one program; nothing but an error of the kit may come out."""
    chance = asked.chance
    began = time.process_time()
    word, processed, wrong = "crashed", 0, ""
    try:
        program = KINDS[asked.kind](chance)  # or a number that no instruction holds
        with at_most(MOST_JUDGED):
            word, processed = _judged(program, chance)
    except lab.EbpfLabError as error:
        word = type(error).__name__
    except Exception:
        wrong = traceback.format_exc(limit=-4)
    seconds = time.process_time() - began
    if seconds > LONGEST_S + processed / AT_LEAST:
        wrong = f"took {seconds:.1f} s for {processed} instructions"
    return Answered(word, seconds, processed, wrong)


def _judged(program: lab.Program, chance: random.Random) -> tuple[str, int]:
    verdict = lab.verify(program, **options(chance))
    if chance.random() < ASKED:
        for view in VIEWS:
            try:
                view(program, verdict)
            except lab.EbpfLabError as error:
                str(error)
    word = "accepted" if verdict.accepted else "refused"
    return word, verdict.insns_processed


# ---- what can be asked of a verdict ----------------------------------------------


def _rejection(program: lab.Program, verdict: lab.Verdict) -> None:
    str(verdict.rejection)
    verdict.check()


def _exploration(program: lab.Program, verdict: lab.Verdict) -> None:
    walked = verdict.exploration
    _ = walked.heat, walked.forks, walked.rounds, verdict.timeline.to_json()


def _explain(program: lab.Program, verdict: lab.Verdict) -> None:
    told = lab.explain(verdict.log)
    str(told.rejection)
    _ = told.exploration


def _witness(program: lab.Program, verdict: lab.Verdict) -> None:
    str(lab.witness(program, tries=3))


def _fix(program: lab.Program, verdict: lab.Verdict) -> None:
    str(lab.fix(program, verdict))


def _claims(program: lab.Program, verdict: lab.Verdict) -> None:
    try:
        run = lab.run(program, bytes(64), engine="interpreter", budget=BUDGET)
    except lab.VmFault as fault:
        lab.check_claims(fault, verdict)
    else:
        lab.check_claims(run, verdict)


VIEWS: tuple[Callable[[lab.Program, lab.Verdict], None], ...] = (
    *(_rejection, _exploration, _explain, _witness, _fix, _claims),
)


# ---- many ------------------------------------------------------------------------


@dataclass
class Total:
    """What came of all so far."""

    words: Counter[str] = field(default_factory=Counter)
    slowest: tuple[float, str] = (0.0, "")
    wrong: list[str] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def add(self, asked: Asked, answer: Answered | str) -> str:
        """Count one; return what is wrong with it."""
        if isinstance(answer, str):  # what became of the child
            answer = Answered(answer, wrong=f"the process {answer}")
        self.words[answer.word] += 1
        self.slowest = max(self.slowest, (answer.seconds, asked.name))
        if not answer.wrong:
            return ""
        self.wrong.append(f"{asked.name}: {answer.wrong}")
        return self.wrong[-1]

    def __str__(self) -> str:
        count = sum(self.words.values())
        rate = count / max(1e-9, time.monotonic() - self.began)
        words = ", ".join(f"{n} {word}" for word, n in self.words.most_common())
        seconds, name = self.slowest
        return (
            f"{count} programs ({rate:.0f}/s): {words}; slowest {name} {seconds:.1f} s;"
            f" {len(self.wrong)} wrong"
        )


def wanted(first: int = 0, kinds: tuple[str, ...] = (*KINDS,)) -> Iterator[Asked]:
    """Yield programs without end: each kind in turn, seed by seed."""
    seed = first
    while True:
        yield from (Asked(kind, seed) for kind in kinds)
        seed += 1


def _alone(asked: Asked) -> Answered:
    """Judge in a child, which leaves Ctrl-C to its parent and has so much memory."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    return ask(asked)


def with_tools() -> None:
    """Let the programs of Debian's tools be among those that are changed."""
    from tests.objects import tools

    if not tools.installed():
        found = (tools.opened(name).programs.values() for name in tools.TOOLS)
        add_objects([tools.as_the_tool_loads(p) for some in found for p in some])


def show(name: str) -> None:
    kind, _, seed = name.rpartition("-")
    asked = Asked(kind, int(seed))
    chance = asked.chance
    program = KINDS[kind](chance)
    print(program.type, program.maps, options(chance), sep="\n")
    try:
        print(lab.disassemble(program))
    except lab.EbpfLabError as error:
        print(error)
    print(ask(asked))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--programs", type=int, default=20_000)
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--no-tools", action="store_true", help="without Debian's")
    parser.add_argument("--show", metavar="KIND-SEED")
    given = parser.parse_args()
    if not given.no_tools:
        with_tools()
    if given.show:
        show(given.show)
        return 0
    workers.LONGEST_S = 300
    total, last = Total(), time.monotonic()
    jobs = islice(wanted(given.first, tuple(given.kinds.split(","))), given.programs)
    try:
        while some := list(islice(jobs, AT_ONCE)):
            for asked, answer in workers.each(some, _alone):
                if wrong := total.add(asked, answer):
                    print(wrong, flush=True)
                if time.monotonic() - last > EVERY_S:
                    last = time.monotonic()
                    print(total, flush=True)
    except KeyboardInterrupt:
        print("\nstopped")
    print(total)
    return min(1, len(total.wrong))


if __name__ == "__main__":
    sys.exit(main())
