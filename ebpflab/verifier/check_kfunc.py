"""Calls of kfuncs: may it be called, do the arguments fit, what is known afterwards.

Source: what Linux 6.18 accepts, refuses and writes. Names are the kernel's.
"""

from dataclasses import dataclass

from ebpflab.btf.kfuncs import KfuncFlag
from ebpflab.isa.insn import Insn
from ebpflab.verifier.bounds import UNKNOWN, reg_bounds_sync
from ebpflab.verifier.callbacks import push_callback_call
from ebpflab.verifier.check_btf_access import in_rcu_section
from ebpflab.verifier.check_call import CALLER_SAVED, clear_all_pkt_pointers
from ebpflab.verifier.check_exit import check_return_code
from ebpflab.verifier.control import is_kfunc_call
from ebpflab.verifier.dynptr_slots import release_dynptr
from ebpflab.verifier.env import Env
from ebpflab.verifier.exceptions import THROW
from ebpflab.verifier.iterators import process_iter_next
from ebpflab.verifier.kfunc_args import KfuncCall, check_kfunc_args, kernel_types
from ebpflab.verifier.kfunc_calls import is_allowed
from ebpflab.verifier.kfunc_graph import compares_nodes, in_rbtree_callback
from ebpflab.verifier.kfunc_judges import JUDGES
from ebpflab.verifier.kfunc_result import LOCKS, kfunc_result
from ebpflab.verifier.kfunc_types import Prototype
from ebpflab.verifier.later_callbacks import set_task_work_callback, set_wq_callback
from ebpflab.verifier.objects import give_away
from ebpflab.verifier.references import (
    active_locks,
    check_resource_leak,
    release_reference,
)
from ebpflab.verifier.refusal import EACCES, EFAULT, EINVAL, Refusal
from ebpflab.verifier.reg_types import Flag
from ebpflab.verifier.states import (
    NOT_INIT,
    SCALAR,
    RegState,
    VerifierState,
)

MAX_ERRNO = 4095
GIVEN_AWAY = (
    "bpf_list_push_front_impl",
    "bpf_list_push_back_impl",
    "bpf_rbtree_add_impl",
)
LATER = {  # functions that are called later, on a stack of their own
    "bpf_wq_set_callback_impl": set_wq_callback,
    "bpf_task_work_schedule_signal_impl": set_task_work_callback,
    "bpf_task_work_schedule_resume_impl": set_task_work_callback,
}


def check_kfunc_call(env: Env, insn: Insn) -> bool:
    """Judge a call, and put its result into r0; False: the program ends here."""
    _check_locked(env, insn)
    if not insn.imm:
        return True  # a weak symbol that is not there: refused if it can be reached
    proto = _allowed(env, insn)
    call = KfuncCall(env, proto, kernel_types(env))
    if proto.name in LOCKS:
        _fork_failure(env)
    _check_may_sleep(env, proto)
    check_kfunc_args(call, JUDGES)
    _call_back(env, insn, call)
    _enter_or_leave(env, proto)
    _check_regions(env, proto)
    _release(env, call)
    if proto.name == THROW:
        _throw(env)
        return False
    regs = env.regs
    for number in CALLER_SAVED:
        regs[number] = NOT_INIT
    env.log.regs |= 1
    regs[0] = kfunc_result(call)
    if proto.name == "bpf_xdp_pull_data":
        clear_all_pkt_pointers(env)
    if call.has(KfuncFlag.ITER_NEXT):
        process_iter_next(env, call.place)
    return True


# ---- may it be called? ---------------------------------------------------------

UNDER_A_LOCK = (  # beginnings of the names of what may be called with a lock held
    *("bpf_list_", "bpf_rbtree_", "bpf_refcount_acquire", "bpf_iter_num_"),
    "bpf_res_spin_",
)


def _check_locked(env: Env, insn: Insn) -> None:
    if not active_locks(env.cur):
        return
    proto = env.kfuncs.get(insn.imm)
    if proto is None or insn.off or not proto.name.startswith(UNDER_A_LOCK):
        text = "function calls are not allowed while holding a lock"
        raise Refusal(EINVAL, text)


def _allowed(env: Env, insn: Insn) -> Prototype:
    proto = env.kfuncs.get(insn.imm)
    program = env.program
    if proto and is_allowed(program, proto):
        if proto.name == "__bpf_trap":
            text = "unexpected __bpf_trap() due to uninitialized variable?"
            raise Refusal(EFAULT, text)
        return proto
    name = kernel_types(env).type(insn.imm).name
    raise Refusal(EACCES, f"calling kernel function {name} is not allowed")


def _check_may_sleep(env: Env, proto: Prototype) -> None:
    if proto.kfunc.flags & KfuncFlag.SLEEPABLE and not env.cur.in_sleepable:
        text = "program must be sleepable to call sleepable kfunc"
        raise Refusal(EACCES, f"{text} {proto.name}")


