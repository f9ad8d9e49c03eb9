"""A small loop as LLVM IR: several rounds in a row, and the plain loop beside them.

Before a row of rounds two things are asked once, for all of them: that the budget
lasts, and that what they reach through pointers lies inside. Then nothing needs to be
asked in between. Otherwise the plain loop runs, which asks each time, so that budget
and faults come at exactly their instruction:

    head ──> enough for all? ── yes ──> round, round, ... round ──┐
               ^      └── no ──> plain loop <─┐ each round asks   │
               └──────────────────────────────┴───────────────────┘
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ebpflab.isa.insn import Insn
from ebpflab.jit import places as known
from ebpflab.jit.blocks_ir import BlockWriter, label_of
from ebpflab.jit.cfg import Block
from ebpflab.jit.frame_ir import COUNT, LIMIT
from ebpflab.jit.llvm_words import Word
from ebpflab.jit.loops import Loop
from ebpflab.jit.memory_ir import Found
from ebpflab.jit.places import Places
from ebpflab.jit.products import Products
from ebpflab.jit.together import Reached, Span, reached


@dataclass(slots=True)
class RoundWriter:
    """Writes one loop."""

    writer: BlockWriter
    loop: Loop
    known_at: dict[int, Places]

    def write(self) -> None:
        """Write both ways, and what decides."""
        head = self.loop.head
        self.writer.lines.label(label_of(head))
        self.writer.mark(-1)
        self.writer.lines.add(f"br label %{self._decision}")
        granted = self._decide()
        self._rounds(granted)
        self.writer.labels = {head: self._plain_head}
        for block in self.loop.blocks:
            self.writer.begin(self.writer.label(block.start))
            self.writer.block(block, self._places(block))
        self.writer.labels = {}

    @property
    def _decision(self) -> str:
        return f"h{self.loop.head}"

    @property
    def _plain_head(self) -> str:
        return f"b{self.loop.head}s"

    def _label(self, start: int, round: int) -> str:
        """Return the label of a block in a round; after the last comes the decision."""
        return f"b{start}r{round}" if round < self.loop.rounds else self._decision

    def _places(self, block: Block) -> Places:
        return self.known_at.get(block.start, Places({}, {})).copy()

    # -- what is asked once --

    def _decide(self) -> dict[int, Found]:
        """Ask for all rounds; return what was found by the registers at the head."""
        writer, frame, loop = self.writer, self.writer.frame, self.loop
        writer.begin(self._decision)
        enough, granted = self._enough(), {}
        for span in self._spans():
            found = self._found(span)
            if found and found.inside:
                enough = enough & found.inside
                granted[span.register] = replace(found, inside=None)
        frame.flush()
        frame.expect(enough, self._label(loop.head, 0), self._plain_head)
        return granted

    def _enough(self) -> Word:
        """Return whether the budget lasts for all rounds."""
        count = self.writer.frame.get(COUNT)
        most = count.constant(self.loop.size * self.loop.rounds)
        return count + most <= self.writer.frame.get(LIMIT)

    def _spans(self) -> list[Span]:
        """Return what the rounds reach through pointers that they begin with."""
        spans = {access.span for access in self._reached().values()}
        return sorted((s for s in spans if s.register >= 0), key=lambda s: s.register)

    def _found(self, span: Span) -> Found | None:
        place = self._places(self.loop.blocks[0]).registers.get(span.register)
        kinds = (known.PACKET, known.VALUES)
        if place is None or place.offset is not None or place.kind not in kinds:
            return None
        start = self.writer.frame.get(span.register)
        start = start + start.constant(span.low)
        return self.writer.memory.find(place, start, span.low, span.size, span.rights)

    def _reached(self) -> dict[int, Reached]:
        """Return the accesses of all rounds, by their number; none if ways part."""
        if not self.loop.is_straight:
            return {}
        return reached(self._insns() * self.loop.rounds)

    def _insns(self) -> list[Insn]:
        insns = self.writer.insns
        pcs = (pc for block in self.loop.blocks for pc in block.pcs)
        return [insn for pc in pcs if (insn := insns[pc])]

    # -- the rounds --

    def _rounds(self, granted: dict[int, Found]) -> None:
        writer, loop, number = self.writer, self.loop, 0
        accesses = self._reached()
        writer.asks = False
        for round in range(loop.rounds):
            writer.labels = {b.start: self._label(b.start, round) for b in loop.blocks}
            for block in loop.blocks:
                self._begin(block, round)
                writer.labels[loop.head] = self._label(loop.head, round + 1)
                writer.accesses.granted = {
                    pc: _part(accesses[at], granted)
                    for at, pc in enumerate(block.pcs, number)
                    if at in accesses and accesses[at].span.register in granted
                }
                writer.block(block, self._places(block))
                number += len(block.pcs)
        writer.asks, writer.products, writer.accesses.granted = True, None, {}

    def _begin(self, block: Block, round: int) -> None:
        """Begin a block; where it is reached from the last one alone, all is known."""
        label = self._label(block.start, round)
        first = round == 0 and block.start == self.loop.head
        if self.loop.is_straight and not first:
            self.writer.lines.label(label)
            self.writer.memory.checked_spans.clear()
        else:
            self.writer.begin(label)
            self.writer.products = Products()


def _part(access: Reached, granted: dict[int, Found]) -> tuple[Found, int]:
    """Return where an access goes: in what was found, so many bytes further."""
    return granted[access.span.register], access.at
