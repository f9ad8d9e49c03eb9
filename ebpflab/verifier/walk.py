"""The walk: every path of a program, instruction by instruction (kernel: do_check).

A path goes straight on at a branch; the other way waits. Where it meets a state that
was explored already and covers it, it stops (`visited.py`). The program is accepted
when nothing waits any more.

Source: the log of Linux 6.18 at level 2. Names are the kernel's.
"""

from collections.abc import Callable, Sequence

from ebpflab.isa.insn import Insn, is_atomic
from ebpflab.isa.operations import InsnClass
from ebpflab.verifier.check_alu import check_alu_op
from ebpflab.verifier.check_arena import addr_space_cast
from ebpflab.verifier.check_atomic import check_atomic
from ebpflab.verifier.check_call import check_helper_call
from ebpflab.verifier.check_jump import check_cond_jmp_op
from ebpflab.verifier.check_kfunc import check_kfunc_call
from ebpflab.verifier.check_ld_abs import check_ld_abs
from ebpflab.verifier.check_legal import (
    illegal,
    is_addr_space_cast,
    reserved_fields,
)
from ebpflab.verifier.check_mem import check_load, check_store
from ebpflab.verifier.check_wide import check_ld_imm
from ebpflab.verifier.control import (
    is_call,
    is_exit,
    is_goto,
    is_kfunc_call,
    is_local_call,
    is_may_goto,
    is_tail_call,
    target,
)
from ebpflab.verifier.convergence import may_goto
from ebpflab.verifier.env import Env
from ebpflab.verifier.frames import (
    DONE,
    check_func_call,
    leave_by_ld_abs,
    leave_by_tail_call,
    process_exit,
)
from ebpflab.verifier.propagate import update_branch_counts
from ebpflab.verifier.refusal import E2BIG, EACCES, EINVAL, EPERM, Refusal
from ebpflab.verifier.rules import Do, relaxed
from ebpflab.verifier.visited import is_state_visited

MOST_INSNS = 1_000_000
RECOVERABLE = (EPERM, EACCES, EINVAL)  # on a path that only a wrong guess takes


def walk(env: Env) -> None:
    """Walk all paths; raise Refusal at the first that must not be."""
    steps = [_step_of(insn) for insn in env.insns]
    do: Do = _do_insn if env.bypass_spec_v1 else _do_insn_speculatively
    if env.off:
        do = relaxed(do, env.off)
    is_told, seen, most = env.log.is_on, env.seen, MOST_INSNS
    while True:
        env.insn_processed += 1
        if env.insn_processed > most:
            text = f"BPF program is too large. Processed {env.insn_processed} insn"
            raise Refusal(E2BIG, text)
        env.has_entry, idx = False, env.insn_idx
        if not is_state_visited(env):
            if not env.cur.speculative:
                seen[idx] = 1
            if is_told:
                _tell_insn(env)
            following = do(env, steps)
            if following != DONE:
                env.prev_insn_idx, env.insn_idx = idx, following
                continue
        elif is_told:
            _tell_safe(env)
        if not _next_path(env):
            return


def _do_insn(env: Env, steps: "Sequence[tuple[Step, Insn, bool]]") -> int:
    """Judge one instruction; return the next one's slot, or DONE."""
    idx = env.insn_idx
    step, insn, touches_stack = steps[idx]
    if not touches_stack:
        return step(env, insn)
    liveness = env.stack_liveness
    if env.stack_reads or env.stack_writes:
        env.stack_reads, env.stack_writes = {}, {}
    if liveness.current is None:
        liveness.current = liveness.instance(env.cur, len(env.cur.frames) - 1)
    following = step(env, insn)
    if liveness.current:  # else the walk is in another function now
        liveness.current.visit(idx, env.stack_reads, env.stack_writes)
    return following


def _do_insn_speculatively(env: Env, steps: "Sequence[tuple[Step, Insn, bool]]") -> int:
    """The same, where a path may be one that only a wrong guess takes.

    Such a path ends at a barrier; where it would be refused, it gets one.
    """
    idx, known = env.insn_idx, env.speculation
    if not env.cur.speculative:
        return _do_insn(env, steps)
    if idx in known.nospec:
        return DONE
    try:
        following = _do_insn(env, steps)
    except Refusal as said:
        if said.errno not in RECOVERABLE:
            raise
        env.log.tell(f"{said.lines}\n")
        known.stop_before(idx)
        liveness, (_, _, touches_stack) = env.stack_liveness, steps[idx]
        if touches_stack and liveness.current:  # what it read before it was refused
            liveness.current.visit(idx, env.stack_reads, env.stack_writes)
        return DONE
    return DONE if idx in known.nospec_result else following


