"""The last lines of a log: how much was walked, and how much stack is needed.

    verification time 71 usec                 at level 4 only, as the next one
    stack depth 40+8
    processed 14 insns (limit 1000000) ...

Source: logs of Linux 6.18.
"""

from collections.abc import Iterator

from ebpflab.verifier.control import is_may_goto
from ebpflab.verifier.env import Env
from ebpflab.verifier.subprogs import Subprog, Subprogs
from ebpflab.verifier.walk import MOST_INSNS

NOTHING = (0, 0, 0, 0)
TIMED_LOOP = 16  # bytes: how often, and since when a may_goto has gone on
INLINED_LOOP = 24  # bytes: what a call of bpf_loop keeps where it became a loop


def statistics(env: Env | None) -> str:
    """Write what was counted; nothing was, where no walk began."""
    insns, most, total, peak = _counters(env) if env else NOTHING
    return (
        f"processed {insns} insns (limit {MOST_INSNS}) max_states_per_insn {most} "
        f"total_states {total} peak_states {peak} mark_read 0\n"
    )


def _counters(env: Env) -> tuple[int, int, int, int]:
    seen = env.explored
    return (
        env.insn_processed,
        seen.max_states_per_insn,
        seen.total_states,
        seen.peak_states,
    )


def time_and_stack(env: Env | None, subprogs: Subprogs, seconds: float) -> str:
    """Write how long it took here, and the stack that each function needs.

    Args:    env: of an accepted program; what its loops need comes on top.
    """
    depths = [subprog.stack_depth for subprog in subprogs] or [0]
    if env:
        depths = list(_with_loops(env))
    text = "+".join(map(str, depths))
    microseconds = int(seconds * 1_000_000)
    return f"verification time {microseconds} usec\nstack depth {text}\n"


def _with_loops(env: Env) -> Iterator[int]:
    """Yield what each function that is left needs in the end."""
    for number, subprog in enumerate(env.subprogs):
        if number == 0 or subprog.is_entered:
            yield subprog.stack_depth + _for_loops(env, subprog)


def _for_loops(env: Env, subprog: Subprog) -> int:
    own = range(subprog.start, subprog.end)
    has_timed = any(_is_timed(env, idx) for idx in own)
    has_inlined = any(env.inlined_loops.get(idx, -1) >= 0 for idx in own)
    return TIMED_LOOP * has_timed + INLINED_LOOP * has_inlined


def _is_timed(env: Env, idx: int) -> bool:
    insn = env.insns[idx]
    return bool(insn and is_may_goto(insn) and insn.off and env.seen[idx])
