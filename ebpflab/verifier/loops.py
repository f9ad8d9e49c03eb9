"""Loops: which instructions lie in one.

Loops are the strongly connected components of each function's graph, numbered as the
log of Linux 6.18 shows at level 2. Not here: what the walk does in them
(`backedges.py`, `convergence.py`).

Source: Tarjan's algorithm, without recursion.
"""

from collections.abc import Iterator

from ebpflab.verifier.cfg import Graph


def components(graph: Graph) -> list[int]:
    """Return the loop that each slot lies in: 0 = none, else its number from 1.

    Loops are numbered in the order in which their last instruction is left.
    """
    search = _Search(graph)
    for start in range(len(graph.next)):
        if graph.next[start] and start not in search.order:
            search.visit(start)
    return search.numbers


class _Search:
    """The state of one search for loops."""

    def __init__(self, graph: Graph) -> None:
        self.next = graph.next
        self.order: dict[int, int] = {}
        self.low: dict[int, int] = {}
        self.stack: list[int] = []
        self.on_stack: set[int] = set()
        self.numbers = [0] * len(graph.next)
        self.found = 0

    def visit(self, start: int) -> None:
        """Walk depth first from a slot."""
        work: list[tuple[int, Iterator[int]]] = [self._enter(start)]
        while work:
            at, rest = work[-1]
            to = next(rest, None)
            if to is None:
                work.pop()
                self._leave(at)
                if work:
                    above = work[-1][0]
                    self.low[above] = min(self.low[above], self.low[at])
            elif to not in self.order:
                work.append(self._enter(to))
            elif to in self.on_stack:
                self.low[at] = min(self.low[at], self.order[to])

    def _enter(self, at: int) -> tuple[int, Iterator[int]]:
        self.order[at] = self.low[at] = len(self.order)
        self.stack.append(at)
        self.on_stack.add(at)
        return at, iter(self.next[at])

    def _leave(self, at: int) -> None:
        """Close a component when its first slot is left."""
        if self.low[at] != self.order[at]:
            return
        members: list[int] = []
        while not members or members[-1] != at:
            members.append(self.stack.pop())
        self.on_stack.difference_update(members)
        if len(members) > 1 or at in self.next[at]:
            self.found += 1
            for member in members:
                self.numbers[member] = self.found
