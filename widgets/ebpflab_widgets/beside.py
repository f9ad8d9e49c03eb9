"""A verdict beside a run: what was claimed at each step, as differences.

A claim about a value that did not change stays until another one is made: after a
branch, say, of which the log tells one side only. What a covered path leaves open
claims nothing. Not here: following the run (`ebpflab.claims`), drawing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ebpflab.claims import Beside, follow
from ebpflab.errors import VmFault
from ebpflab.results import Run, Verdict
from ebpflab.timeline import Step, Timeline
from ebpflab_widgets.claimed import STACK_BYTES, Drawn, drawn_register, drawn_slot

NONE, OPEN = -1, -2  # in place of a claim's number
SLOT_BYTES = 8
_STACK = re.compile(r"stack(\d*)\+(\d+)")
_KEPT = re.compile(r"r\d+|(?:frame\d+:)?fp-\d+")


class Claims:
    """All claims that a page draws, each once; steps name them by number."""

    def __init__(self) -> None:
        self.drawn: list[Drawn] = []
        self._numbers: dict[tuple[bool, str], int] = {}

    def number(self, slot: str, text: str) -> int:
        in_memory = "fp" in slot
        key = (in_memory, text)
        if key not in self._numbers:
            self._numbers[key] = len(self.drawn)
            self.drawn.append(drawn_slot(text) if in_memory else drawn_register(text))
        return self._numbers[key]


@dataclass(frozen=True, slots=True)
class Told:
    """What is told beside one step."""

    changed: dict[str, int]  # slot -> number of its claim, NONE or OPEN
    written: tuple[tuple[str, int], ...]  # what the step wrote, and its claim now
    outside: tuple[tuple[str, str, str], ...] = ()  # slot, live value, claim
    covered: bool = False

    def packed(self) -> dict[str, Any] | int:
        """Return it as the page reads it; 0 where there is nothing to tell."""
        told: dict[str, Any] = {}
        if self.changed:
            told["c"] = self.changed
        if self.outside:
            told["x"] = [list(one) for one in self.outside]
        if self.covered:
            told["k"] = 1
        return told or 0


@dataclass
class SideBySide:
    """One run beside one verdict."""

    run: Run | VmFault
    verdict: Verdict
    claims: Claims
    start: dict[str, int] = field(init=False)  # of what the first step leaves alone
    told: list[Told] = field(init=False)

    def __post_init__(self) -> None:
        timeline = self.run.timeline
        self.start, self.told = {}, []
        if timeline is not None:
            self.told = [*self._told(timeline)]
            known = {change.slot for change in timeline.start}
            first = self.told[0] if self.told else Told({}, ())
            made = {slot for slot, _ in first.written}
            self.start = {
                s: n for s, n in first.changed.items() if s in known and s not in made
            }

    def _told(self, timeline: Timeline) -> Iterator[Told]:
        now: dict[str, int] = {}
        frame = 0
        for step, beside in zip(
            timeline.steps, follow(self.run, self.verdict), strict=False
        ):
            if step.frame != frame:  # the registers are another function's
                before, now = now, {s: n for s, n in now.items() if "fp" in s}
                frame = step.frame
            else:
                before = now
            after = self._after(now, step, beside)
            slots = sorted(before.keys() | after.keys())
            yield Told(
                {
                    slot: after.get(slot, NONE)
                    for slot in slots
                    if after.get(slot, NONE) != before.get(slot, NONE)
                },
                tuple((slot, after[slot]) for slot in written(step) if slot in after),
                tuple((v.slot, v.live, v.claim) for v in beside.violations),
                beside.covered,
            )
            now = after

    def _after(
        self, before: dict[str, int], step: Step, beside: Beside
    ) -> dict[str, int]:
        if not beside.walked:
            return {}
        lost = {change.slot for change in step.changes if change.new is None}
        changed = {*written(step), *lost}
        kept = {s: n for s, n in before.items() if s not in changed and n != OPEN}
        open = {slot: OPEN for slot in beside.open if _KEPT.fullmatch(slot)}
        claimed = {
            slot: self.claims.number(slot, str(claim))
            for slot, claim in beside.claims.items()
        }
        after = {**kept, **open, **claimed}
        return {slot: n for slot, n in after.items() if slot not in lost}

    def packed(self) -> dict[str, Any]:
        return {
            "accepted": self.verdict.accepted,
            "processed": self.verdict.insns_processed,
            "start": self.start,
            "steps": [one.packed() for one in self.told],
        }


def written(step: Step) -> list[str]:
    """Return the slots that a step wrote, as a verifier names them."""
    slots: list[str] = []
    for change in step.changes:
        if change.new is None:
            continue
        if not (found := _STACK.fullmatch(change.slot)):
            slots += [change.slot] if _KEPT.fullmatch(change.slot) else []
            continue
        prefix = f"frame{found[1]}:" if found[1] else ""
        start = int(found[2]) - STACK_BYTES
        end = start + len(change.new) // 2
        first = start // SLOT_BYTES * SLOT_BYTES
        slots += [f"{prefix}fp{at}" for at in range(first, end, SLOT_BYTES)]
    return slots
