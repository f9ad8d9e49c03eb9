"""Calls of the program's own functions: a frame more, a frame less.

A static function is walked with what its caller gives it: r1 to r5 go in, r0 comes
back, r6 to r9 are the caller's own, and the stack is a new one. A pointer to a caller's
stack may go in; one to the own stack may not come back. A callback's frame ends where
the helper was called that asked for it. Global functions are not entered
(`global_functions.py`).

Source: `caller:`, `callee:`, `returning from callee:` in the log of Linux 6.18. Names
are the kernel's.
"""

from collections.abc import Callable

from ebpflab.isa.insn import Insn
from ebpflab.verifier.bounds import ZERO
from ebpflab.verifier.check_exit import (
    check_return_code,
    check_subprogram_exit,
    enforce_callback_range,
)
from ebpflab.verifier.convergence import find_prev_entry, widen_imprecise_scalars
from ebpflab.verifier.env import Env
from ebpflab.verifier.global_functions import check_global_call, check_static_call
from ebpflab.verifier.references import check_resource_leak, invalidate
from ebpflab.verifier.refusal import E2BIG, EINVAL, Refusal
from ebpflab.verifier.reg_types import Base, RegType
from ebpflab.verifier.states import (
    NOT_INIT,
    SCALAR,
    UNKNOWN_SCALAR,
    FuncState,
    RegState,
    VerifierState,
    entry_frame,
)

DONE = -1  # instead of a next instruction: the path has ended
MOST_FRAMES = 8
CALLER_SAVED = range(6)
ARGUMENTS = range(1, 6)
PACKETS = (Base.PTR_TO_PACKET, Base.PTR_TO_PACKET_META, Base.PTR_TO_PACKET_END)
SetCallee = Callable[[Env, FuncState, FuncState], None]  # caller, callee


def check_func_call(env: Env, insn: Insn) -> int:
    """Judge a call of a function; return where the path goes on."""
    subprog = env.subprogs.starting_at(env.insn_idx + 1 + insn.imm)
    if env.functions.is_global(subprog):
        check_global_call(env, subprog)
        return env.insn_idx + 1
    check_static_call(env, subprog)
    state = env.cur
    caller = state.frame
    setup_func_entry(env, state, subprog, copy_arguments)
    clear_caller_saved(caller)
    env.stack_liveness.forget_current()
    if env.log.is_on:
        level = len(state.frames) - 1
        env.log.tell("caller:\n")
        env.log.whole_state(state, level - 1)
        env.log.tell("callee:\n")
        env.log.whole_state(state, level)
    return env.subprogs[subprog].start


def setup_func_entry(
    env: Env, state: VerifierState, subprog: int, set_callee: SetCallee
) -> FuncState:
    """Add a frame to a path, called from the current instruction."""
    number = len(state.frames)
    if number >= MOST_FRAMES:
        text = f"the call stack of {number + 1} frames is too deep"
        raise Refusal(E2BIG, text)
    callee = entry_frame(number, env.insn_idx, subprog)
    env.subprogs[subprog].is_entered = True
    env.log.show_all()
    set_callee(env, state.frame, callee)
    state.frames.append(callee)
    return callee


def copy_arguments(env: Env, caller: FuncState, callee: FuncState) -> None:
    """Give the callee r1 to r5 as they are."""
    for number in ARGUMENTS:
        callee.regs[number] = caller.regs[number]


def clear_caller_saved(frame: FuncState) -> None:
    for number in CALLER_SAVED:
        frame.regs[number] = NOT_INIT


# ---- the way back --------------------------------------------------------------


def process_exit(env: Env) -> int:
    """Judge the end of a function or of the program; return where the path goes on."""
    is_outer = len(env.cur.frames) == 1
    check_resource_leak(env, "BPF_EXIT instruction in main prog", locks=is_outer)
    if not is_outer:
        return prepare_func_exit(env)
    frame = env.cur.frame
    if frame.in_async_callback:
        enforce_callback_range(env)
    elif frame.subprog and not env.subprogs[frame.subprog].is_exception_callback:
        check_subprogram_exit(env)
    else:
        check_return_code(env)
    return DONE


def leave_by_tail_call(env: Env) -> int:
    """Walk a tail call that works: the other program's answer goes to the caller.

    That it fails, and the function goes on, is another path.
    """
    env.push(env.insn_idx + 1)
    invalidate(env, lambda reg: reg.type.base in PACKETS)
    return _leave_early(env, UNKNOWN_SCALAR)


def leave_by_ld_abs(env: Env) -> int:
    """Walk a legacy load beyond the packet's end: the function ends with 0."""
    env.push(env.insn_idx + 1)
    return _leave_early(env, RegState(SCALAR, ZERO))


def _leave_early(env: Env, result: RegState) -> int:
    env.log.regs |= 1
    env.regs[0] = result
    following = prepare_func_exit(env)
    env.came_back = False
    return following


def prepare_func_exit(env: Env) -> int:
    """Take the innermost frame away; return where the path goes on."""
    env.stack_liveness.update(env.cur)
    state = env.cur
    callee, caller = state.frames[-1], state.frames[-2]
    result = callee.regs[0]
    if result.type is RegType.PTR_TO_STACK:
        raise Refusal(EINVAL, "cannot return stack pointer to the caller")
    if callee.in_callback:
        enforce_callback_range(env)
        following = callee.callsite
    else:
        caller.regs[0] = result
        following = callee.callsite + 1
    if env.log.is_on:
        level = len(state.frames) - 1
        env.log.tell("returning from callee:\n")
        env.log.whole_state(state, level)
        env.log.tell(f"to caller at {following}:\n")
        env.log.whole_state(state, level - 1)
    state.frames.pop()
    env.came_back = True
    if callee.in_callback:
        before = find_prev_entry(env, state, following)
        if before:
            widen_imprecise_scalars(env, before, state)
    return following