def _check_regions(env: Env, proto: Prototype) -> None:
    """Refuse what sleeps where nothing may, and what needs an RCU section."""
    state, name = env.cur, f"kernel func {proto.name}"
    if proto.kfunc.flags & KfuncFlag.SLEEPABLE:
        regions = (
            (state.active_rcu_locks, "within rcu_read_lock region"),
            (state.active_preempt_locks, "within non-preemptible region"),
            (state.active_irq_id, "within IRQ-disabled region"),
        )
        for inside, where in regions:
            if inside:
                raise Refusal(EACCES, f"{name} is sleepable {where}")
    if proto.kfunc.flags & KfuncFlag.RCU_PROTECTED and not in_rcu_section(env):
        text = f"{name} requires RCU critical section protection"
        raise Refusal(EACCES, text)


def _fork_failure(env: Env) -> None:
    """A lock may not be had: that path goes on behind the call with an errno."""
    other = env.push(env.insn_idx + 1)
    regs = other.frame.regs
    for number in CALLER_SAVED:
        regs[number] = NOT_INIT
    least, most = -MAX_ERRNO, -1
    errno = UNKNOWN._replace(smin=least, smax=most, s32_min=least, s32_max=most)
    regs[0] = RegState(SCALAR, reg_bounds_sync(errno))


# ---- sections ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Section:
    """A pair of kfuncs that open and close a section of a path."""

    counter: str  # of VerifierState
    step: int
    unmatched: str = ""  # said where there is nothing to close
    deepest: int = 1 << 32  # how many may be open at once


SECTIONS = {
    "bpf_rcu_read_lock": _Section("active_rcu_locks", 1, deepest=1),
    "bpf_rcu_read_unlock": _Section(
        "active_rcu_locks", -1, "unmatched rcu read unlock"
    ),
    "bpf_preempt_disable": _Section("active_preempt_locks", 1),
    "bpf_preempt_enable": _Section(
        "active_preempt_locks", -1, "unmatched attempt to enable preemption"
    ),
}


def _enter_or_leave(env: Env, proto: Prototype) -> None:
    section = SECTIONS.get(proto.name)
    if section is None:
        return
    if env.cur.active_rcu_locks and in_rbtree_callback(env) and "rcu" in proto.name:
        text = "Calling bpf_rcu_read_{lock,unlock} in unnecessary rbtree callback"
        raise Refusal(EACCES, text)
    depth = getattr(env.cur, section.counter) + section.step
    wrong = section.unmatched if depth < 0 else ""
    if depth > section.deepest:
        wrong = "nested rcu read lock"
    if wrong:
        raise Refusal(EINVAL, f"{wrong} (kernel function {proto.name})")
    setattr(env.cur, section.counter, depth)
    if proto.name == "bpf_rcu_read_unlock" and not depth:
        distrust_rcu_pointers(env.cur)


def distrust_rcu_pointers(state: VerifierState) -> None:
    """The RCU section has ended: what it protected may be gone."""
    for frame in state.frames:
        for number, reg in enumerate(frame.regs):
            frame.regs[number] = _distrusted(reg)
        for number, slot in enumerate(frame.stack):
            if slot.reg.type.flags & Flag.MEM_RCU:
                frame.stack[number] = slot._replace(reg=_distrusted(slot.reg))


def _distrusted(reg: RegState) -> RegState:
    if not reg.type.flags & Flag.MEM_RCU:
        return reg
    bare = reg.type.without(Flag.MEM_RCU | Flag.PTR_MAYBE_NULL)
    return reg._replace(type=bare | Flag.PTR_UNTRUSTED)


# ---- what the call does --------------------------------------------------------


def _call_back(env: Env, insn: Insn, call: KfuncCall) -> None:
    name = call.proto.name
    if name == "bpf_rbtree_add_impl":
        assert call.root
        push_callback_call(env, insn, call.subprog, compares_nodes(call.root))
    elif later := LATER.get(name):
        later(env, insn, call)


def _release(env: Env, call: KfuncCall) -> None:
    """Give back what the kfunc takes; give away what a list or tree takes."""
    name = call.proto.name
    if call.release_regno:
        reg = env.regs[call.release_regno]
        if call.dynptr and call.dynptr.ref_obj_id:
            release_dynptr(env, reg)
        elif not release_reference(env, reg.ref_obj_id):
            text = f"kfunc {name}#{call.proto.id} reference has not been acquired"
            raise Refusal(EINVAL, f"{text} before")
    if name in GIVEN_AWAY:
        give_away(env, env.regs[2].ref_obj_id)


def _throw(env: Env) -> None:
    """bpf_throw(cookie): the program ends; without a callback, the cookie answers."""
    if not env.subprogs.exception_callback:
        check_return_code(env, 1)
    check_resource_leak(env, "bpf_throw", exception=True)


def check_weak_kfuncs(env: Env) -> None:
    """Refuse a call, which a path took, of a weak symbol that is not there."""
    for idx, insn in enumerate(env.insns):
        if insn and env.seen[idx] and is_kfunc_call(insn) and not insn.imm:
            text = "invalid kernel function call not eliminated in verifier pass"
            raise Refusal(EINVAL, text)
