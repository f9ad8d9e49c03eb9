"""Has this point been reached before, in a state that covers this one?

Source: where Linux 6.18 keeps states, stops paths and reports loops without end; the
kernel's is_state_visited.
"""

from ebpflab.verifier.convergence import is_iterator_active, iter_depths_differ
from ebpflab.verifier.env import JUMP, PRUNE, Env
from ebpflab.verifier.equal import (
    ignored_marks,
    states_equal,
    states_maybe_looping,
    still_clash,
)
from ebpflab.verifier.equal_regs import Exact
from ebpflab.verifier.explored import CHECKPOINT_MISSES, MISSES, Kept, clean
from ebpflab.verifier.propagate import propagate_precision
from ebpflab.verifier.refusal import EINVAL, Refusal
from ebpflab.verifier.states import VerifierState


def is_state_visited(env: Env) -> bool:
    """Tell whether a kept state covers this path; perhaps keep its state."""
    idx = env.cur.insn_idx = env.insn_idx
    point = env.points[idx]
    if point & PRUNE and _meets_kept_state(env):
        return True
    if point & JUMP:
        env.remember()
    return False


def _meets_kept_state(env: Env) -> bool:
    seen, cur, idx = env.explored, env.cur, env.insn_idx
    seen.insns, cur.last_insn_idx = env.insn_processed, env.prev_insn_idx
    is_checkpoint = idx in env.graph.checkpoints
    wanted, sure = seen.wants_state(cur, is_checkpoint or env.keeps_every_state)
    entries = list(seen.at(idx, cur.frame.callsite))
    if entries:
        _clean_live_states(env, entries)
    ignored, marks_matter = ignored_marks(env), not env.speculation.explore_alu_limits
    for entry in entries:
        old = entry.state
        if old.insn_idx != idx:
            continue
        in_loop = old.branches > 0 or env.loops.is_unfinished(old)
        if still_clash(old, cur, everything=in_loop and marks_matter, ignored=ignored):
            covered = False
        elif old.branches:
            covered = _is_covered_by_unfinished(env, old)
        else:
            exact = Exact.RANGE_WITHIN if in_loop else Exact.NOT_EXACT
            covered = env.prunes and _covers(env, old, exact)
        if not covered and wanted and not sure and old.branches and seen.is_young():
            wanted = False
        if covered:
            _hit(env, entry, in_loop)
            return True
        entry.misses += wanted
        _forget_useless(env, entry, is_checkpoint)
    seen.max_states_per_insn = max(seen.max_states_per_insn, len(entries))
    if wanted:
        env.loops.enter(seen.keep(cur))
        seen.note_peak(env.loops.backedges)
    return False


def _clean_live_states(env: Env, entries: list[Kept]) -> None:
    """Forget what is dead in states whose paths are all walked."""
    finished = [
        entry.state
        for entry in entries
        if not entry.state.cleaned and not entry.state.branches
    ]
    for state in finished:
        if state.insn_idx != env.insn_idx:
            continue
        if state.same_callsites(env.cur) and not env.loops.is_unfinished(state):
            clean(state, env.live_regs, env.stack_liveness.before(state))


def _is_covered_by_unfinished(env: Env, old: VerifierState) -> bool:
    """Compare with a state of this same path: does a loop go on, or round in circles?

    Where a loop must end in time (an iterator's, a callback's, may_goto's), a path that
    comes back to what was there before may stop. Any other such loop has no end.
    """
    cur, idx, graph = env.cur, env.insn_idx, env.graph
    if old.frame.in_async_callback:
        if old.frame.async_entries != cur.frame.async_entries:
            return False
    if idx in graph.iterators:
        return _is_within(env, old) and is_iterator_active(cur)
    if idx in graph.may_gotos and old.may_goto_depth != cur.may_goto_depth:
        if _is_within(env, old):
            return True
    if idx in graph.callbacks:
        return _is_within(env, old)
    if _makes_no_progress(env, old):
        if "loops" in env.off:
            return True
        text = f"infinite loop detected at insn {env.insn_idx}"
        level = len(cur.frames) - 1
        now, before = (env.log.writer.state(one, level) for one in (cur, old))
        lines = f"{text}\ncur state:{now}\nold state:{before}"
        raise Refusal(EINVAL, lines)
    return False


def _is_within(env: Env, old: VerifierState) -> bool:
    return _covers(env, old, Exact.RANGE_WITHIN)


def _covers(env: Env, old: VerifierState, exact: Exact) -> bool:
    if env.speculation.explore_alu_limits:
        exact = Exact.NUMBERS_EXACT
    return states_equal(env, old, env.cur, exact)


def _makes_no_progress(env: Env, old: VerifierState) -> bool:
    """Tell whether a path came back to where it was, unchanged."""
    cur = env.cur
    return (
        states_maybe_looping(old, cur)
        and states_equal(env, old, cur, Exact.EXACT)
        and not iter_depths_differ(old, cur)
        and old.may_goto_depth == cur.may_goto_depth
        and old.callback_unroll_depth == cur.callback_unroll_depth
    )


def _hit(env: Env, entry: Kept, in_loop: bool) -> None:
    """This path is covered; what mattered there matters here."""
    entry.hits += 1
    env.explored.covered.append(entry.step)
    if env.points[env.insn_idx] & JUMP:
        env.remember()
    propagate_precision(env, entry.state, env.cur)
    if in_loop:
        copy = env.cur.copy()
        copy.parent = env.cur.parent
        env.loops.add(entry.state, copy)
        env.explored.note_peak(env.loops.backedges)


def _forget_useless(env: Env, entry: Kept, is_checkpoint: bool) -> None:
    most = CHECKPOINT_MISSES if is_checkpoint and entry.state.branches else MISSES
    if entry.misses > entry.hits * most + most:
        env.explored.forget(entry)
