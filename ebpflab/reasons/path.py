"""How a value came to be: the instructions that made it, followed backwards.

From the instruction that failed, back along the path: a copy leads to what was copied,
arithmetic to its operands, a value read from the stack to the store that put it there,
and a branch that narrowed the value is one of its makers too. The way ends where the
value was born: a constant, a load, a call.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ebpflab.logs.known import Known, entered, walk
from ebpflab.logs.log import Log, LogStep
from ebpflab.logs.operands import ARGUMENTS, Operands, operands
from ebpflab.reasons.words import say_claim
from ebpflab.results.rejection import Cause, Place, Sentence

_MOVES_PACKET = re.compile(
    r"adjust_|change_|pull_data|store_bytes|csum_replace|vlan_|clone_redirect|lwt_"
)
MOST_CAUSES = 8  # of which the oldest and the newest are kept


@dataclass(frozen=True, slots=True)
class Moment:
    """One step of the path that failed, with what was known around it."""

    step: LogStep
    before: Known
    after: Known
    next_pc: int  # slot that came after it; -1 = none

    @property
    def doing(self) -> Operands:
        return operands(self.step.code, self.step.text)


def path_to_end(log: Log) -> list[Moment]:
    """Return the last step's path from the start, oldest first."""
    wanted, index = set(), len(log.steps) - 1
    while index >= 0:
        wanted.add(index)
        index = log.steps[index].parent
    moments = [
        (log.steps[index], before, after)
        for index, before, after in walk(log)
        if index in wanted
    ]
    told = []
    for at, (step, before, after) in enumerate(moments):
        follower = moments[at + 1][0] if at + 1 < len(moments) else None
        if follower is not None:
            after = entered(after, follower)
        told.append(Moment(step, before, after, follower.pc if follower else -1))
    return told


def place_of(step: LogStep) -> Place:
    """Return where a step is."""
    source = step.source
    if source is None:
        return Place(step.pc, step.text)
    return Place(step.pc, step.text, source.text, source.file, source.line)


def causes(path: Sequence[Moment], slots: Sequence[str]) -> tuple[Cause, ...]:
    """Follow values backwards from before the last step; oldest cause first.

    Args:    slots: "r2", "fp-8": what is followed.
    """
    if not path:
        return ()
    frame = path[-1].step.frame
    watched, found = {(frame, slot) for slot in slots}, []
    for moment in reversed(path[:-1]):
        if not watched:
            break
        cause = _cause(moment, watched)
        if cause is not None:
            found.append(cause)
    found.reverse()
    if len(found) > MOST_CAUSES:
        found = found[:2] + found[2 - MOST_CAUSES :]
    return tuple(found)


def _cause(moment: Moment, watched: set[tuple[int, str]]) -> Cause | None:
    """Return what this step did to one of the watched; go on with where it is from."""
    step, doing = moment.step, moment.doing
    frame = step.frame
    if step.is_call_of_function:
        return _passed(moment, watched)
    if doing.kind == "exit":
        return _returned(moment, watched)
    if doing.kind == "call":
        return _called(moment, watched)
    if doing.writes and (frame, doing.writes) in watched:
        return _written(moment, watched)
    if doing.stores and (frame, doing.stack_slot) in watched:
        return _stored(moment, watched)
    if doing.kind == "branch":
        return _narrowed(moment, watched)
    return None


def _written(moment: Moment, watched: set[tuple[int, str]]) -> Cause:
    frame, doing = moment.step.frame, moment.doing
    watched.discard((frame, doing.writes))
    if doing.kind == "memory":
        return _loaded(moment, watched)
    sources = [r for r in doing.reads if r != "r10" or not doing.is_move]
    if not doing.is_move and len(doing.reads) > 1:
        sources = _uncertain(moment, doing)
    watched.update((frame, register) for register in sources)
    if doing.is_move:
        if not doing.reads:
            return _said(moment, doing.writes, "how-set")
        if doing.reads[0] != doing.writes:
            return _said(moment, doing.writes, "how-copied", source=doing.reads[0])
    return _said(moment, doing.writes, "how-computed")


def _uncertain(moment: Moment, doing: Operands) -> list[str]:
    """Of a sum's parts, constants explain themselves: follow the others."""
    known = [moment.before.get(register, "") for register in doing.reads]
    plain = [text.lstrip("P-").isdecimal() for text in known]
    followed = [
        r for r, is_plain in zip(doing.reads, plain, strict=True) if not is_plain
    ]
    return followed or list(doing.reads)


def _loaded(moment: Moment, watched: set[tuple[int, str]]) -> Cause:
    frame, doing = moment.step.frame, moment.doing
    if doing.stack_slot:
        watched.add((frame, doing.stack_slot))
        return _said(moment, doing.writes, "how-filled", source=doing.stack_slot)
    base = say_claim(moment.before[doing.base]) if doing.base in moment.before else ""
    return _said(moment, doing.writes, "how-loaded", source=base or doing.base)


