"""Which numbers mattered: from where a value was needed, back to where it came from.

When the exact value of a number decides something (a branch, an offset), the explored
states on the path must remember it, or they would cover too much. So the path is
walked backwards, instruction by instruction, with the set of registers and stack slots
that the value came from; every explored state on the way gets marks.

    mark_precise: frame0: regs=r1 stack= before 1: (07) r1 += 1

Not here: how the set moves over an instruction (`back_steps.py`, `back_moves.py`).
Source: backward slicing; the log of Linux 6.18 at level 2, line by line. Names are the
kernel's.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ebpflab.verifier.precision_marks import (
    mark_all_scalars_precise,
    regs_text,
    scalars_of,
    slots_text,
)
from ebpflab.verifier.refusal import not_modelled
from ebpflab.verifier.states import FP, FuncState, JumpEntry, VerifierState

ARGUMENTS = 0b111110  # r1 to r5, as bits
ALWAYS = -1  # concerns: frames change, whatever is wanted

Wanted = tuple[int, int]  # registers and slots, as bits


class BackStep(NamedTuple):
    """How the wanted set moves back over one instruction; registers are bits."""

    move: "Callable[[Backtrack, BackStep, JumpEntry | None], bool]"
    concerns: int  # if none of these is wanted, and no entry is there, nothing moves
    dst: int
    src: int  # 0: it has none, or it is the frame pointer


class Backtrack:
    """One walk back along a path, through the frames that it entered and left.

    `regs` and `slots` are what is wanted in the frame where the walk is, as bits;
    `outer` keeps those of its callers, outermost first.
    """

    def __init__(
        self,
        steps: Sequence[BackStep | None],
        start: VerifierState,
        tell: Callable[[str], None] | None,
        text: Callable[[int], str],
        state_text: Callable[[VerifierState, int], str],
    ) -> None:
        self.steps, self.start, self.tell = steps, start, tell
        self.text, self.state_text = text, state_text
        self.regs = 0  # bits: registers whose value matters here
        self.slots = 0  # bits: stack slots
        self.outer: list[Wanted] = [(0, 0)] * (len(start.frames) - 1)
        self.at = self.following = -1  # this instruction, and the path's next one
        self.has_marked = False  # a state has got a mark that it had not
        self.notes: list[dict[int, int]] = []  # where this walk was noted

    @property
    def frame(self) -> int:
        """The number of the frame where the walk is."""
        return len(self.outer)

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing is wanted any more, in any frame."""
        return not (self.regs or self.slots or any(map(any, self.outer)))

    def want(self, frame: int, regs: int, slots: int) -> None:
        """Add to what is wanted in a frame."""
        if frame == len(self.outer):
            self.regs |= regs
            self.slots |= slots
        else:
            old_regs, old_slots = self.outer[frame]
            self.outer[frame] = (old_regs | regs, old_slots | slots)

    def wanted(self, frame: int) -> Wanted:
        """Return the registers and slots that are wanted in a frame."""
        if frame == len(self.outer):
            return self.regs, self.slots
        return self.outer[frame]

    def run(self, idx: int) -> None:
        """Mark where the wanted values came from; `idx` is not yet executed."""
        node = self.start
        first, last, following = node.first_insn_idx, idx, -1
        while not self.is_empty:
            self._announce(last, first, following)
            if last < 0:
                return self._mark_arguments(node)
            self._walk(node, last, following, is_start=node is self.start)
            if node.parent is None or self.is_empty:
                break
            node = node.parent
            self._mark(node)
            following = first
            last, first = node.last_insn_idx, node.first_insn_idx
        if not self.is_empty:
            self._give_up()
        return None

    def _give_up(self) -> None:
        """Mark everything: it is not clear where the wanted values came from.

        Who comes by here again is to give up again, for the states kept since.
        """
        mark_all_scalars_precise(self.start, self.tell)
        for traced in self.notes:
            traced.clear()
        self.regs = self.slots = 0
        self.outer = [(0, 0)] * len(self.outer)

    def _announce(self, last: int, first: int, following: int) -> None:
        if self.tell:
            self.tell(
                f"mark_precise: frame{self.frame}: last_idx {last} first_idx {first} "
                f"subseq_idx {following} \n"
            )

    def _mark_arguments(self, state: VerifierState) -> None:
        """The walk is at the entry: what is wanted are a global function's numbers."""
        frame = state.frames[0]
        if self.frame or self.slots or self.regs & ~ARGUMENTS or not frame.subprog:
            not_modelled("a number wanted from before the entry")
        frame.precise_regs |= scalars_of(frame, self.regs)[0]

    def _walk(
        self, state: VerifierState, idx: int, following: int, *, is_start: bool
    ) -> None:
        """Go back through the steps since a state was kept, or to the end of need.

        What stands at `idx` in the state where this begins has not happened yet.
        """
        steps, history, left = self.steps, state.history, len(state.history)
        first, pending = state.first_insn_idx, is_start
        self.following = following
        while True:
            entry = history[left - 1] if left else None
            if entry is not None and entry.idx != idx:
                entry = None
            step = None if pending else steps[idx]
            if step is not None and (
                self.regs & step.concerns or self._concerns(step, entry)
            ):
                self.at = idx
                self._visit(idx, step, entry)
                if not (self.regs or self.slots) and self.is_empty:
                    return
            pending = False
            self.following = idx
            if idx == first and left == (entry is not None):
                return
            if entry is None:
                idx -= 1
                continue
            left -= 1
            idx = entry.prev_idx
            if self._is_traced(state, left):
                return

    def _concerns(self, step: BackStep, entry: JumpEntry | None) -> bool:
        """Tell whether an instruction that sets nothing wanted is to be looked at."""
        if self.tell is not None or step.concerns < 0:
            return True
        return entry is not None and (entry.slot >= 0 or bool(entry.linked_regs))

    def _is_traced(self, state: VerifierState, left: int) -> bool:
        """Tell whether all that is wanted was wanted here before, on the same path.

        Then all is marked. Nothing is left out where the log tells of every step.
        """
        if self.tell is not None or any(map(any, self.outer)):
            return False
        wanted, known = self.slots << FP + 1 | self.regs, state.traced.get(left, 0)
        if wanted & ~known:
            state.traced[left] = known | wanted
            self.notes.append(state.traced)
            return False
        self.regs = self.slots = 0
        return True

    def _visit(self, idx: int, step: BackStep, entry: JumpEntry | None) -> None:
        """Carry the wanted set back over one instruction."""
        if self.tell:
            self.tell(
                f"mark_precise: frame{self.frame}: regs={regs_text(self.regs)} "
                f"stack={slots_text(self.slots)} before {idx}: {self.text(idx)}\n"
            )
        if entry is None:
            if not self.regs & step.concerns and step.concerns >= 0:
                return
            if not step.move(self, step, None):
                self._give_up()
            return
        self._sync_linked(entry)
        if not step.move(self, step, entry):
            self._give_up()
        self._sync_linked(entry)

    def _mark(self, state: VerifierState) -> None:
        """Mark what is wanted in a kept state; what is marked already needs no more."""
        for number in range(self.frame, -1, -1):
            regs, slots = self._marked(state.frames[number], *self.wanted(number))
            if number == self.frame:
                self.regs, self.slots = regs, slots
            else:
                self.outer[number] = (regs, slots)
            if self.tell:
                self.tell(
                    f"mark_precise: frame{number}: parent state "
                    f"regs={regs_text(regs)} stack={slots_text(slots)}: "
                    f"{self.state_text(state, number)}\n"
                )

    def _marked(self, frame: FuncState, regs: int, slots: int) -> Wanted:
        """Mark what is wanted in a frame; return what had no mark yet."""
        if not (regs or slots):
            return 0, 0
        regs, slots = regs & ~frame.precise_regs, slots & ~frame.precise_slots
        regs, slots = scalars_of(frame, regs, slots)
        frame.precise_regs |= regs
        frame.precise_slots |= slots
        self.has_marked |= bool(regs or slots)
        return regs, slots

    def _sync_linked(self, entry: JumpEntry) -> None:
        """Linked registers gain bounds together, so they matter together."""
        if not entry.linked_regs:
            return
        if any(
            self.wanted(frame)[is_slot] >> number & 1
            for frame, is_slot, number in entry.linked_regs
            if frame <= self.frame
        ):
            for frame, is_slot, number in entry.linked_regs:
                bit = 1 << number
                self.want(frame, 0 if is_slot else bit, bit if is_slot else 0)
