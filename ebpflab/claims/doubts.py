"""Which values of a run claim nothing for now: places, by call depth and slot."""

from ebpflab.claims.live import touched
from ebpflab.timeline import Step

Doubts = frozenset[tuple[int, str]]  # call depth; r6 or fp-8
_SAVED = ("r6", "r7", "r8", "r9")
_PASSED = tuple(f"r{n}" for n in range(1, 6))


def read_by(step: Step) -> Doubts:
    registers = {(step.frame, name) for name in step.reads if "+" not in name}
    return frozenset(registers | {*touched(iter(step.reads), {})})


def written_by(step: Step) -> Doubts:
    sizes = {c.slot: len(c.new or "") // 2 for c in step.changes}
    registers = {(step.frame, slot) for slot in sizes if "+" not in slot}
    return frozenset(registers | {*touched(iter(sizes), sizes)})


def saved_registers(depths: range) -> Doubts:
    """Return those that callers get back: what is known of them stands nowhere."""
    return frozenset((depth, name) for depth in depths for name in _SAVED)


def left_unprinted(step: Step, after: Step | None, slots: Doubts) -> Doubts:
    """Return them without those of a function that is returned to: all is printed."""
    if after is None or after.frame >= step.frame:
        return slots
    return frozenset(place for place in slots if place[0] < after.frame)


def in_frame_of(step: Step, after: Step | None, doubts: Doubts) -> Doubts:
    """Take doubts along into the function that is entered or left."""
    now, then = step.frame, after.frame if after else step.frame
    if then > now and any((now, name) in doubts for name in _PASSED):
        return doubts | {(then, name) for name in _PASSED}
    if then < now:
        kept = {place for place in doubts if place[0] <= then}
        return frozenset(kept | ({(then, "r0")} if (now, "r0") in doubts else set()))
    return doubts
