"""The walk: every path of a program, instruction by instruction (kernel: do_check).

A path goes straight on at a branch; the other way waits. Where it meets a state that
was explored already and covers it, it stops. The program is accepted when nothing waits
any more.

What is modelled: numbers, the stack at constant offsets, contexts, map values, packet
ranges, null checks, a few helpers; one function, privileged. Anything else raises
NotModelled, never a verdict.

Kernel differs: level 4 tells no time and no stack depth; level 2 has no `+live` lines.
Source: the log of Linux 6.18 at level 2. Names are the kernel's.
"""

from collections.abc import Callable, Sequence

from ebpflab.hooks import HOOKS
from ebpflab.isa.insn import Insn
from ebpflab.isa.legal import TARGET, problems
from ebpflab.isa.operations import Control, InsnClass, Wide
from ebpflab.logs import last_message
from ebpflab.program import Program
from ebpflab.results import Verdict
from ebpflab.verifier.backtrack import back_step, scalars_of
from ebpflab.verifier.bounds import ZERO, constant
from ebpflab.verifier.cfg import (
    check_cfg,
    check_subprogs,
    components,
    is_call,
    is_exit,
    is_goto,
    is_local_call,
    target,
)
from ebpflab.verifier.check_alu import check_alu_op
from ebpflab.verifier.check_call import arguments, check_helper_call
from ebpflab.verifier.check_exit import check_return_code
from ebpflab.verifier.check_jump import check_cond_jmp_op
from ebpflab.verifier.check_mem import check_load, check_store
from ebpflab.verifier.env import Env
from ebpflab.verifier.equal import Exact, states_equal
from ebpflab.verifier.explored import (
    MISSES,
    Kept,
    clean,
    is_loop_without_progress,
)
from ebpflab.verifier.liveness import StackLiveness, live_registers
from ebpflab.verifier.refusal import (
    E2BIG,
    EINVAL,
    Refusal,
    not_modelled,
)
from ebpflab.verifier.reg_types import RegType
from ebpflab.verifier.state_text import EVERYTHING, LEVEL2, Log
from ebpflab.verifier.states import (
    SCALAR,
    RegState,
    VerifierState,
    initial_state,
)

MOST_INSNS = 1_000_000
MODELLED_TYPES = ("xdp", "socket_filter", "sched_cls", "cgroup_skb")
DONE = -1  # instead of a next instruction: the path has ended


def verify(program: Program, *, privileged: bool = True, log_level: int = 1) -> Verdict:
    """Judge a program as Linux 6.18 does.

    Args:    log_level: 1 the path to the error, 2 every step; they add up.
    Raises:  NotModelled: the program does what is not modelled yet.
    """
    if not privileged:
        not_modelled("verification without CAP_PERFMON")
    log, env, refusal = Log(log_level), None, None
    try:
        env = prepared(program, log)
        walk(env)
    except Refusal as said:
        refusal = said
        log.tell(f"{said.lines}\n")
    if not refusal and not log.is_full:
        log.back_to(0)
    return _verdict(log, refusal, env)


def _verdict(log: Log, refusal: Refusal | None, env: Env | None) -> Verdict:
    if log.level:
        log.tell(_statistics(env) if env else _statistics_of(0, 0, 0, 0))
    return Verdict(
        accepted=refusal is None,
        errno=refusal.errno if refusal else 0,
        message=last_message(refusal.lines) if refusal else "",
        log=log.text() if log.level else "",
        insns_processed=env.insn_processed if env else 0,
    )


def _statistics(env: Env) -> str:
    seen = env.explored
    return _statistics_of(
        env.insn_processed,
        seen.max_states_per_insn,
        seen.total_states,
        seen.peak_states,
    )


def _statistics_of(insns: int, most: int, total: int, peak: int) -> str:
    return (
        f"processed {insns} insns (limit {MOST_INSNS}) max_states_per_insn {most} "
        f"total_states {total} peak_states {peak} mark_read 0\n"
    )


# ---- before the walk -----------------------------------------------------------


def prepared(program: Program, log: Log) -> Env:
    """Check the program as a whole; return what the walk works on."""
    insns = program.insns
    _check_modelled(program, insns)
    if log.is_full:
        log.tell("func#0 @0\n")
    check_subprogs(insns)
    graph = check_cfg(insns)
    env = Env(
        program,
        HOOKS[program.type],
        insns,
        graph,
        live_registers(insns, graph, arguments),
        [back_step(insn) for insn in insns],
        components(graph),
        log,
        initial_state(),
        StackLiveness(graph),
    )
    if log.is_full:
        _tell_live_registers(env)
    return env


