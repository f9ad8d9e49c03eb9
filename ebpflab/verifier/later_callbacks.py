"""Functions that a kfunc has called later: of a work queue, of a task's work.

    callback(map, key, value)

Source: Documentation of bpf_wq and bpf_task_work in the kernel's headers; what Linux
6.18 walks.
"""

from ebpflab.isa.insn import Insn
from ebpflab.verifier.bounds import S32_MAX, S32_MIN
from ebpflab.verifier.callback_states import set_timer_callback_state
from ebpflab.verifier.callbacks import push_callback_call
from ebpflab.verifier.env import Env
from ebpflab.verifier.kfunc_args import KfuncCall
from ebpflab.verifier.states import FuncState


def set_wq_callback(env: Env, insn: Insn, call: KfuncCall) -> None:
    """bpf_wq_set_callback(work queue, callback): as a timer's, but it may sleep."""
    _push(env, insn, call)


def set_task_work_callback(env: Env, insn: Insn, call: KfuncCall) -> None:
    """bpf_task_work_schedule(task, work, map, callback)."""
    _push(env, insn, call, argument=3, answers=(S32_MIN, S32_MAX))


def _push(
    env: Env,
    insn: Insn,
    call: KfuncCall,
    argument: int = 1,
    answers: tuple[int, int] = (0, 0),
) -> None:
    def set_callee(env: Env, caller: FuncState, callee: FuncState) -> None:
        set_timer_callback_state(env, caller, callee, caller.regs[argument])
        callee.returns = answers

    push_callback_call(env, insn, call.subprog, set_callee, later=True, sleeps=True)
