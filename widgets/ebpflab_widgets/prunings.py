"""Why a path could stop: its state beside the one that was kept there before.

Our verifier tells which state covered a pruned one. A log tells only where a path was
pruned: then the states that were seen at that instruction before are compared with this
one, and the closest is shown. What the verifier did not rely on, or what is never read
again, may differ. Not here: the verifier's own comparing (`ebpflab/verifier/equal.py`).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ebpflab.logs.states import read_value
from ebpflab.program import Program
from ebpflab.remedy.flow import live_before
from ebpflab.results import Exploration
from ebpflab.results.exploration import SAFE
from ebpflab.timeline import State
from ebpflab_widgets.claimed import drawn_register
from ebpflab_widgets.words import claimed

CANDIDATES = 6  # states at one instruction that are compared, the newest first
WORK = 300_000  # steps gone through for all comparisons of one view
SAME, PRECISE, INSIDE, LOOSE, DEAD = "same", "precise", "inside", "loose", "dead"
UNTOLD = "untold"  # of what the last instruction wrote, a log tells nothing
_CHANGED = re.compile(r"(?:if )?[rw](\d+) (?:[^rw]*[rw](\d+) goto)?")
_FITS = (SAME, PRECISE, INSIDE, DEAD)


@dataclass(frozen=True, slots=True)
class Pruned:
    """A pruned path's state, and one from before: slot, both, relation."""

    by: int  # the node that was there before
    rows: list[list[str]]
    is_known: bool = False  # it is the one that covers; else the closest one seen there

    @property
    def fits(self) -> int:
        return sum(row[3] in _FITS for row in self.rows)


@dataclass
class Prunings:
    """Compares the pruned paths of one exploration, as long as the budget lasts."""

    exploration: Exploration
    program: Program | None = None
    spent: int = 0
    seen_at: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    kept: dict[int, State] = field(default_factory=dict)  # by the step behind

    def __post_init__(self) -> None:
        for number, node in enumerate(self.exploration.nodes):
            for index in range(node.first, node.first + node.count):
                pc = self.exploration.timeline.steps[index].pc
                self.seen_at.setdefault(pc, []).append((index, number))
        listing = self.exploration.timeline.listing
        self.texts = {line.pc: line.text for line in listing}
        self.live = live_before(self.program.insns) if self.program else []

    def all(self) -> Iterator[tuple[int, Pruned]]:
        """Yield node and comparison, for those that can be compared."""
        for number, node in enumerate(self.exploration.nodes):
            if node.ended != SAFE or self.spent > WORK:
                continue
            if found := self._covering(number) or self._closest(number):
                yield number, found

    def _covering(self, number: int) -> Pruned | None:
        node = self.exploration.nodes[number]
        if node.covered_by is None or node.covering_step < 0:
            return None
        this, kept = self._at_end(number), self._before(node.covering_step)
        rows = self._rows(number, this, kept)
        return Pruned(node.covered_by, rows, is_known=True)

    def _untold(self, number: int) -> set[str]:
        """Return the registers that the last instruction before a pruning changed."""
        timeline = self.exploration.timeline
        end = self._end(number)
        text = self.texts.get(timeline.steps[end - 1].pc, "") if end else ""
        if text.startswith("call"):
            return {"r0"}
        found = _CHANGED.match(text)
        return {f"r{digits}" for digits in found.groups() if digits} if found else set()

    def _closest(self, number: int) -> Pruned | None:
        node = self.exploration.nodes[number]
        end = self._end(number)
        before = [c for c in self.seen_at.get(node.pruned_at, []) if c[0] < end]
        if not before:
            return None
        this = self._at_end(number)
        options = [
            Pruned(by, self._rows(number, this, self._before(index)))
            for index, by in before[-CANDIDATES:][::-1]
        ]
        return max(options, key=lambda option: option.fits)

    def _end(self, number: int) -> int:
        """Return the step after a node's last one; of an empty node, its parent's."""
        if number < 0:
            return 0
        node = self.exploration.nodes[number]
        return node.first + node.count if node.count else self._end(node.parent)

    def _at_end(self, number: int) -> State:
        return self._state(self._end(number) - 1)

    def _before(self, index: int) -> State:
        """Return the state before a step; the same ones cover many paths."""
        if index not in self.kept:
            parent = self.exploration.timeline.steps[index].parent
            self.kept[index] = self._state(parent)
        return self.kept[index]

    def _state(self, index: int) -> State:
        timeline = self.exploration.timeline
        self.spent += len(timeline.path(index))
        return timeline.state(index)

    def _rows(self, number: int, this: State, kept: State) -> list[list[str]]:
        pc, untold = self.exploration.nodes[number].pruned_at, self._untold(number)
        live = self.live[pc] if pc < len(self.live) else (1 << 11) - 1
        rows = []
        for reg in range(10):
            slot = f"r{reg}"
            now, then = this.registers[slot], kept.registers[slot]
            if slot in untold and live >> reg & 1:
                rows.append([slot, "", _short(then), UNTOLD])
            elif now or then:
                relation = _relation(now, then) if live >> reg & 1 else DEAD
                rows.append([slot, _short(now), _short(then), relation])
        for slot in sorted(set(this.claims) & set(kept.claims)):
            pair = this.claims[slot], kept.claims[slot]
            rows.append([slot, *pair, SAME if pair[0] == pair[1] else LOOSE])
        return rows


def _short(claim: str | None) -> str:
    """Spell a claim; a number's range in short."""
    if not claim or read_value(claim).is_pointer:
        return claim or ""
    return claimed(drawn_register(claim), 10) or claim


def _relation(now: str | None, then: str | None) -> str:
    """Tell how a register of this path compares with the one seen before."""
    if not now or not then:
        return LOOSE
    one, other = read_value(now), read_value(then)
    if now.lstrip("P") == then.lstrip("P"):
        return PRECISE if one.precise or other.precise else SAME
    if one.type != other.type or one.is_pointer:
        return LOOSE
    above = all(one.bound(name) >= other.bound(name) for name in ("umin", "smin"))
    below = all(one.bound(name) <= other.bound(name) for name in ("umax", "smax"))
    return INSIDE if above and below else LOOSE
