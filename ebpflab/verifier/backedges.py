"""Paths that stopped inside a loop, and what they still have to learn.

A state inside a loop whose paths are not all walked does not know yet which numbers
matter there. A path that stops at it is kept ("backedge"); when the loop is left, what
mattered is carried back along all of them, again and again, until nothing changes.
One loop is visited for each chain of calls that leads to it.

Source: `SCC enter`, `SCC backedge`, `SCC exit` in the log of Linux 6.18.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from ebpflab.verifier.states import VerifierState

MOST_ROUNDS = 64
Chain = tuple[int, ...]  # call sites, then the loop's number


@dataclass(slots=True)
class Backedge:
    """A path that stopped, and the kept state that it stopped at."""

    state: VerifierState
    equal: VerifierState


@dataclass(slots=True)
class Visit:
    """One loop, as reached by one chain of calls."""

    entry: VerifierState | None = None  # the first kept state in it
    backedges: list[Backedge] = field(default_factory=list)


@dataclass(slots=True)
class Loops:
    """All loops that are being walked."""

    numbers: Sequence[int]  # by slot; 0 = in none
    tell: Callable[[str], None] | None
    visits: dict[Chain, Visit] = field(default_factory=dict)
    backedges: int = 0  # in all visits

    def chain(self, state: VerifierState) -> Chain | None:
        """Return the loop that a state lies in: its outermost frame's that has one."""
        sites: Chain = ()
        for number in range(len(state.frames)):
            idx = state.frame_insn_idx(number)
            if self.numbers[idx]:
                return (*sites, self.numbers[idx])
            sites = (*sites, idx)
        return None

    def enter(self, state: VerifierState) -> None:
        """Note the first kept state of a loop."""
        chain = self.chain(state)
        if chain is None:
            return
        visit = self.visits.setdefault(chain, Visit())
        if visit.entry is None:
            visit.entry = state
            self._say("enter", chain)

    def leave(self, state: VerifierState) -> Visit | None:
        """Return the visit that ends with this state: its paths are all walked."""
        chain = self.chain(state)
        visit = self.visits.get(chain) if chain else None
        if chain is None or visit is None or visit.entry is not state:
            return None
        self._say("exit", chain)
        visit.entry = None
        self.backedges -= len(visit.backedges)
        return visit

    def add(self, equal: VerifierState, state: VerifierState) -> None:
        """Keep a path that stops at a state whose loop is not left yet."""
        chain = self.chain(equal)
        if chain is None:
            return
        self._say("backedge", chain)
        self.visits.setdefault(chain, Visit()).backedges.append(Backedge(state, equal))
        self.backedges += 1

    def is_unfinished(self, state: VerifierState) -> bool:
        """Tell whether a state may not know yet what matters in its loop."""
        if not self.backedges:
            return False
        chain = self.chain(state)
        visit = self.visits.get(chain) if chain else None
        return visit is not None and bool(visit.backedges)

    def _say(self, what: str, chain: Chain) -> None:
        if self.tell:
            *sites, number = chain
            shown = takewhile(bool, sites)  # Linux takes a call at slot 0 for none
            self.tell(f"SCC {what} ({','.join(map(str, (*shown, number)))})\n")
