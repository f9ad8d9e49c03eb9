"""What the walk noted of stack slots, function by function: read, and surely written.

A visit of an instruction adds to what it reads; it counts as writing only what every
visit wrote. Not here: what follows for the slots' liveness (`stack_liveness.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ebpflab.verifier.blocks import Sum

Chain = tuple[int, ...]  # call sites, then the function's first slot


@dataclass(slots=True)
class Marks:
    """What is known of one frame's slots, by slot of the program; bits."""

    reads: dict[int, int] = field(default_factory=dict)
    writes: dict[int, int] = field(default_factory=dict)
    live: dict[int, int] = field(default_factory=dict)
    written: dict[int, int] = field(default_factory=dict)
    sums: dict[int, Sum] = field(default_factory=dict)  # by block

    def sum_up(self, number: int, members: Sequence[int]) -> None:
        """Note what a block reads before it writes it, and what it writes."""
        reads = writes = 0
        for idx in members:
            mask = self.writes.get(idx, 0)
            reads = reads & ~mask | self.reads.get(idx, 0)
            writes |= mask
        self.sums[number] = reads, writes


@dataclass(slots=True, eq=False)
class Instance:
    """One function, as called by one chain of calls; one `Marks` a frame."""

    chain: Chain
    marks: list[Marks | None]
    visited: set[int] = field(default_factory=set)
    writes_nothing: set[int] = field(default_factory=set)  # for sure: a visit did not
    changed: set[int] = field(default_factory=set)  # slots to look at again
    is_stale: bool = False
    has_shrunk: bool = False  # a slot is written no more

    @property
    def start(self) -> int:
        return self.chain[-1]

    def of(self, frame: int) -> Marks:
        """Return a frame's marks, made when first needed."""
        found = self.marks[frame]
        if found is None:
            found = self.marks[frame] = Marks()
        return found

    def live_before(self, idx: int, frame: int) -> int:
        found = self.marks[frame]
        return found.live.get(idx, 0) if found else 0

    def visit(self, idx: int, reads: dict[int, int], writes: dict[int, int]) -> None:
        """Note what one visit of an instruction read, and what it wrote whole."""
        for frame, slots in reads.items():
            self.note_reads(idx, frame, slots)
        if idx in self.writes_nothing:
            return
        self.note_writes(idx, [writes.get(f, 0) for f in range(len(self.marks))])

    def note_reads(self, idx: int, frame: int, slots: int) -> None:
        """Note what an instruction reads."""
        marks = self.of(frame)
        before = marks.reads.get(idx, 0)
        if slots & ~before:
            marks.reads[idx] = before | slots
            self.changed.add(idx)
            if slots & ~before & ~marks.live.get(idx, 0):
                self.is_stale = True

    def note_writes(self, idx: int, slots: Sequence[int]) -> None:
        """Note what one visit of an instruction wrote whole, frame by frame."""
        is_new = idx not in self.visited
        for frame, mask in enumerate(slots):
            found = self.marks[frame]
            before = found.writes.get(idx, 0) if found else 0
            if not is_new:
                mask &= before
            if mask != before:
                self.of(frame).writes[idx] = mask
                self.is_stale = True
                self.changed.add(idx)
                self.has_shrunk |= bool(before & ~mask)
        self.visited.add(idx)
        if not any(slots):
            self.writes_nothing.add(idx)
