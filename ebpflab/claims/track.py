"""A run followed in an exploration: where it is there, and what may be doubted.

Where the path stopped because a state covers it, the run goes on behind that state.
What was claimed there of this run's values is so for those that lie within; others did
not matter to the verifier, so they, and all that comes of them, claim nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import islice

from ebpflab.claims.doubts import (
    Doubts,
    in_frame_of,
    left_unprinted,
    read_by,
    saved_registers,
    written_by,
)
from ebpflab.claims.live import Live
from ebpflab.claims.places import Places
from ebpflab.claims.values import SLOT_BYTES, holds, is_absent, slot_holds
from ebpflab.claims.walked import Claims, Known, Walked, Way
from ebpflab.isa.words import WORD64
from ebpflab.logs.states import Slot, Value, read_slot, read_value
from ebpflab.timeline import Step

MOST_OBJECT_BYTES = 32  # of a dynptr or an iterator on the stack
MOST_VISITS = 60  # earlier visits of an instruction that are looked at
MOST_TRACKS = 16  # states that may have covered a path, followed side by side


@dataclass(frozen=True, slots=True)
class Moment:
    """One step of a run: what it did, and the values after it."""

    step: Step
    live: Live
    places: Places
    next: Step | None  # the run's next one
    seen: dict[object, Doubts] = field(default_factory=dict, repr=False)  # by visit

    @property
    def changes_frame(self) -> bool:
        """Tell whether the registers now are those of another function."""
        into_another = self.next is not None and self.next.frame != self.step.frame
        return into_another or any(c.slot == "r10" for c in self.step.changes)


@dataclass(frozen=True, slots=True)
class Track:
    """One place in an exploration where the run may be."""

    walked: Walked = field(repr=False)
    index: int
    base: int = 0  # call depth of the run where this exploration begins
    doubts: Doubts = frozenset()
    unprinted: Doubts = frozenset()  # slots of callers that this function wrote
    doubted: bool = False  # the last step read something doubtful
    is_whole: bool = True  # no other state that covered the path was left out

    def onward(self, at: Moment) -> Iterator["Track"]:
        """Yield where the exploration has the run after its next step."""
        step = at.step
        for way in self.walked.following(self.index, step.pc):
            if way.is_covered:
                yield from self._behind(way, at)
            else:
                yield self._moved(way.index, at)

    def _moved(self, index: int, at: Moment) -> "Track":
        """Go a step; what was written from doubtful values is doubtful."""
        step, written = at.step, written_by(at.step)
        doubts = self.doubts - written
        doubted = bool(self.doubts & read_by(step))
        if doubted:
            doubts |= written
        if self.doubts and (doubted or self.doubted):
            doubts |= self._refined(index, step.frame) - written
        if index in self.walked.untold:
            doubts |= written
        printed = self._printed(index, step.frame)
        silent = self._silent(at, written - printed)
        unprinted = (self.unprinted - written - printed) | silent
        moved = replace(
            self,
            index=index,
            doubts=in_frame_of(step, at.next, doubts),
            unprinted=left_unprinted(step, at.next, unprinted),
            doubted=doubted,
        )
        absent = moved._absent(at)
        return replace(moved, doubts=doubts | absent) if absent else moved

    def _printed(self, index: int, frame: int) -> Doubts:
        changes = self.walked.steps[index].changes
        return frozenset(self._place(change.slot, frame) for change in changes)

    def _silent(self, at: Moment, written: Doubts) -> Doubts:
        """Return the stack slots of which a log does not say that they were written.

        Those of a caller, which it prints on return; those that a helper writes where
        something else was known.
        """
        frame, by_helper = at.step.frame, self.walked.kind(at.step.pc) == "call"
        return frozenset(
            (depth, slot)
            for depth, slot in written
            if slot.startswith("fp") and (depth < frame or by_helper)
        )

    def _absent(self, at: Moment) -> Doubts:
        """Return the registers that this step made null for want of an object."""
        nulls = {c.slot for c in at.step.changes if c.new == "0x0"}
        if not nulls:
            return frozenset()
        return frozenset(
            (at.step.frame, slot)
            for slot, claim in self.claims(at).items()
            if slot in nulls and isinstance(claim, Value) and is_absent(claim, 0)
        )

    def _refined(self, index: int, frame: int) -> Doubts:
        before, after = self.walked.known(self.index), self.walked.known(index)
        changed = {s for s in {**before, **after} if before.get(s) != after.get(s)}
        return frozenset(self._place(slot, frame) for slot in changed)

    def _behind(self, way: Way, at: Moment) -> Iterator["Track"]:
        """Go on behind the states that may have covered this path.

        One that has all live values within is enough; else the nearest ones are all
        followed. What this step wrote and the log does not say is doubtful anyway.
        """
        partly: list[Track] = []
        frame = at.step.frame - self.base
        saved = saved_registers(range(self.base, at.step.frame))
        visits = [*islice(self.walked.covering(way, frame), MOST_VISITS)]
        for visit in visits:
            found = replace(self, index=visit, doubts=frozenset(), doubted=False)
            doubts = found._not_within(at)
            is_enough = not doubts
            printed = self._printed(visit, at.step.frame)
            doubts |= saved | self._silent(at, written_by(at.step) - printed)
            doubts = in_frame_of(at.step, at.next, doubts)
            if is_enough:
                yield replace(found, doubts=doubts)
                return
            partly.append(replace(found, doubts=doubts, doubted=True))
        partly.sort(key=lambda track: len(track.doubts))
        is_few = len(partly) <= MOST_TRACKS and len(visits) < MOST_VISITS
        is_whole = self.is_whole and is_few
        for track in partly[:MOST_TRACKS]:
            yield replace(track, is_whole=is_whole)

    def _not_within(self, at: Moment) -> Doubts:
        """Return the live values of which this state says nothing that holds."""
        key = (self.index, self.base, self.unprinted)
        if key not in at.seen:  # several tracks come to the same states
            found = frozenset(self.wrong(at)) | self._unsettled(at)
            at.seen[key] = found | self._absent(at)
        return at.seen[key]

    def _unsettled(self, at: Moment) -> Doubts:
        """Return what a state that covers may not know: see below.

        What the step itself told before a fork; that of which more is known than was
        told; values that are claimed to be equal, and are not.
        """
        frame, known = at.step.frame, self.walked.known(self.index)
        told, refined = self.claims(at), self.walked.refined_since(self.index)
        unsure = [slot for slot in known if slot not in told or slot in refined]
        doubts = {self._place(slot, frame) for slot in unsure}
        groups: dict[tuple[str, str], list[tuple[str, int]]] = {}
        for slot, claim in told.items():
            value = claim.value if isinstance(claim, Slot) else claim
            word = self._word(slot, at)
            if value and word is not None and value.number("id"):
                key, base = _relation(value, word)
                groups.setdefault(key, []).append((slot, base))
        for members in groups.values():
            if len({base for _, base in members}) > 1:
                doubts |= {self._place(slot, frame) for slot, _ in members}
        return frozenset(doubts)

    # ---- claims ----------------------------------------------------------------

    def claims(self, at: Moment) -> Claims:
        """Return what is claimed after this step, doubtful or not.

        At a fork what the step told holds on one way only, and is left out; where a
        function is entered or left, the registers are of two functions.
        """
        if at.changes_frame or self.kind == "exit":
            return {}
        found = _claims_after(self.walked, self.index)
        if self.kind == "branch" and at.next and not self._goes_to(at.next.pc):
            told = {change.slot for change in self.walked.steps[self.index].changes}
            return {slot: claim for slot, claim in found.items() if slot not in told}
        return found

    def _goes_to(self, pc: int) -> bool:
        return any(way.pc == pc for way in self.walked.ways[self.index])

    @property
    def kind(self) -> str:
        """What sort of instruction this place is, as the listing tells it."""
        return self.walked.kind(self.walked.steps[self.index].pc)

    def sure(self, at: Moment) -> Claims:
        """Return the claims that are none of doubtful values."""
        frame, open = at.step.frame, self.doubts | self.unprinted
        return {
            slot: claim
            for slot, claim in self.claims(at).items()
            if self._place(slot, frame) not in open
        }

    def open_slots(self, at: Moment) -> frozenset[str]:
        """Return the slots of this function of which nothing is claimed for doubt."""
        frame, prefix = at.step.frame, f"frame{at.step.frame - self.base}:"
        return frozenset(
            prefix + slot if slot.startswith("fp") and frame > self.base else slot
            for depth, slot in self.doubts | self.unprinted
            if depth == frame
        )

    def is_straight_on(self, at: Moment) -> bool:
        """Tell whether the verifier itself walked on to this step."""
        ways = self.walked.following(self.index, at.step.pc)
        return any(not way.is_covered for way in ways)

    def wrong(self, at: Moment) -> dict[tuple[int, str], tuple[str, Value | Slot]]:
        """Return the claims that do not hold: place -> slot, claim."""
        frame = at.step.frame
        return {
            self._place(slot, frame): (slot, claim)
            for slot, claim in self.sure(at).items()
            if not self._holds(slot, claim, at)
        }

    def _holds(self, slot: str, claim: Value | Slot, at: Moment) -> bool:
        depth, name = self._place(slot, at.step.frame)
        if isinstance(claim, Slot):
            pairs = at.live.pairs(depth, int(name[2:]))
            return slot_holds(claim, pairs, at.places, depth)
        live = at.live.registers.get(name)
        if live is None:
            return True
        if other := _frame_named(claim):
            claim = read_value(f"fp[{other[0] + self.base}]{other[1]}")
        return holds(claim, int(live, 16), at.places, depth)

    def _word(self, slot: str, at: Moment) -> int | None:
        depth, name = self._place(slot, at.step.frame)
        if name.startswith("fp"):
            pairs = at.live.pairs(depth, int(name[2:]))
            text = "".join(reversed(pairs))
            return None if "?" in text else int(text, 16)
        live = at.live.registers.get(name)
        return None if live is None else int(live, 16)

    def _place(self, slot: str, frame: int) -> tuple[int, str]:
        """Return the run's call depth and the bare name of a slot."""
        if slot.startswith("frame"):
            number, _, name = slot[5:].partition(":")
            return int(number) + self.base, name
        return (self.base if slot.startswith("fp") else frame), slot


