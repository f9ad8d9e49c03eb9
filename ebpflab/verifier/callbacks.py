"""Functions of the program that a helper calls, before it returns or later.

How often a helper calls back is not known, so the walk takes both ways: past the call,
and into the callback, which comes back to the call itself, where the question is asked
again. A callback that is called later (a timer's) begins on a stack of its own, as a
path that nothing led to.

Not here: the arguments of the helpers (`check_call.py`). Source: what Linux 6.18 walks.
Names are the kernel's.
"""

from ebpflab.isa.insn import Insn
from ebpflab.verifier.control import calls_back_later
from ebpflab.verifier.env import MOST_BRANCHES, Env, Waiting
from ebpflab.verifier.frames import SetCallee, setup_func_entry
from ebpflab.verifier.global_functions import check_static_call
from ebpflab.verifier.refusal import E2BIG, Refusal
from ebpflab.verifier.states import FuncState, VerifierState, entry_frame


def push_callback_call(
    env: Env,
    insn: Insn,
    subprog: int,
    set_callee: SetCallee,
    *,
    later: bool = False,
    sleeps: bool = False,
) -> None:
    """Put a visit of a callback aside; this path goes on past the call.

    Args:    set_callee: fills the callback's registers in: (env, caller, callee).
             later: it is called when the program has ended.
             sleeps: a callback that is called later may sleep.
    """
    check_static_call(env, subprog)
    env.subprogs[subprog].is_callback = True
    caller = env.cur.frame
    if later or calls_back_later(insn):
        env.subprogs[subprog].is_async_callback = True
        callee = _push_async(env, subprog, sleeps)
        callee.async_entries = caller.async_entries + 1
        set_callee(env, caller, callee)
        return
    other = env.push(env.subprogs[subprog].start)
    setup_func_entry(env, other, subprog, set_callee)
    other.callback_unroll_depth += 1
    other.frames[-2].callback_depth += 1
    caller.callback_depth = 0


def _push_async(env: Env, subprog: int, sleeps: bool) -> FuncState:
    """Put a path aside that begins with a callback, on an empty stack."""
    frame = entry_frame(subprog=subprog)
    env.subprogs[subprog].is_entered = True
    state = VerifierState([frame], in_sleepable=sleeps)
    start = env.subprogs[subprog].start
    path = Waiting(state, start, env.insn_idx, len(env.log.pieces))
    env.waiting.append(path)
    env.log.show_all()
    if len(env.waiting) > MOST_BRANCHES:
        text = f"The sequence of {len(env.waiting)} jumps is too complex for async cb."
        raise Refusal(E2BIG, text)
    return frame
