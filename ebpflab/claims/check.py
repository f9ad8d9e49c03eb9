"""The public `claims` and `check_claims`: a run held against a verdict.

Every place where the run may be in the exploration is followed (`track.py`); a claim is
violated when no place is left in which all claims hold. It is said once, and the value
claims nothing more until it is written again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest

from ebpflab.claims.doubts import written_by
from ebpflab.claims.live import Live
from ebpflab.claims.places import Places
from ebpflab.claims.track import MOST_TRACKS, Moment, Track
from ebpflab.claims.walked import Walked
from ebpflab.errors import RunError, VmFault, expect
from ebpflab.logs.states import Slot, Value
from ebpflab.results import Run, Verdict
from ebpflab.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Violation:
    """A live value outside of what was claimed of it."""

    step: int  # index in the run's timeline
    pc: int
    slot: str  # r6, fp-8, frame1:fp-8; "pc": the run goes where no path goes
    live: str  # hex word; bytes of a stack slot as hex pairs, lowest address first
    claim: str  # as the log wrote it

    def __str__(self) -> str:
        return f"{self.pc}: {self.slot} = {self.live}, claimed {self.claim}"


@dataclass(frozen=True, slots=True)
class Beside:
    """What a verifier says beside one step of a run.

    `open` names what a covered path leaves open: the verifier knew something there, but
    not of this run's values. `covered` tells that it stopped before this instruction,
    because a state that it had proved already covers this path; `walked` is False where
    no path of the exploration goes.
    """

    claims: Mapping[str, Value | Slot]
    violations: Sequence[Violation] = ()
    open: frozenset[str] = frozenset()
    covered: bool = False
    walked: bool = True


def check_claims(run: Run | VmFault, verdict: Verdict) -> list[Violation]:
    """Return where a live value lies outside of what the verifier claimed.

    Args:    run: a run of our engines, or the fault in which it ended.
             verdict: of the same program: ours, a real kernel's, or a log of level 2
             that was read.
    Returns: violations in the order of the run; none if the verdict is sound. A path
             that no log tells (behind a refusal, another program) claims nothing.
    Raises:  RunError: the run or the verdict tells no steps, or they are of two
             programs.
    """
    return [wrong for step in follow(run, verdict) for wrong in step.violations]


def claims(
    run: Run | VmFault, verdict: Verdict
) -> Sequence[Mapping[str, Value | Slot]]:
    """Return what the verifier claimed after each step of a run.

    Returns: for each step, by slot (r6, fp-8, frame1:fp-8), the claim as it was
             parsed; without those that a covered path leaves open.
    Raises:  RunError: as `check_claims`.
    """
    return [step.claims for step in follow(run, verdict)]


def follow(run: Run | VmFault, verdict: Verdict) -> Iterator[Beside]:
    """Yield what the verifier says beside each step of a run.

    Raises:  RunError: as `check_claims`.
    """
    expect(run, (Run, VmFault), "check_claims(run)")
    expect(verdict, Verdict, "check_claims(verdict)")
    told, walked = run.timeline, Walked(verdict.exploration)
    if told is None:
        raise RunError.of("no-timeline")
    _check_same_program(told, walked)
    follower = _Follower(walked, verdict, told)
    for index, (step, after) in enumerate(
        zip_longest(told.steps, told.steps[1:]), start=0
    ):
        follower.live.take(step)
        yield follower.take(index, Moment(step, follower.live, follower.places, after))


def _check_same_program(run: Timeline, walked: Walked) -> None:
    """Raise RunError where an instruction is of another kind than that of the run."""
    kinds = {line.pc: line.kind for line in run.listing}
    for pc, line in walked.lines.items():
        if kinds.get(pc) != line.kind:
            raise RunError.of("claims-other-program", pc=pc)


@dataclass(slots=True)
class _Caller:
    """Where a run is in the function that called a global one."""

    tracks: list[Track]
    slots: set[tuple[int, str]] = field(default_factory=set)  # written since

    def returned_to(self, depth: int) -> list[Track]:
        """Return the tracks as they are behind the call."""
        silent = {place for place in self.slots if place[0] <= depth}
        return [
            replace(track, unprinted=track.unprinted | silent) for track in self.tracks
        ]


class _Follower:
    """Follows one run; `tracks` are the places where it may be."""

    def __init__(self, walked: Walked, verdict: Verdict, run: Timeline) -> None:
        self.walked, self.is_complete = walked, verdict.accepted
        self.live, self.places = Live(run), Places.of(run)
        self.tracks = [Track(walked, -1)]
        self.callers: list[_Caller] = []  # of global functions, judged apart

    def take(self, index: int, at: Moment) -> Beside:
        """Take one step of the run."""
        self._leave_function(at)
        before = self.tracks
        onward = self._onward(at)
        if not onward:
            return Beside({}, self._lost(index, at), walked=False)
        covered = not any(track.is_straight_on(at) for track in before)
        right = [track for track in onward if not track.wrong(at)]
        if right or not all(track.is_whole for track in onward):
            self.tracks = _different(right)
            if not right:
                return Beside({}, covered=covered, walked=False)
            first = self.tracks[0]
            return Beside(first.sure(at), (), first.open_slots(at), covered)
        track = min(onward, key=lambda track: len(track.wrong(at)))
        wrong = track.wrong(at)
        self.tracks = [replace(track, doubts=track.doubts | frozenset(wrong))]
        said = [
            Violation(index, at.step.pc, slot, _shown(place, at), str(claim))
            for place, (slot, claim) in wrong.items()
        ]
        return Beside(track.sure(at), said, track.open_slots(at), covered)

    def _onward(self, at: Moment) -> list[Track]:
        onward = [further for track in self.tracks for further in track.onward(at)]
        if onward or not self.tracks or at.step.frame == self._base:
            return onward
        entered = Track(self.walked, -1, base=at.step.frame)  # a global function?
        onward = [*entered.onward(at)]
        if onward:
            self.callers.append(_Caller(self.tracks))
        return onward

    @property
    def _base(self) -> int:
        return self.tracks[0].base if self.tracks else 0

    def _leave_function(self, at: Moment) -> None:
        """Take up the caller's tracks where a global function has returned.

        What that wrote into its callers' stacks stands in no log.
        """
        for caller in self.callers:
            caller.slots.update(written_by(at.step))
        while self.callers and at.step.frame < self._base:
            self.tracks = self.callers.pop().returned_to(at.step.frame)

    def _lost(self, index: int, at: Moment) -> list[Violation]:
        """The exploration does not go where the run goes: is it to?"""
        tracks, self.tracks = self.tracks, []
        is_known = at.step.pc in self.walked.lines
        is_sure = tracks and not any(t.doubted or not t.is_whole for t in tracks)
        if not (self.is_complete and is_known and is_sure):
            return []
        ways = {way.pc for track in tracks for way in self.walked.ways[track.index]}
        claim = ", ".join(map(str, sorted(ways))) or "-"
        return [Violation(index, at.step.pc, "pc", hex(at.step.pc), claim)]


def _shown(place: tuple[int, str], at: Moment) -> str:
    """Return the live value of a place as text."""
    depth, name = place
    if name.startswith("fp"):
        return "".join(at.live.pairs(depth, int(name[2:])))
    return at.live.registers.get(name) or ""


def _different(tracks: list[Track]) -> list[Track]:
    """Return each place and its doubts once, the fewest doubts first; not too many."""
    by_place = {(t.base, t.index, t.doubts, t.unprinted): t for t in tracks}
    found = sorted(by_place.values(), key=lambda track: len(track.doubts))
    if len(found) > MOST_TRACKS:
        found = [replace(track, is_whole=False) for track in found[:MOST_TRACKS]]
    return found