def _claims_after(walked: Walked, index: int) -> Claims:
    """Return what is claimed after a step of the exploration; not to be changed."""
    if index not in walked.claims:
        known, step = walked.known(index), walked.steps[index]
        left_out = {"refs", *_hidden(known)}
        if index in walked.forks:
            left_out.update(change.slot for change in step.changes)
            if step.parent in walked.forks:  # what was known before it is not there
                left_out.update(known)
        walked.claims[index] = {
            slot: read_slot(text) if "fp" in slot else read_value(text)
            for slot, text in known.items()
            if slot not in left_out
        }
    return walked.claims[index]


def _hidden(known: Known) -> Iterator[str]:
    """Yield the slots that lie in a dynptr or an iterator that a slot below begins."""
    for slot, text in known.items():
        if "fp" in slot and text.startswith(("dynptr", "iter")):
            head, _, off = slot.rpartition("-")
            for above in range(SLOT_BYTES, MOST_OBJECT_BYTES, SLOT_BYTES):
                yield f"{head}-{int(off) - above}"


def _relation(value: Value, word: int) -> tuple[tuple[str, str], int]:
    """Return what values of one id must have in common, and what this one has."""
    number, _, more = value.fields["id"].partition("+")
    if value.may_be_null:
        return (value.type, number), int(word == 0)
    moved = int(more, 0) if more else value.off
    return (value.type, number), (word - moved) & WORD64


@lru_cache(maxsize=1 << 10)
def _frame_named(claim: Value) -> tuple[int, str] | None:
    """Return the frame and the offset of a pointer into another function's stack."""
    if not claim.constant.startswith("fp["):
        return None
    number, _, off = claim.constant[3:].partition("]")
    return int(number), off
