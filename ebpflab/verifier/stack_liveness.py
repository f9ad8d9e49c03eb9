"""Which stack slots may still be read, call chain by call chain.

An instruction's slots are known only once the walk has seen its pointers, so reads and
writes are noted on the way; when a path ends, the textbook's equation is solved:

    live before    = (live after, without what is written) and what is read
    written surely = what is written here, and what every way from here writes

A slot counts as written by an instruction only if every visit wrote all of it. A
function that is called in two places has two instances, since it may read its callers'
stacks; what an instance reads and surely writes there counts for the call.

Not here: what was noted of each function (`stack_marks.py`). Source: `(7,14) frame 0
insn 15 +live -16` in the log of Linux 6.18, at level 2.
"""

from collections.abc import Callable

from ebpflab.verifier.blocks import ALL_SLOTS, Blocks, blocks_of, solve
from ebpflab.verifier.cfg import Graph, postorder
from ebpflab.verifier.stack_marks import Chain, Instance
from ebpflab.verifier.states import VerifierState
from ebpflab.verifier.subprogs import Subprogs


class StackLiveness:
    """The instances of all functions; `current` is where the walk is."""

    def __init__(
        self,
        graph: Graph,
        subprogs: Subprogs,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        self.next, self.points = graph.next, graph.prune_points
        self.callbacks = graph.callbacks
        self.subprogs, self.tell = subprogs, tell
        self.instances: dict[Chain, Instance] = {}
        self.current: Instance | None = None  # None: looked up when needed
        self._orders: dict[int, list[int]] = {}
        self._blocks: dict[int, Blocks] = {}
        self._graph = graph

    def instance(self, state: VerifierState, frame: int) -> Instance:
        """Return the instance of the function that a frame runs."""
        sites = [one.callsite for one in state.frames[1 : frame + 1]]
        chain = (*sites, self.subprogs[state.frames[frame].subprog].start)
        found = self.instances.get(chain)
        if found is None:
            found = Instance(chain, [None] * (frame + 1))
            self.instances[chain] = found
        return found

    def forget_current(self) -> None:
        """Say that the walk is in another chain of calls now."""
        self.current = None

    def update(self, state: VerifierState) -> None:
        """Solve the equations of a path's functions, innermost first."""
        self.current = None
        for frame in range(len(state.frames) - 1, -1, -1):
            instance = self.instance(state, frame)
            if instance.is_stale:
                self._solve(instance)

    def before(self, state: VerifierState) -> list[int]:
        """Return the slots of each frame that may be read from a state on, as bits."""
        last = len(state.frames) - 1
        instances = [self.instance(state, frame) for frame in range(last + 1)]
        live = [instances[last].live_before(state.insn_idx, f) for f in range(last + 1)]
        for outer in range(last):
            site = state.frames[outer + 1].callsite
            after = site if site in self.callbacks else site + 1
            for frame in range(outer + 1):
                live[frame] |= instances[outer].live_before(after, frame)
        return live

    # ---- the equations ---------------------------------------------------------

    def _solve(self, instance: Instance) -> None:
        frames = [f for f, marks in enumerate(instance.marks) if marks]
        if instance.has_shrunk:
            for frame in frames:
                instance.of(frame).written.clear()
        if self.tell:
            self._sweep(instance, frames)
        else:
            self._follow(instance, frames)
        instance.is_stale = instance.has_shrunk = False
        instance.changed.clear()
        if len(instance.marks) > 1:
            self._tell_caller(instance)

    def _sweep(self, instance: Instance, frames: list[int]) -> None:
        """Go over the whole function until nothing changes, as the log tells."""
        rounds, changed = 0, True
        while changed:
            rounds, changed = rounds + 1, False
            for frame in frames:
                for idx in self._order(instance.start):
                    changed |= self._step(instance, frame, idx)
        if self.tell:
            done = f"live stack update done in {rounds} iterations"
            self.tell(f"{_chain_text(instance)} {done}\n")

    def _follow(self, instance: Instance, frames: list[int]) -> None:
        """Go only where something changed, block by block: the same answer, sooner.

        What is surely written is asked of the callers' frames only.
        """
        blocks = self._blocks_of(instance.start)
        changed = {blocks.block_of[idx] for idx in instance.changed}
        own = len(instance.marks) - 1
        for frame in frames:
            marks = instance.of(frame)
            for number in changed:
                marks.sum_up(number, blocks.members[number])
            if frame == own:
                solve(blocks, changed, marks.live, marks.sums)
            else:
                again = range(len(blocks.members)) if instance.has_shrunk else changed
                solve(blocks, again, marks.live, marks.sums, marks.written)

    def _step(self, instance: Instance, frame: int, idx: int) -> bool:
        """Solve for one instruction; tell whether that changed anything."""
        following = self.next[idx]
        if not following:
            return False
        marks = instance.of(frame)
        after, written = 0, ALL_SLOTS
        for to in following:
            after |= marks.live.get(to, 0)
            written &= marks.written.get(to, 0)
        writes = marks.writes.get(idx, 0)
        written |= writes
        live = after & ~writes | marks.reads.get(idx, 0)
        old_live, old_written = marks.live.get(idx, 0), marks.written.get(idx, 0)
        if live == old_live and written == old_written:
            return False
        if self.tell and (
            idx in marks.reads or writes or idx == instance.start or idx in self.points
        ):
            self._tell_change(instance, frame, idx, "live", old_live, live)
            self._tell_change(instance, frame, idx, "written", old_written, written)
        marks.live[idx], marks.written[idx] = live, written
        return True

    def _tell_caller(self, instance: Instance) -> None:
        """Count what a function reads and surely writes of its callers' as the call's.

        The call's own chain is the instance's without the last call.
        """
        *sites, site, start = instance.chain
        caller = self.subprogs[self.subprogs.number_of(site)].start
        chain = (*sites, caller)
        outer = self.instances.setdefault(chain, Instance(chain, [None] * len(chain)))
        writes = [0] * len(chain)
        for frame, marks in enumerate(instance.marks[:-1]):
            if marks:
                writes[frame] = marks.written.get(start, 0)
                if reads := marks.live.get(start, 0):
                    outer.note_reads(site, frame, reads)
        outer.note_writes(site, writes)

    # ---- the graph -------------------------------------------------------------

    def _order(self, start: int) -> list[int]:
        found = self._orders.get(start)
        if found is None:
            found = self._orders[start] = postorder(self._graph, start)
        return found

    def _blocks_of(self, start: int) -> Blocks:
        found = self._blocks.get(start)
        if found is None:
            order = self._order(start)
            found = self._blocks[start] = blocks_of(order, self.next, self.points)
        return found

    # ---- telling ---------------------------------------------------------------

    def _tell_change(
        self, instance: Instance, frame: int, idx: int, what: str, old: int, new: int
    ) -> None:
        if old == new or not self.tell:
            return
        more, less = new & ~old, old & ~new
        text = f"+{what} {_slots(more)} " if more else ""  # a blank ends this only
        text += f"-{what} {_slots(less)}" if less else ""
        where = f"{_chain_text(instance)} frame {frame} insn {idx}"
        self.tell(f"{where} {text}\n")


def _slots(bits: int) -> str:
    return ",".join(str(-8 * n - 8) for n in range(bits.bit_length()) if bits >> n & 1)


def _chain_text(instance: Instance) -> str:
    return f"({','.join(map(str, instance.chain))})"
