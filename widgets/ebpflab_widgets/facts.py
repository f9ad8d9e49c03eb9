"""What there is to tell about each step of a timeline, without words yet.

A fact is a catalogue key and its values. The announcement, the printed line and the
drawing are three spellings of the same facts. The browser's `js/facts.js` does the
same. Not here: sentences (`text.py`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from ebpflab.results.exploration import EXIT, SAFE
from ebpflab.timeline import EXPLORATION, Change, Step, Test, Timeline
from ebpflab_widgets.beside import SideBySide
from ebpflab_widgets.claimed import drawn_register, drawn_slot
from ebpflab_widgets.walks import Path
from ebpflab_widgets.words import Spelling, claimed, compared


class Fact(NamedTuple):
    """One thing to tell: the key of its sentence, and what fills it."""

    key: str
    values: dict[str, str | int]


@dataclass
class Facts:
    """The facts of one timeline; `base` is that of its numbers, 10 or 16."""

    timeline: Timeline
    base: int = 16
    beside: SideBySide | None = None  # what a verifier claims of this run
    path: Path | None = None  # of an exploration: how this path ended
    forks: frozenset[int] = frozenset()  # its steps after which both ways lead on
    is_whole: bool = True  # all ways were walked

    def __post_init__(self) -> None:
        self.spelling = Spelling(self.timeline.regions, self.base)
        self.kinds = {line.pc: line.kind for line in self.timeline.listing}

    def walk(self) -> Iterator[list[Fact]]:
        """Yield the facts of the start, then those of each step."""
        holds: set[str] = set()  # slots that hold an address now
        start = Step(-1, 0, -1, self.timeline.start, (), self.timeline.start_pointers)
        last = len(self.timeline.steps)
        for position, step in enumerate((start, *self.timeline.steps)):
            facts = [*self._step(step, holds)]
            if self.beside and position:
                facts += self._beside(self.beside, position - 1)
            if self.timeline.kind == EXPLORATION and position:
                facts += self._way(position)
            if position == last:
                facts += stopped(self.path) if self.path else []
                facts += ended(self.timeline)
            yield facts
            changed = {change.slot for change in step.changes}
            holds = (holds - changed) | set(step.pointers)

    def _step(self, step: Step, holds: set[str]) -> Iterator[Fact]:
        if step.test:
            yield self._test(step.test, holds)
        for change in step.changes:
            if change.new is not None:
                yield self._change(change, holds, set(step.pointers))
        if step.effect:
            yield Fact(f"effect:{step.effect.key}", step.effect.values)
        lost = [c.slot for c in step.changes if c.new is None]
        if lost and not step.effect:  # an effect tells of the clobbered registers too
            by_call = self.kinds.get(step.pc) in ("call", "exit")
            is_told = self.timeline.kind == EXPLORATION and not by_call
            yield Fact("forgotten" if is_told else "clobbered", {"slots": run_of(lost)})

    def _beside(self, beside: SideBySide, index: int) -> Iterator[Fact]:
        """Tell what is claimed of what the step wrote, and what lies outside."""
        if index >= len(beside.told):
            return
        told = beside.told[index]
        for slot, number in told.written:
            if number >= 0:
                claim = claimed(beside.claims.drawn[number], self.base)
                yield Fact("claims", {"slot": slot, "claim": claim})
        for slot, live, claim in told.outside:
            spelled = self.spelling.word(live, False) if live[:2] == "0x" else live
            told_claim = known(slot, claim, self.base) if slot != "pc" else claim
            yield Fact("outside", {"slot": slot, "live": spelled, "claim": told_claim})
        if told.covered:
            yield Fact("covered", {})

    def _way(self, position: int) -> Iterator[Fact]:
        """Tell which way a path takes after a branch."""
        step, steps = self.timeline.steps[position - 1], self.timeline.steps
        if self.kinds.get(step.pc) != "branch":
            return
        after = steps[position].pc if position < len(steps) else -1
        if after < 0 and self.path:
            after = self.path.pruned_at
        if after >= 0:
            is_fork = position - 1 in self.forks
            key = "both-ways" if is_fork else "one-way" if self.is_whole else "this-way"
            yield Fact(key, {"next": after})

    def _test(self, test: Test, holds: set[str]) -> Fact:
        bits = 32 if test.left.startswith("w") else 64
        sides = ((test.left, test.left_value), (test.right, test.right_value))
        left, right = (
            f"{name} {self._operand(name, value, test.symbol, bits, holds)}".strip()
            for name, value in sides
        )
        key = "yes" if test.taken else "no"
        values = {"left": left, "symbol": test.symbol, "right": right}
        return Fact(key, {**values, "next": test.next})

    def _operand(
        self, name: str, value: str, symbol: str, bits: int, holds: set[str]
    ) -> str:
        if name in holds:
            return self.spelling.word(value, True)
        return compared(int(value, 16), symbol, bits, self.base)

    def _change(self, change: Change, holds: set[str], now: set[str]) -> Fact:
        slot, old, new = change.slot, change.old, change.new or ""
        if self.timeline.kind == EXPLORATION:
            return self._known(slot, old, new)
        if "/" in slot:
            map_name, _, cpu = slot.rpartition("/cpu")
            return Fact("sent", {"map": map_name, "cpu": cpu, "size": len(new) // 2})
        in_memory = "+" in slot
        spell = self.spelling.memory if in_memory else self.spelling.word
        values: dict[str, str | int] = {
            "slot": self.spelling.slot(slot),
            "new": spell(new, slot in now),
        }
        if in_memory:
            values["size"] = len(new) // 2
        known = old is not None and old.strip("?") != ""
        if known:
            values["old"] = spell(old or "", slot in holds)
        return Fact(KEYS[in_memory, known], values)

    def _known(self, slot: str, old: str | None, new: str) -> Fact:
        """Tell a change of what a verifier knows."""
        values: dict[str, str | int] = {
            "slot": slot,
            "new": known(slot, new, self.base),
        }
        if old is None:
            return Fact("known-first", values)
        return Fact("known", {**values, "old": known(slot, old, self.base)})


KEYS = {
    (False, False): "first",
    (False, True): "written",
    (True, False): "stored-first",
    (True, True): "stored",
}


def known(slot: str, text: str, base: int) -> str:
    """Spell what a verifier knows of a slot, in short."""
    if slot == "refs":
        return text
    return claimed(drawn_slot(text) if "fp" in slot else drawn_register(text), base)


def stopped(path: Path) -> list[Fact]:
    """Return how the verifier left a path; a refusal tells itself."""
    if path.ended == SAFE:
        return [Fact("pruned", {"pc": path.pruned_at})]
    return [Fact("path-exit", {})] if path.ended == EXIT else []


def ended(timeline: Timeline) -> list[Fact]:
    """Return what the last step tells besides: the answer, or the fault."""
    outcome = timeline.outcome
    if outcome.fault:
        listed = {line.pc: line.text for line in timeline.listing}
        pc = outcome.fault_pc
        text = listed.get(pc, "")
        key = "refused-at" if timeline.kind == EXPLORATION else "fault"
        return [Fact(key, {"pc": pc, "text": text, "fault": outcome.fault})]
    if outcome.retval is None:
        return []
    key = "returns-named" if outcome.name else "returns"
    return [Fact(key, {"value": int(outcome.retval, 16), "name": outcome.name})]


def run_of(slots: list[str]) -> str:
    """Spell a list of registers: r1–r5 where they follow each other, else r1, r3."""
    slots = sorted(slots, key=lambda slot: (len(slot), slot))
    first = slots[0][1:]
    row = [f"r{int(first) + i}" for i in range(len(slots))] if first.isdigit() else []
    in_a_row = slots == row and len(slots) > 2
    return f"{slots[0]}–{slots[-1]}" if in_a_row else ", ".join(slots)
