"""What a verdict can tell besides yes and no: the rejection, the exploration.

Whoever makes a verdict gives it a story, with a way to ask the same verifier `again`
for a longer log. Nothing is read and nobody is asked before somebody wants to know.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from ebpflab.errors import ProgramError, RunError
from ebpflab.isa.disassembler import disassemble_insn
from ebpflab.listing import names_in, source_line
from ebpflab.logs import read
from ebpflab.logs.log import Log
from ebpflab.logs.replay import exploration_of
from ebpflab.program import Program
from ebpflab.reasons.explain import rejection_of
from ebpflab.reasons.table import match
from ebpflab.results.exploration import Exploration
from ebpflab.results.rejection import Cause, Place, Rejection
from ebpflab.results.verdict import Verdict

THE_PATH, EVERY_STEP = 1, 2  # log levels
_TOO_MANY = 100_000  # instructions: whoever asked for no log of so many meant it
_ENOUGH = 1 << 20  # characters at the end of a log: the reason and what led to it

Again = Callable[[int], Verdict]


def told(verdict: Verdict, program: Program, again: Again) -> Verdict:
    """Return the verdict with its story.

    Args:    again: judges the same program in the same way, at a log level.
    """
    return replace(verdict, story=Story(program, again))


def explain(text: str | bytes) -> Verdict:
    """Read anybody's verifier log, and say what it says.

    Of old and new kernels, at any level, cut at either end, as printed by libbpf,
    bpftool, bcc, cilium/ebpf, tc or dmesg. If it holds several logs, the last counts.

    Returns: a Verdict: accepted, or refused with its `rejection`; with `timeline` and
             `exploration`, as far as the log tells the walk. `errno` is not in a log:
             0.
    Raises:  ProgramError: no text, or nothing of a log is in it.
    """
    log = read(text)
    if not log.is_log and not any(match(line) for line in log.reason):
        raise ProgramError.of("log-not-one")
    return Verdict(
        accepted=log.is_whole and not log.reason,
        message=log.reason[-1] if log.reason else "",
        log=text if isinstance(text, str) else bytes(text).decode(errors="replace"),
        insns_processed=log.statistics.get("count", 0),
        story=Story(),
    )


@dataclass(frozen=True, slots=True)
class Story:
    """Reads a verdict's log, or asks again for one that tells more."""

    program: Program | None = None
    again: Again | None = None

    def rejection(self, verdict: Verdict) -> Rejection | None:
        """Return why it was refused, with C lines where the program has them."""
        log = read(verdict.log[-_ENOUGH:])
        if not log.steps and 0 < verdict.insns_processed < _TOO_MANY and self.again:
            log = read(self.again(THE_PATH).log[-_ENOUGH:])
        said = rejection_of(log, verdict.message)
        if self.program is None:
            return said
        how = tuple(self._sourced(cause) for cause in said.how)
        return replace(said, at=self._place(said.at), how=how)

    def exploration(self, verdict: Verdict) -> Exploration:
        """Return the walk.

        Raises:  RunError: the log tells no step, and nobody can be asked again.
        """
        log, covered = read(verdict.log), verdict.covered
        if not _tells_every_step(log) and self.again:
            longer = self.again(EVERY_STEP)
            log, covered = read(longer.log), longer.covered
        if not log.steps:
            raise RunError.of("no-exploration")
        if self.program is None:
            return exploration_of(log, covered=covered)
        name, type = self.program.name, self.program.type
        walked = exploration_of(log, name, type, covered=covered)
        source, file = self.program.source, self.program.source_name
        timeline = replace(walked.timeline, source=source, source_name=file)
        return replace(walked, timeline=timeline)

    def _sourced(self, cause: Cause) -> Cause:
        return replace(cause, at=self._place(cause.at))

    def _place(self, place: Place) -> Place:
        """Add to a place what the program knows of it: its text, its C line."""
        program = self.program
        if program is None or not 0 <= place.pc < len(program.insns):
            return place
        insn = program.insns[place.pc]
        if insn and (insn.is_wide or not place.text):  # a map's name, not its address
            place = replace(place, text=disassemble_insn(insn, names_in(program)))
        line = source_line(program, place.pc)
        if place.source or line is None:
            return place
        return replace(place, source=line.text.strip(), file=line.file, line=line.line)


def _tells_every_step(log: Log) -> bool:
    """Tell whether this is a log of level 2: one that lists the program first."""
    return bool(log.listing or (log.functions and log.steps))
