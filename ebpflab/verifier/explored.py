"""The states that were kept, and when a path may stop at one (is_state_visited).

States are kept at prune points only, and not at every visit: a program with many
branches would drown in them. Which ones are kept decides nothing about the verdict,
but all about the number of instructions processed; so the rules are Linux's.

Source: `processed`, `total_states` and `peak_states` of Linux 6.18 for many programs.
"""

from dataclasses import dataclass, field

from ebpflab.verifier.equal import Exact, states_equal, states_maybe_looping
from ebpflab.verifier.states import EMPTY_SLOT, NOT_INIT, VerifierState

ENOUGH_JUMPS, ENOUGH_INSNS = 2, 8  # since the last kept state, to keep another
LOOP_JUMPS, LOOP_INSNS = 20, 100  # the same, inside a loop
LONG_HISTORY = 40  # a path's history is not to grow without end
MISSES = 3  # a kept state that never helps is dropped


@dataclass(slots=True, eq=False)
class Kept:
    """One kept state, with how often it helped."""

    state: VerifierState
    hits: int = 0
    misses: int = 0


@dataclass(slots=True)
class Explored:
    """All kept states, by instruction, newest first; and the counters of the log."""

    kept: dict[int, list[Kept]] = field(default_factory=dict)
    jumps: int = 0  # processed so far
    insns: int = 0
    last_jumps: int = 0  # as they were when a state was last kept
    last_insns: int = 0
    max_states_per_insn: int = 0
    total_states: int = 0
    peak_states: int = 0
    size: int = 0  # states in `kept`, and dropped ones whose paths are not finished
    dropped: list[VerifierState] = field(default_factory=list)

    def wants_state(self, state: VerifierState) -> tuple[bool, bool]:
        """Tell whether to keep a state here, and whether that is sure."""
        sure = len(state.history) > LONG_HISTORY
        due = self.jumps - self.last_jumps >= ENOUGH_JUMPS
        due = due and self.insns - self.last_insns >= ENOUGH_INSNS
        return sure or due, sure

    def is_young(self) -> bool:
        """Tell whether a loop has gone on too little to keep a state of it."""
        few_jumps = self.jumps - self.last_jumps < LOOP_JUMPS
        return few_jumps and self.insns - self.last_insns < LOOP_INSNS

    def forget(self, idx: int, entry: Kept) -> None:
        """Drop a state that is unlikely to be useful."""
        self.kept[idx].remove(entry)
        if entry.state.branches:
            self.dropped.append(entry.state)
        else:
            self.size -= 1

    def keep(self, idx: int, state: VerifierState) -> VerifierState:
        """Keep a copy; the path goes on from it, with a history of its own."""
        copy = state.copy()
        copy.insn_idx = idx
        self.total_states += 1
        self.size += 1
        self.peak_states = max(self.peak_states, self.size)
        self.last_jumps, self.last_insns = self.jumps, self.insns
        self.kept.setdefault(idx, []).insert(0, Kept(copy))
        state.parent, state.first_insn_idx = copy, idx
        state.history = []
        return copy

    def finish(self, state: VerifierState) -> list[VerifierState]:
        """A path has ended: return the kept states all of whose paths now have."""
        done, node = [], state
        while node:
            node.branches -= 1
            if node.branches:
                break
            if node is not state:
                done.append(node)
            node = node.parent  # type: ignore[assignment]
        for one in done:
            if one in self.dropped:
                self.dropped.remove(one)
                self.size -= 1
        return done


def clean(state: VerifierState, live_regs: int, live_slots: int) -> None:
    """Forget what is dead in a state that was explored to the end."""
    if state.cleaned or state.branches:
        return
    state.cleaned = True
    frame = state.frame
    for number in range(len(frame.regs) - 1):
        if not live_regs >> number & 1:
            frame.regs[number] = NOT_INIT
    for number in range(len(frame.stack)):
        if not live_slots >> number & 1:
            frame.stack[number] = EMPTY_SLOT


def is_loop_without_progress(
    old: VerifierState, new: VerifierState, live: int, next_id: int
) -> bool:
    """Tell whether an unfinished path came back to where it was, unchanged."""
    if not states_maybe_looping(old, new):
        return False
    return states_equal(old, new, live, Exact.EXACT, next_id)
