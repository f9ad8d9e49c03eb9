"""The end of a path: what mattered is carried on, and finished states are closed.

A path that stops at a kept state needs what that state needs: the numbers that mattered
there matter to it too. A kept state all of whose paths have ended is finished; where it
was the first of a loop, the loop is left.

Source: `propagating r1,fp-8` in the log of Linux 6.18. Names are the kernel's.
"""

from ebpflab.verifier.backedges import MOST_ROUNDS, Visit
from ebpflab.verifier.env import Env
from ebpflab.verifier.precision_marks import mark_all_scalars_precise, scalars_of
from ebpflab.verifier.states import FP, VerifierState


def propagate_precision(env: Env, old: VerifierState, state: VerifierState) -> bool:
    """Mark what mattered in a kept state on the path that stops there.

    Returns: whether any state got a mark that it had not.
    """
    walk = env.backtrack(state)
    for level in range(len(old.frames) - 1, -1, -1):
        frame = old.frames[level]
        if not (frame.precise_regs or frame.precise_slots):
            continue
        regs, slots = scalars_of(frame, frame.precise_regs, frame.precise_slots)
        if regs or slots:
            walk.want(level, regs, slots)
            _tell(env, level, regs, slots)
    walk.run(state.insn_idx)
    return walk.has_marked


def update_branch_counts(env: Env) -> None:
    """A path has ended: close the kept states all of whose paths now have."""
    node: VerifierState | None = env.cur
    while node:
        node.branches -= 1
        if node.branches:
            return
        visit = env.loops.leave(node)
        if visit:
            propagate_backedges(env, visit)
        env.explored.is_finished(node)
        node = node.parent


def propagate_backedges(env: Env, visit: Visit) -> None:
    """Carry what mattered round a loop that is left, until nothing changes."""
    for _ in range(MOST_ROUNDS):
        changed = [
            propagate_precision(env, edge.equal, edge.state) for edge in visit.backedges
        ]
        if not any(changed):
            break
    else:
        if env.log.is_full:
            env.log.tell("propagate_backedges: too many iterations\n")
        tell = env.log.tell if env.log.is_full else None
        for edge in visit.backedges:
            mark_all_scalars_precise(edge.state, tell)
    visit.backedges.clear()


def _tell(env: Env, level: int, regs: int, slots: int) -> None:
    if env.log.is_full:
        places = [f"r{n}" for n in range(FP) if regs >> n & 1]
        places += [f"fp-{8 * n + 8}" for n in range(64) if slots >> n & 1]
        env.log.tell(f"frame {level}: propagating {','.join(places)}\n")