def _stored(moment: Moment, watched: set[tuple[int, str]]) -> Cause:
    frame, doing = moment.step.frame, moment.doing
    watched.discard((frame, doing.stack_slot))
    kept = [register for register in doing.reads if register != doing.base]
    watched.update((frame, register) for register in kept)
    source = kept[0] if kept else doing.constant
    return _said(moment, doing.stack_slot, "how-spilled", source=source)


def _narrowed(moment: Moment, watched: set[tuple[int, str]]) -> Cause | None:
    """A branch says more about what it compares, and about copies of that."""
    frame = moment.step.frame
    told = [
        slot
        for at, slot in watched
        if at == frame
        and moment.before.get(_named(frame, slot))
        != moment.after.get(_named(frame, slot))
    ]
    tested = [r for r in moment.doing.reads if (frame, r) in watched]
    slot = next(iter(sorted(told) or tested), "")
    if not slot or not moment.after.get(_named(frame, slot)):
        return None
    straight = moment.next_pc == moment.step.pc + 1
    return _said(moment, slot, "how-not-taken" if straight else "how-taken")


def _called(moment: Moment, watched: set[tuple[int, str]]) -> Cause | None:
    frame, callee = moment.step.frame, _name(moment.doing.callee)
    if (frame, "r0") in watched:
        watched.discard((frame, "r0"))
        return _said(moment, "r0", "how-returned", callee=callee)
    lost = [r for r in ARGUMENTS if (frame, r) in watched]
    watched.difference_update((frame, register) for register in lost)
    if not lost:
        return None
    return _said(moment, lost[0], "how-lost", callee=callee)


def _passed(moment: Moment, watched: set[tuple[int, str]]) -> Cause | None:
    """Into a function: what it got in r1 to r5 is the caller's."""
    frame = moment.step.frame
    inside = {slot for at, slot in watched if at == frame + 1 and slot in ARGUMENTS}
    watched.difference_update([one for one in watched if one[0] > frame])
    watched.update((frame, register) for register in inside)
    if not inside:
        return None
    return _said(moment, sorted(inside)[0], "how-passed")


def _returned(moment: Moment, watched: set[tuple[int, str]]) -> Cause | None:
    """Out of a function: the caller's r0 is the function's."""
    frame = moment.step.frame
    if (frame - 1, "r0") not in watched:
        return None
    watched.discard((frame - 1, "r0"))
    watched.add((frame, "r0"))
    return None


def _name(callee: str) -> str:
    return callee.partition("#")[0]


def _said(moment: Moment, slot: str, key: str, **values: object) -> Cause:
    claim = moment.after.get(_named(moment.step.frame, slot), "")
    named = {"slot": slot, "value": say_claim(claim), **values}
    return Cause(place_of(moment.step), slot, claim, Sentence(key, "", named))


def _named(frame: int, slot: str) -> str:
    """Return a slot's name among all that is known."""
    return slot if slot[0] == "r" or not frame else f"frame{frame}:{slot}"


def round_of_loop(path: Sequence[Moment], pc: int) -> tuple[Cause, ...]:
    """Return where the last round of a loop that starts at `pc` went."""
    starts = [i for i, moment in enumerate(path) if moment.step.pc == pc]
    last = path[starts[-1] :] if starts else path
    ways = [moment for moment in last if moment.doing.kind == "branch"]
    return tuple(_way(moment, pc) for moment in ways[-MOST_CAUSES:])


def _way(moment: Moment, pc: int) -> Cause:
    went = {"pc": moment.next_pc if moment.next_pc >= 0 else pc}
    return Cause(place_of(moment.step), "", "", Sentence("how-went", "", went))


def voided(path: Sequence[Moment], slot: str, *, packet: bool) -> tuple[Cause, ...]:
    """Return the call after which a pointer means nothing: moved, or given back."""
    calls = [m for m in path[:-1] if m.doing.kind == "call"]
    moving = [m for m in calls if _MOVES_PACKET.search(m.doing.callee)]
    key = "how-moved-packet" if packet else "how-given-back"
    last = ((packet and moving) or calls)[-1:]
    return tuple(_said(m, slot, key, callee=_name(m.doing.callee)) for m in last)


def acquired(path: Sequence[Moment], pc: int) -> tuple[Cause, ...]:
    """Return the call at `pc` that gave what must be given back."""
    calls = [moment for moment in path if moment.step.pc == pc]
    return tuple(
        _said(moment, "r0", "how-acquired", callee=_name(moment.doing.callee))
        for moment in calls[-1:]
    )