def _check_modelled(program: Program, insns: Sequence[Insn | None]) -> None:
    """Refuse to judge what this verifier does not know."""
    if program.type not in MODELLED_TYPES:
        not_modelled(f"programs of type {program.type}")
    if program.flags:
        not_modelled("program flags")
    if not insns:
        not_modelled("an empty program")
    for problem in problems(insns):
        if problem.field != TARGET:
            not_modelled("illegal instructions", problem.pc)
    for idx, insn in enumerate(insns):
        if insn and (is_local_call(insn) or _is_may_goto(insn)):
            not_modelled("calls of functions, and may_goto", idx)
        if insn and insn.is_wide and insn.src in (Wide.BTF_ID, Wide.FUNC):
            not_modelled("addresses of kernel variables and functions", idx)


def _is_may_goto(insn: Insn) -> bool:
    return insn.insn_class == InsnClass.JMP and insn.code == Control.JCOND


def _tell_live_registers(env: Env) -> None:
    env.log.tell("Live regs before insn:\n")
    for idx, insn in enumerate(env.insns):
        if insn:
            live = env.live_regs[idx]
            shown = "".join(str(r) if live >> r & 1 else "." for r in range(10))
            loop = f"{env.loops[idx]:3d} " if env.loops[idx] else "    "
            env.log.tell(f"{loop}{idx:3d}: {shown} {env.insn_text(idx)}\n")


# ---- the walk ------------------------------------------------------------------


def walk(env: Env) -> None:
    """Walk all paths; raise Refusal at the first that must not be."""
    came_back = False  # this path was waiting: its state is to be shown
    steps = [_step_of(insn) for insn in env.insns]
    while True:
        _count(env)
        following = DONE
        if not _is_state_visited(env):
            _tell_insn(env, came_back)
            came_back = False
            following = _do_insn(env, steps)
        else:
            _tell_safe(env, came_back)
        if following != DONE:
            env.prev_insn_idx, env.insn_idx = env.insn_idx, following
            continue
        if not _next_path(env):
            return
        came_back = True


def _count(env: Env) -> None:
    env.insn_processed += 1
    env.explored.insns = env.insn_processed
    if env.insn_processed > MOST_INSNS:
        text = f"BPF program is too large. Processed {env.insn_processed} insn"
        raise Refusal(E2BIG, text)
    env.has_entry = False
    env.cur.last_insn_idx = env.prev_insn_idx


def _do_insn(env: Env, steps: "Sequence[tuple[Step, Insn, bool]]") -> int:
    """Judge one instruction; return the next one's slot, or DONE."""
    idx = env.insn_idx
    step, insn, touches_stack = steps[idx]
    env.stack_reads = env.stack_writes = 0
    following = step(env, insn)
    if touches_stack:
        env.stack_liveness.visited(idx, env.stack_reads, env.stack_writes)
    return following


def _next_path(env: Env) -> bool:
    """End this path and take up the last one put aside; False: there is none."""
    for state in env.explored.finish(env.cur):
        _leave_loop(env, state)
    env.log.regs = env.log.slots = EVERYTHING
    if not env.waiting:
        return False
    path = env.waiting.pop()
    env.cur, env.insn_idx = path.state, path.insn_idx
    env.prev_insn_idx = path.prev_insn_idx
    if not env.log.is_full:
        env.log.back_to(path.log_length)
    return True


# ---- one instruction -----------------------------------------------------------

Step = Callable[[Env, Insn], int]
_TOUCH_STACK = (InsnClass.LDX, InsnClass.ST, InsnClass.STX, InsnClass.JMP)


def _alu(env: Env, insn: Insn) -> int:
    check_alu_op(env, insn)
    return env.insn_idx + 1


def _load(env: Env, insn: Insn) -> int:
    check_load(env, insn)
    return env.insn_idx + 1


def _store(env: Env, insn: Insn) -> int:
    check_store(env, insn)
    return env.insn_idx + 1


def _wide(env: Env, insn: Insn) -> int:
    """Load 64 bits: a number, a map, or a place in a map's only value."""
    if not insn.is_wide:
        not_modelled("loads through the packet's socket buffer", env.insn_idx)
    env.may_write(insn.dst)
    maps = env.program.maps
    if insn.src == Wide.VALUE:
        env.regs[insn.dst] = RegState(SCALAR, constant(insn.imm64))
    elif insn.src == Wide.MAP_FD and 0 <= insn.imm < len(maps):
        kind = RegType.CONST_PTR_TO_MAP
        env.regs[insn.dst] = RegState(kind, ZERO, map=insn.imm)
    else:
        not_modelled("this kind of 64-bit load", env.insn_idx)
    return env.insn_idx + 2


def _jump(env: Env, insn: Insn) -> int:
    env.explored.jumps += 1
    if is_call(insn):
        check_helper_call(env, insn)
        return env.insn_idx + 1
    if is_exit(insn):
        check_return_code(env)
        return DONE
    if is_goto(insn):
        return target(insn, env.insn_idx)
    return check_cond_jmp_op(env, insn)


