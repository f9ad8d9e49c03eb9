"""What there is to tell about each step of a timeline, without words yet.

A fact is a catalogue key and its values. The announcement, the printed line and the
drawing are three spellings of the same facts. The browser's `js/facts.js` does the
same. Not here: sentences (`text.py`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from ebpflab.timeline import Change, Step, Test, Timeline
from ebpflab_widgets.words import Spelling, compared


class Fact(NamedTuple):
    """One thing to tell: the key of its sentence, and what fills it."""

    key: str
    values: dict[str, str | int]


@dataclass
class Facts:
    """The facts of one timeline; `base` is that of its numbers, 10 or 16."""

    timeline: Timeline
    base: int = 16

    def __post_init__(self) -> None:
        self.spelling = Spelling(self.timeline.regions, self.base)

    def walk(self) -> Iterator[list[Fact]]:
        """Yield the facts of the start, then those of each step."""
        holds: set[str] = set()  # slots that hold an address now
        start = Step(-1, 0, -1, self.timeline.start, (), self.timeline.start_pointers)
        last = len(self.timeline.steps)
        for position, step in enumerate((start, *self.timeline.steps)):
            facts = [*self._step(step, holds)]
            if position == last:
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
            yield Fact("clobbered", {"slots": run_of(lost)})

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


KEYS = {
    (False, False): "first",
    (False, True): "written",
    (True, False): "stored-first",
    (True, True): "stored",
}


def ended(timeline: Timeline) -> list[Fact]:
    """Return what the last step tells besides: the answer, or the fault."""
    outcome = timeline.outcome
    if outcome.fault:
        listed = {line.pc: line.text for line in timeline.listing}
        pc = outcome.fault_pc
        text = listed.get(pc, "")
        return [Fact("fault", {"pc": pc, "text": text, "fault": outcome.fault})]
    if outcome.retval is None:
        return []
    key = "returns-named" if outcome.name else "returns"
    return [Fact(key, {"value": int(outcome.retval, 16), "name": outcome.name})]


def run_of(slots: list[str]) -> str:
    """Spell a list of registers: r1–r5 where they follow each other, else r1, r3."""
    first = slots[0][1:]
    row = [f"r{int(first) + i}" for i in range(len(slots))] if first.isdigit() else []
    in_a_row = slots == row and len(slots) > 2
    return f"{slots[0]}–{slots[-1]}" if in_a_row else ", ".join(slots)
