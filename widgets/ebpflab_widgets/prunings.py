"""Why a path could stop: its state beside one that was seen there before.

A log tells where a path was pruned, not which state covered it. So the states that were
seen at that instruction before are compared with this one, and the closest is shown;
what the verifier did not rely on, or what is never read again, may differ. Not here:
the verifier's own comparing (`ebpflab/verifier/equal.py`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from ebpflab.logs.states import read_value
from ebpflab.program import Program
from ebpflab.remedy.flow import live_before
from ebpflab.results import Exploration
from ebpflab.results.exploration import SAFE
from ebpflab.timeline import State

CANDIDATES = 6  # states at one instruction that are compared, the newest first
WORK = 300_000  # steps gone through for all comparisons of one view
SAME, PRECISE, INSIDE, LOOSE, DEAD = "same", "precise", "inside", "loose", "dead"
_FITS = (SAME, PRECISE, INSIDE, DEAD)


@dataclass(frozen=True, slots=True)
class Pruned:
    """A pruned path's state, and the closest one seen there: slot, both, relation."""

    by: int  # the node that was there before
    rows: list[list[str]]

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

    def __post_init__(self) -> None:
        for number, node in enumerate(self.exploration.nodes):
            for index in range(node.first, node.first + node.count):
                pc = self.exploration.timeline.steps[index].pc
                self.seen_at.setdefault(pc, []).append((index, number))
        self.live = live_before(self.program.insns) if self.program else []

    def all(self) -> Iterator[tuple[int, Pruned]]:
        """Yield node and comparison, for those that can be compared."""
        for number, node in enumerate(self.exploration.nodes):
            if node.ended != SAFE or self.spent > WORK:
                continue
            if found := self._closest(number):
                yield number, found

    def _closest(self, number: int) -> Pruned | None:
        nodes = self.exploration.nodes
        node = nodes[number]
        end = node.first + node.count if node.count else self._after(node.parent)
        before = [c for c in self.seen_at.get(node.pruned_at, []) if c[0] < end]
        if not before:
            return None
        this = self._state(end - 1)
        options = [
            Pruned(by, self._rows(node.pruned_at, this, self._before(index)))
            for index, by in before[-CANDIDATES:][::-1]
        ]
        return max(options, key=lambda option: option.fits)

    def _after(self, number: int) -> int:
        node = self.exploration.nodes[number]
        return node.first + node.count if number >= 0 else 0

    def _before(self, index: int) -> State:
        return self._state(self.exploration.timeline.steps[index].parent)

    def _state(self, index: int) -> State:
        timeline = self.exploration.timeline
        self.spent += len(timeline.path(index))
        return timeline.state(index)

    def _rows(self, pc: int, this: State, kept: State) -> list[list[str]]:
        live = self.live[pc] if pc < len(self.live) else (1 << 11) - 1
        rows = []
        for number in range(10):
            now, then = this.registers[f"r{number}"], kept.registers[f"r{number}"]
            if now or then:
                relation = _relation(now, then) if live >> number & 1 else DEAD
                rows.append([f"r{number}", now or "", then or "", relation])
        for slot in sorted(set(this.claims) & set(kept.claims)):
            pair = this.claims[slot], kept.claims[slot]
            rows.append([slot, *pair, SAME if pair[0] == pair[1] else LOOSE])
        return rows


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
