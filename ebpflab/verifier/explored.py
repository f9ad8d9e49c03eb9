"""The states that were kept, and when a path may stop at one (is_state_visited).

States are kept at prune points only, and not at every visit: a program with many
branches would drown in them. Which ones are kept decides nothing about the verdict,
but all about the number of instructions processed; so the rules are Linux's, and so is
the table that they are kept in, where two instructions may share a list.

Source: `processed`, `total_states` and `peak_states` of Linux 6.18 for many programs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ebpflab.verifier.states import EMPTY_SLOT, FP, NOT_INIT, VerifierState

ENOUGH_JUMPS, ENOUGH_INSNS = 2, 8  # since the last kept state, to keep another
LOOP_JUMPS, LOOP_INSNS = 20, 100  # the same, inside a loop
LONG_HISTORY = 40  # a path's history is not to grow without end
MISSES, CHECKPOINT_MISSES = 3, 64  # a kept state that never helps is dropped
_WORD32 = (1 << 32) - 1


@dataclass(slots=True, eq=False)
class Kept:
    """One kept state, with how often it helped."""

    state: VerifierState
    hits: int = 0
    misses: int = 0
    step: int = -1  # of the walk: the one before which it was kept


@dataclass(slots=True)
class Explored:
    """All kept states, newest first; and the counters of the log."""

    slots: int  # of the program
    kept: dict[int, list[Kept]] = field(default_factory=dict)  # by `place`
    jumps: int = 0  # processed so far
    insns: int = 0
    last_jumps: int = 0  # as they were when a state was last kept
    last_insns: int = 0
    max_states_per_insn: int = 0
    total_states: int = 0
    peak_states: int = 0
    size: int = 0  # states in `kept`, and dropped ones whose paths are not finished
    dropped: set[int] = field(default_factory=set)  # identities of states
    covered: list[int] = field(default_factory=list)  # for each stopped path: by which

    def place(self, idx: int, callsite: int) -> int:
        """Return which list holds the states of an instruction and a call."""
        return ((idx ^ callsite) & _WORD32) % self.slots

    def at(self, idx: int, callsite: int) -> list[Kept]:
        """Return the states that are kept in that list, newest first."""
        return self.kept.get(self.place(idx, callsite), [])

    def wants_state(self, state: VerifierState, always: bool) -> tuple[bool, bool]:
        """Tell whether to keep a state here, and whether that is sure."""
        sure = always or len(state.history) > LONG_HISTORY
        due = self.jumps - self.last_jumps >= ENOUGH_JUMPS
        due = due and self.insns - self.last_insns >= ENOUGH_INSNS
        return sure or due, sure

    def is_young(self) -> bool:
        """Tell whether a loop has gone on too little to keep a state of it."""
        few_jumps = self.jumps - self.last_jumps < LOOP_JUMPS
        return few_jumps and self.insns - self.last_insns < LOOP_INSNS

    def forget(self, entry: Kept) -> None:
        """Drop a state that is unlikely to be useful."""
        state = entry.state
        self.at(state.insn_idx, state.frame.callsite).remove(entry)
        if entry.state.branches:
            self.dropped.add(id(entry.state))
        else:
            self.size -= 1

    def keep(self, state: VerifierState) -> VerifierState:
        """Keep a copy; the path goes on from it, with a history of its own."""
        history, state.history = state.history, []
        copy = state.copy()
        copy.history, state.traced = history, {}
        self.total_states += 1
        self.size += 1
        self.last_jumps, self.last_insns = self.jumps, self.insns
        place = self.place(copy.insn_idx, copy.frame.callsite)
        step = self.insns - 1 - len(self.covered)
        entries = self.kept.setdefault(place, [])
        if entries:
            copy.expect_clash_of(entries[0].state)
        entries.insert(0, Kept(copy, step=step))
        state.parent, state.first_insn_idx = copy, state.insn_idx
        state.depth = copy.depth + 1
        return copy

    def note_peak(self, backedges: int) -> None:
        self.peak_states = max(self.peak_states, self.size + backedges)

    def is_finished(self, state: VerifierState) -> None:
        """All paths through a state have ended: a dropped one is forgotten."""
        if id(state) in self.dropped:
            self.dropped.remove(id(state))
            self.size -= 1

    def start_again(self) -> None:
        """Forget all states: another function is walked."""
        self.kept.clear()
        self.dropped.clear()


def clean(
    state: VerifierState, live_regs: Sequence[int], live_slots: Sequence[int]
) -> None:
    """Forget what is dead in a state that was explored to the end."""
    state.cleaned = True
    for level, frame in enumerate(state.frames):
        live = live_regs[state.frame_insn_idx(level)]
        for number in range(FP):
            if not live >> number & 1:
                frame.regs[number] = NOT_INIT
        for number in range(len(frame.stack)):
            if not live_slots[level] >> number & 1:
                frame.stack[number] = EMPTY_SLOT
        frame.filled = [n for n, slot in enumerate(frame.stack) if slot != EMPTY_SLOT]
