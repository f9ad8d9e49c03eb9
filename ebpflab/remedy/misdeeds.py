"""What may be wrong with a run that ended well: what no fault of the interpreter shows.

A register that nobody wrote holds zero here and garbage on a machine; a record that was
reserved and never sent fills its buffer for good; a lock that is still held stops
whoever wants it next. The run's timeline shows each of them.
"""

from collections import Counter
from collections.abc import Iterator

from ebpflab.errors import EbpfLabError
from ebpflab.hooks import hook_of
from ebpflab.language import catalogue
from ebpflab.program import Program
from ebpflab.results import Run
from ebpflab.timeline import Timeline

LONGEST = 2_000  # steps of a run that is looked through
_OPENED = {  # what a helper took, and what gives it back
    "effect-reserved": ("effect-submitted", "effect-discarded"),
    "effect-locked": ("effect-unlocked",),
}


def misdeed_of(program: Program, answer: Run) -> str:
    """Return what went wrong in a run without a fault, as a sentence; "" = nothing."""
    allowed = hook_of(program.type).answer(program.expected_attach_type)
    if allowed and not allowed[0] <= answer.retval <= allowed[1]:
        return catalogue().say(
            "misdeed-answer", found=answer.retval, least=allowed[0], most=allowed[1]
        )
    try:
        timeline = answer.timeline
    except EbpfLabError:
        return ""  # too long to be told
    if len(timeline.steps) > LONGEST:
        return ""
    return next(_misdeeds(timeline), "")


def _misdeeds(timeline: Timeline) -> Iterator[str]:
    for pc, register in _unwritten_reads(timeline):
        yield catalogue().say("misdeed-unwritten", register=register, pc=pc)
    for effect, count in _still_held(timeline):
        yield catalogue().say(f"misdeed-{effect}", count=count)


def _unwritten_reads(timeline: Timeline) -> Iterator[tuple[int, str]]:
    """Yield where a run reads a register that holds nothing known."""
    known = {change.slot: change.new for change in timeline.start}
    for step in timeline.steps:
        for slot in step.reads:
            if slot.startswith("r") and slot[1:].isdecimal() and not known.get(slot):
                yield step.pc, slot
        known |= {change.slot: change.new for change in step.changes}


def _still_held(timeline: Timeline) -> Iterator[tuple[str, int]]:
    done = Counter(step.effect.key for step in timeline.steps if step.effect)
    for taken, given in _OPENED.items():
        if left := done[taken] - sum(done[key] for key in given):
            yield taken, left
