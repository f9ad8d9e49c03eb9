"""The paths of a verifier's exploration, each a line to step along.

A path goes from the first instruction to where the verifier stopped on it. Where a
timeline comes without its exploration, paths end where no step goes on.
Not here: how a path is drawn, what was claimed (`claimed.py`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any

from ebpflab.results import Exploration
from ebpflab.results.exploration import CUT, EXIT, FORK, REJECTED
from ebpflab.timeline import Change, Outcome, Timeline


@dataclass(frozen=True, slots=True)
class Path:
    """One path: its last step in the tree, how it ended, where it was pruned."""

    last: int
    ended: str = CUT
    pruned_at: int = -1


@dataclass(frozen=True)
class Walk:
    """An exploration as paths; `forks` are the steps after which both ways lead on."""

    timeline: Timeline
    paths: tuple[Path, ...]
    forks: frozenset[int]
    accepted: bool | None = None  # None: not told
    processed: int = 0

    @classmethod
    def of(
        cls, exploration: Exploration, accepted: bool | None, processed: int
    ) -> "Walk":
        nodes = exploration.nodes
        ends = [node.first + node.count - 1 for node in nodes]
        for index, node in enumerate(nodes):
            if not node.count:  # pruned at once: it ends where its parent does
                ends[index] = ends[node.parent] if node.parent >= 0 else -1
        paths = tuple(
            Path(end, node.ended, node.pruned_at)
            for end, node in zip(ends, nodes, strict=True)
            if node.ended != FORK
        )
        forks = {e for e, node in zip(ends, nodes, strict=True) if node.ended == FORK}
        timeline = exploration.timeline
        return cls(timeline, paths, frozenset(forks), accepted, processed)

    @classmethod
    def of_timeline(cls, timeline: Timeline) -> "Walk":
        """Read the paths from the tree alone."""
        children: dict[int, int] = {}
        for step in timeline.steps:
            children[step.parent] = children.get(step.parent, 0) + 1
        leaves = [i for i in range(len(timeline.steps)) if i not in children]
        outcome, kinds = timeline.outcome, {x.pc: x.kind for x in timeline.listing}
        paths = []
        for leaf in leaves:
            pc = timeline.steps[leaf].pc
            failed = outcome.fault and pc == outcome.fault_pc and leaf == leaves[-1]
            is_exit = kinds.get(pc) == "exit"
            paths.append(Path(leaf, REJECTED if failed else EXIT if is_exit else CUT))
        forks = frozenset(step for step, count in children.items() if count > 1)
        return cls(timeline, tuple(paths), forks)

    @property
    def first_shown(self) -> int:
        """The path to show first: the one that was refused, else the first."""
        ends = [path.ended for path in self.paths]
        return next((n for n, end in enumerate(ends) if end in WRONG), 0)

    def line(self, path: Path) -> Timeline:
        """Return one path as a timeline of its own."""
        whole = self.timeline
        indices = whole.path(path.last)
        steps = tuple(
            replace(whole.steps[index], parent=place - 1, changes=changes)
            for place, (index, changes) in enumerate(self._told(indices, path))
        )
        outcome = whole.outcome if path.ended in WRONG else Outcome()
        return replace(whole, steps=steps, outcome=outcome)

    def _told(
        self, indices: list[int], path: Path
    ) -> Iterator[tuple[int, tuple[Change, ...]]]:
        """Yield what each step of a path changes, as far as it is so on this path.

        After a fork a log tells the way straight on; on the other way what was known
        before still holds. An instruction that was refused changes nothing.
        """
        refused = path.last if self._is_refused(path) else -1
        before: dict[str, str | None] = {}  # slots of which another way was told
        for index, after in zip_longest(indices, indices[1:]):
            told = self.timeline.steps[index].changes if index != refused else ()
            if index in self.forks and after != index + 1:
                kept = tuple(change for change in told if change.new is None)
                for change in told:
                    if change.new is not None:
                        before.setdefault(change.slot, change.old)
                yield index, kept
                continue
            yield (
                index,
                tuple(
                    replace(c, old=before.pop(c.slot)) if c.slot in before else c
                    for c in told
                ),
            )

    def _is_refused(self, path: Path) -> bool:
        """Tell whether a path's last step is the instruction that was refused."""
        pc = self.timeline.steps[path.last].pc if path.last >= 0 else -1
        return path.ended == REJECTED and pc == self.timeline.outcome.fault_pc

    def forks_on(self, path: Path) -> frozenset[int]:
        """Return the places on a path, from 0, after which both ways lead on."""
        indices = enumerate(self.timeline.path(path.last))
        return frozenset(place for place, index in indices if index in self.forks)

    def stretches(self) -> Iterator[tuple[Sequence[int], Path]]:
        """Yield each path's steps that no path before it had, and the path."""
        seen: set[int] = set()
        for path in self.paths:
            indices, at = [], path.last
            while at >= 0 and at not in seen:
                indices.append(at)
                at = self.timeline.steps[at].parent
            seen.update(indices)
            yield indices[::-1], path

    def packed(self) -> dict[str, Any]:
        return {
            "accepted": self.accepted,
            "processed": self.processed,
            "paths": [[p.last, p.ended, p.pruned_at] for p in self.paths],
            "forks": sorted(self.forks),
            "shown": self.first_shown,
        }


WRONG = ("rejected", "loop")
