"""Runs of instructions without a way in or out: liveness is solved for each as a whole.

A block begins where a path may stop or come from elsewhere, so what is asked of
liveness is asked of a block's first instruction. Not here: which stack slots an
instruction reads and writes (`stack_liveness.py`).

Source: the textbook's dataflow analysis, with a list of the blocks that wait.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

ALL_SLOTS = (1 << 64) - 1
Sum = tuple[int, int]  # what a block reads before it writes it, and writes; bits


@dataclass(slots=True)
class Blocks:
    """The blocks of one function, numbered so that a block's successors come first."""

    block_of: dict[int, int]  # by instruction
    members: list[list[int]]  # instructions, the last one first
    next: list[list[int]]  # blocks
    before: list[list[int]]

    def first(self, number: int) -> int:
        """Return a block's first instruction."""
        return self.members[number][-1]


def blocks_of(
    order: Sequence[int], following: Sequence[Sequence[int]], points: Collection[int]
) -> Blocks:
    """Return the blocks of a function.

    Args:    order: its instructions, each behind those that it leads to.
             points: instructions that begin a block, whatever leads to them.
    """
    ways_in = dict.fromkeys(order, 0)
    for idx in order:
        for to in following[idx]:
            ways_in[to] += 1
    block_of: dict[int, int] = {}
    members: list[list[int]] = []
    for idx in order:
        ways = following[idx]
        is_inside = len(ways) == 1 and ways[0] in block_of
        if is_inside and ways_in[ways[0]] == 1 and ways[0] not in points:
            number = block_of[ways[0]]
        else:
            number = len(members)
            members.append([])
        block_of[idx] = number
        members[number].append(idx)
    ahead = [[block_of[to] for to in following[run[0]]] for run in members]
    before: list[list[int]] = [[] for _ in members]
    for number, blocks in enumerate(ahead):
        for to in blocks:
            before[to].append(number)
    return Blocks(block_of, members, ahead, before)


def solve(
    blocks: Blocks,
    changed: Iterable[int],
    live: dict[int, int],
    sums: dict[int, Sum],
    written: dict[int, int] | None = None,
) -> None:
    """Carry what changed in some blocks back to those that lead to them.

    Args:    live, written: by a block's first instruction, as bits; they grow.
             written: what every way writes; None = nobody asks.
    """
    queue = list(changed)
    waiting = set(queue)
    heapify(queue)
    while queue:
        number = heappop(queue)
        waiting.discard(number)
        first = blocks.first(number)
        reads, writes = sums.get(number, (0, 0))
        after = 0
        for to in blocks.next[number]:
            after |= live.get(blocks.first(to), 0)
        now = after & ~writes | reads
        has_changed = now != live.get(first, 0)
        live[first] = now
        if written is not None:
            surely = ALL_SLOTS if blocks.next[number] else 0
            for to in blocks.next[number]:
                surely &= written.get(blocks.first(to), 0)
            surely |= writes
            has_changed |= surely != written.get(first, 0)
            written[first] = surely
        if has_changed:
            for to in blocks.before[number]:
                if to not in waiting:
                    waiting.add(to)
                    heappush(queue, to)