def _next_path(env: Env) -> bool:
    """End this path and take up the last one put aside; False: there is none."""
    env.log.show_all()
    update_branch_counts(env)
    env.stack_liveness.update(env.cur)
    if not env.waiting:
        return False
    path = env.waiting.pop()
    env.cur, env.insn_idx = path.state, path.insn_idx
    env.prev_insn_idx, env.came_back = path.prev_insn_idx, True
    if not env.log.is_full:
        env.log.back_to(path.log_length)
    return True


# ---- one instruction -----------------------------------------------------------

Step = Callable[[Env, Insn], int]
_MAY_TOUCH_STACK = (InsnClass.LDX, InsnClass.ST, InsnClass.STX)


def _alu(env: Env, insn: Insn) -> int:
    check_alu_op(env, insn)
    return env.insn_idx + 1


def _load(env: Env, insn: Insn) -> int:
    check_load(env, insn)
    return env.insn_idx + 1


def _store(env: Env, insn: Insn) -> int:
    check_store(env, insn)
    return env.insn_idx + 1


def _atomic(env: Env, insn: Insn) -> int:
    check_atomic(env, insn)
    return env.insn_idx + 1


def _wide(env: Env, insn: Insn) -> int:
    check_ld_imm(env, insn)
    return env.insn_idx + 2


def _legacy(env: Env, insn: Insn) -> int:
    check_ld_abs(env, insn)
    if len(env.cur.frames) > 1:
        return leave_by_ld_abs(env)
    return env.insn_idx + 1


def _jump(env: Env, insn: Insn) -> int:
    env.explored.jumps += 1
    if is_call(insn):
        if is_local_call(insn):
            return check_func_call(env, insn)
        if is_kfunc_call(insn):
            return env.insn_idx + 1 if check_kfunc_call(env, insn) else DONE
        check_helper_call(env, insn)
        if is_tail_call(insn) and len(env.cur.frames) > 1:
            return leave_by_tail_call(env)
        return env.insn_idx + 1
    if is_exit(insn):
        return process_exit(env)
    if is_goto(insn):
        return target(insn, env.insn_idx)
    if is_may_goto(insn):
        return may_goto(env, insn.off)
    return check_cond_jmp_op(env, insn)


STEPS: dict[InsnClass, Step] = {
    InsnClass.ALU: _alu,
    InsnClass.ALU64: _alu,
    InsnClass.LDX: _load,
    InsnClass.ST: _store,
    InsnClass.STX: _store,
    InsnClass.LD: _legacy,
    InsnClass.JMP: _jump,
    InsnClass.JMP32: _jump,
}


def _step_of(insn: Insn | None) -> tuple[Step, Insn, bool]:
    """Return how an instruction is judged, and whether it may touch the stack."""
    insn = insn or Insn(0)  # a second slot: no path comes here
    touches_stack = insn.insn_class in _MAY_TOUCH_STACK or is_call(insn)
    if wrong := reserved_fields(insn):
        return illegal(wrong), insn, touches_stack
    step = STEPS[insn.insn_class]
    if is_atomic(insn):
        step = _atomic
    elif insn.is_wide:
        step = _wide
    elif is_addr_space_cast(insn):
        step = addr_space_cast
    return step, insn, touches_stack


# ---- telling -------------------------------------------------------------------


def _tell_safe(env: Env) -> None:
    way = f"\n{_way(env)}" if env.came_back else ""
    env.log.tell(f"{way or env.insn_idx}: safe\n")


def _way(env: Env) -> str:
    how = " (speculative execution)" if env.cur.speculative else ""
    return f"from {env.prev_insn_idx} to {env.insn_idx}{how}"


def _tell_insn(env: Env) -> None:
    """Write the state the last instruction left, then the next instruction."""
    log, came_back = env.log, env.came_back
    env.came_back = False
    if came_back and log.is_full:
        log.tell(f"\n{_way(env)}:")
        log.whole_state(env.cur)
    if log.regs or log.slots:
        log.state(env.insn_idx, env.cur)
    if line := log.writer.lines.before(env.insn_idx):
        log.tell(line)
    log.insn(env.insn_idx)
