"""How a verifier explored a program, as data: a tree of stretches between forks.

A path goes straight on at a branch; its other side is walked later. So the tree has a
node for every stretch that no fork interrupts, in the order in which they were walked.
A path ends at the program's exit, where a state covers it that is known to be safe, or
where the program is refused. Heat counts how often an instruction was looked at: it
adds up to the verifier's own count.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from ebpflab.timeline import Timeline

FORK, EXIT, SAFE, REJECTED, LOOP, CUT = "fork", "exit", "safe", "rejected", "loop", ""


@dataclass(frozen=True, slots=True)
class Node:
    """One stretch of a path, between two forks.

    `ended` is "fork" (two ways lead on), "exit", "safe" (pruned: its state fits in one
    that is known to be safe), "rejected", "loop" (refused, as it came back unchanged)
    or "" (the log does not tell). Which state covered a pruned one is known of our own
    verifier's walks; no log tells it.
    """

    parent: int  # index of the node that it leaves from; -1 = the start
    pc: int  # slot of its first instruction
    first: int  # index of its first step in the timeline
    count: int  # steps; 0 = it was pruned at once
    ended: str = CUT
    round: int = 1  # which time this path comes to `pc`
    pruned_at: int = -1  # slot where a "safe" one was pruned
    covered_by: int | None = None  # the node that the covering state was kept on
    covering_step: int = -1  # index of the step before which it was kept; -1 = unknown


@dataclass(frozen=True)
class Exploration:
    """All paths that a verifier walked; steps and states stand in `timeline`."""

    timeline: Timeline
    nodes: tuple[Node, ...]

    @cached_property
    def heat(self) -> Mapping[int, int]:
        """How often each instruction was looked at, by slot.

        A path that was pruned, or refused as a loop, looked at one more.
        """
        seen = Counter(step.pc for step in self.timeline.steps)
        seen.update(n.pruned_at for n in self.nodes if n.ended == SAFE)
        if any(node.ended == LOOP for node in self.nodes):
            seen[self.timeline.outcome.fault_pc] += 1
        return seen

    @cached_property
    def forks(self) -> tuple[int, ...]:
        """Slots at which both ways are possible, in the order of the first time."""
        steps = self.timeline.steps
        ends = (n.first + n.count - 1 for n in self.nodes if n.ended == FORK)
        return tuple(dict.fromkeys(steps[i].pc for i in ends))

    @cached_property
    def rounds(self) -> Mapping[int, int]:
        """The most often that one path came to a slot, where that is more than once."""
        most = {slot: max(counts) for slot, counts in self.heat_by_round.items()}
        return {slot: count for slot, count in most.items() if count > 1}

    @cached_property
    def heat_by_round(self) -> Mapping[int, Mapping[int, int]]:
        """The heat of each slot, by the how many-th time its path came there."""
        told: dict[int, Counter[int]] = {}
        seen: Counter[int] = Counter()  # on the path to here
        path: list[int] = []
        for index, node in enumerate(self.nodes):
            while path and path[-1] != node.parent:
                seen.subtract(self._slots(path.pop()))
            path.append(index)
            for slot in self._slots(index):
                seen[slot] += 1
                told.setdefault(slot, Counter())[seen[slot]] += 1
            last = self._looked_at(node)
            if last is not None:
                told.setdefault(last, Counter())[seen[last] + 1] += 1
        return told

    def _looked_at(self, node: Node) -> int | None:
        """Return the slot that was looked at, but made no step: it ended the path."""
        if node.ended == SAFE:
            return node.pruned_at
        return self.timeline.outcome.fault_pc if node.ended == LOOP else None

    def _slots(self, index: int) -> list[int]:
        node = self.nodes[index]
        steps = self.timeline.steps[node.first : node.first + node.count]
        return [step.pc for step in steps]

    def children(self, index: int) -> tuple[int, ...]:
        """Return the nodes that leave from a node, straight on first."""
        return tuple(i for i, node in enumerate(self.nodes) if node.parent == index)
