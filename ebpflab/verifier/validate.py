"""The program, then its global functions, each walked by itself.

A global function is walked only if something that was walked calls it. Then all the
stack that chains of calls may take is added up.

Source: `Validating f() func#1...` in the log of Linux 6.18. Names are the kernel's
(do_check_main, do_check_subprogs).
"""

from ebpflab.verifier.check_attach import SLEEPABLE
from ebpflab.verifier.check_kfunc import check_weak_kfuncs
from ebpflab.verifier.dead_code import check_func_addresses
from ebpflab.verifier.env import Env
from ebpflab.verifier.exceptions import check_exception_callback
from ebpflab.verifier.fastcall import remove_fastcall_spills_fills
from ebpflab.verifier.global_functions import arguments_of, enter_global
from ebpflab.verifier.prototypes import Misfit, What
from ebpflab.verifier.refusal import Refusal
from ebpflab.verifier.stack_depth import check_max_stack_depth
from ebpflab.verifier.states import VerifierState, entry_frame
from ebpflab.verifier.walk import walk


def validate(env: Env) -> None:
    """Judge a program that is prepared; raise Refusal if it must not be."""
    _check_signature(env)
    _walk_from(env, env.cur)
    _do_check_subprogs(env)
    remove_fastcall_spills_fills(env.subprogs)
    check_max_stack_depth(env)
    check_weak_kfuncs(env)
    check_func_addresses(env)


def _check_signature(env: Env) -> None:
    """Note whether the program's own prototype is that of its type: f(ctx)."""
    if not env.functions:
        return
    row = env.functions.rows[0]
    try:
        arguments = arguments_of(env, 0)
    except Refusal as said:
        env.log.tell(f"{said.lines}\n")
        row.is_unreliable = True
    except Misfit:
        row.is_unreliable = True
    else:
        row.is_unreliable = [argument.what for argument in arguments] != [What.CTX]


def _do_check_subprogs(env: Env) -> None:
    """Walk global functions that are called, until no new one is."""
    if number := env.subprogs.exception_callback:
        env.functions.rows[number].is_called = True
    found_one = True
    while found_one:
        found_one = False
        for number, row in enumerate(env.functions.rows):
            if not env.functions.is_global(number) or not row.is_called:
                continue
            if row.is_verified:
                continue
            _do_check_function(env, number)
            row.is_verified = found_one = True


def _do_check_function(env: Env, number: int) -> None:
    name, is_on = env.functions.name(number), env.log.is_on
    if is_on:
        env.log.tell(f"Validating {name}() func#{number}...\n")
    if env.subprogs[number].is_exception_callback:
        check_exception_callback(arguments_of(env, number))
    frame = entry_frame(subprog=number)
    enter_global(env, number, frame)
    sleeps = bool(env.program.flags & SLEEPABLE)
    state = VerifierState([frame], in_sleepable=sleeps)
    _walk_from(env, state, env.subprogs[number].start)
    if is_on:
        proven = "is safe for any args that match its prototype"
        env.log.tell(f"Func#{number} ('{name}') {proven}\n")


def _walk_from(env: Env, state: VerifierState, start: int = 0) -> None:
    """Walk all paths from a function's first instruction."""
    env.explored.start_again()
    env.cur, env.insn_idx, env.prev_insn_idx = state, start, -1
    env.subprogs[state.frame.subprog].is_entered = True
    state.first_insn_idx, state.last_insn_idx = start, -1
    env.came_back, env.log.writer.lines.last = False, None
    env.log.show_all()
    env.stack_liveness.forget_current()
    walk(env)
    if not env.log.is_full:
        env.log.back_to(0)