STEPS: dict[InsnClass, Step] = {
    InsnClass.ALU: _alu,
    InsnClass.ALU64: _alu,
    InsnClass.LDX: _load,
    InsnClass.ST: _store,
    InsnClass.STX: _store,
    InsnClass.LD: _wide,
    InsnClass.JMP: _jump,
    InsnClass.JMP32: _jump,
}


def _step_of(insn: Insn | None) -> tuple[Step, Insn, bool]:
    """Return how an instruction is judged, and whether it may touch the stack."""
    insn = insn or Insn(0)  # a second slot: no path comes here
    return STEPS[insn.insn_class], insn, insn.insn_class in _TOUCH_STACK


# ---- states that were kept -----------------------------------------------------


def _is_state_visited(env: Env) -> bool:
    """Tell whether a kept state covers this path; perhaps keep its state."""
    idx, state = env.insn_idx, env.cur
    visited = False
    if idx in env.graph.prune_points:
        visited = _meets_kept_state(env)
    if not visited and idx in env.graph.jump_points:
        env.remember()
    state.insn_idx = idx
    return visited


def _meets_kept_state(env: Env) -> bool:
    seen, idx = env.explored, env.insn_idx
    wanted, sure = seen.wants_state(env.cur)
    entries = list(seen.kept.get(idx, ()))
    live = env.live_regs[idx]
    for entry in entries:
        if not entry.state.branches and not entry.state.cleaned:
            clean(entry.state, live, env.stack_liveness.before(idx))
    for entry in entries:
        if entry.state.branches:
            _check_loop(env, entry.state, live)
            if not sure and seen.is_young():
                wanted = False
        elif states_equal(entry.state, env.cur, live, Exact.NOT_EXACT, env.last_id):
            return _hit(env, entry)
        if wanted:
            _miss(env, entry)
    seen.max_states_per_insn = max(seen.max_states_per_insn, len(entries))
    if wanted:
        _enter_loop(env, seen.keep(idx, env.cur))
    return False


def _enter_loop(env: Env, state: VerifierState) -> None:
    """Note the first kept state of a loop; the loop is left when its paths end."""
    loop = env.loops[state.insn_idx]
    if loop and loop not in env.entered:
        env.entered[loop] = state
        if env.log.is_full:
            env.log.tell(f"SCC enter ({loop})\n")


def _leave_loop(env: Env, state: VerifierState) -> None:
    loop = env.loops[state.insn_idx]
    if env.entered.get(loop) is state:
        del env.entered[loop]
        if env.log.is_full:
            env.log.tell(f"SCC exit ({loop})\n")


def _check_loop(env: Env, old: VerifierState, live: int) -> None:
    if is_loop_without_progress(old, env.cur, live, env.last_id):
        text = f"infinite loop detected at insn {env.insn_idx}"
        cur, before = env.whole_state_text(env.cur), env.whole_state_text(old)
        lines = f"{text}\ncur state:{cur}\nold state:{before}"
        raise Refusal(EINVAL, lines)


def _hit(env: Env, entry: Kept) -> bool:
    """This path is covered; what mattered there matters here."""
    entry.hits += 1
    if env.insn_idx in env.graph.jump_points:
        env.remember()
    frame = entry.state.frame
    regs, slots = scalars_of(frame)
    regs, slots = regs & frame.precise_regs, slots & frame.precise_slots
    if regs or slots:
        _tell_propagated(env, regs, slots)
        env.mark_precise(regs, slots)
    return True


def _miss(env: Env, entry: Kept) -> None:
    entry.misses += 1
    if entry.misses > entry.hits * MISSES + MISSES:
        env.explored.forget(env.insn_idx, entry)


# ---- telling -------------------------------------------------------------------


def _tell_propagated(env: Env, regs: int, slots: int) -> None:
    if env.log.is_full:
        places = [f"r{n}" for n in range(11) if regs >> n & 1]
        places += [f"fp-{8 * n + 8}" for n in range(64) if slots >> n & 1]
        env.log.tell(f"frame 0: propagating {','.join(places)}\n")


def _tell_safe(env: Env, came_back: bool) -> None:
    if env.log.is_on:
        way = f"\nfrom {env.prev_insn_idx} to {env.insn_idx}" if came_back else ""
        env.log.tell(f"{way or env.insn_idx}: safe\n")


def _tell_insn(env: Env, came_back: bool) -> None:
    """Write the state the last instruction left, then the next instruction."""
    log = env.log
    if not log.is_on:
        return
    if came_back and log.level & LEVEL2:
        state = env.whole_state_text(env.cur)
        log.tell(f"\nfrom {env.prev_insn_idx} to {env.insn_idx}:{state}\n")
    if log.regs or log.slots:
        env.tell_state()
    log.insn(env.insn_idx, env.insn_text(env.insn_idx))
