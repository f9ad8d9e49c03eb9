"""Calls judged by the callee's prototype, and the start of a global function.

A global function is judged once, for all arguments that its prototype allows; a call
must fit the prototype, and gives any number. With BTF, calls of static functions are
compared with the prototype too, but a misfit only says that the prototype is not to be
relied on.

Not here: what a prototype asks for (`prototypes.py`). Source: `is global and assumed
valid`, `Validating f() func#1...` in the log of Linux 6.18. Names are the kernel's.
"""

from ebpflab.helpers.contract import Arg, ArgFlag, Kind
from ebpflab.verifier.arg_types import check_func_arg_reg_off, check_reg_type
from ebpflab.verifier.bounds import ZERO
from ebpflab.verifier.check_dynptr import init_dynptr
from ebpflab.verifier.env import Env
from ebpflab.verifier.helper_mem import check_helper_mem_access
from ebpflab.verifier.null_checks import mark_ptr_not_null_reg
from ebpflab.verifier.prototypes import Argument, Misfit, What, function_arguments
from ebpflab.verifier.references import active_locks, invalidate
from ebpflab.verifier.refusal import EINVAL, Refusal
from ebpflab.verifier.reg_types import Base, Flag, RegType
from ebpflab.verifier.states import (
    NOT_INIT,
    NOTHING_RARE,
    SCALAR,
    UNKNOWN_SCALAR,
    FuncState,
    RegState,
)

CALLER_SAVED = range(6)
MAY_NOT_SLEEP = (
    "global functions that may sleep are not allowed in non-sleepable context,\n"
    "i.e., in a RCU/IRQ/preempt-disabled section, or in\n"
    "a non-sleepable BPF program context"
)
PACKETS = (Base.PTR_TO_PACKET, Base.PTR_TO_PACKET_META, Base.PTR_TO_PACKET_END)


# ---- calls ---------------------------------------------------------------------


def check_static_call(env: Env, subprog: int) -> None:
    """Compare a call with its callee's prototype; a misfit is told, no more."""
    if env.functions and not env.functions.rows[subprog].is_unreliable:
        try:
            _check_arguments(env, subprog)
        except Misfit:
            env.functions.rows[subprog].is_unreliable = True
        except Refusal as said:
            env.functions.rows[subprog].is_unreliable = True
            env.log.tell(f"{said.lines}\n")


def check_global_call(env: Env, subprog: int) -> None:
    """Judge a call of a global function; it may answer any number."""
    name = env.functions.name(subprog)
    if active_locks(env.cur):
        text = "global function calls are not allowed while holding a lock,"
        raise Refusal(EINVAL, f"{text}\nuse static function instead")
    _check_may_sleep(env, subprog)
    try:
        _check_arguments(env, subprog)
    except Refusal as said:
        text = f"Caller passes invalid args into func#{subprog} ('{name}')"
        raise Refusal(said.errno, f"{said.lines}\n{text}") from None
    if env.log.is_on:
        text = f"Func#{subprog} ('{name}') is global and assumed valid.\n"
        env.log.tell(text)
    if env.subprogs[subprog].moves_packet:
        invalidate(env, lambda reg: reg.type.base in PACKETS)
    env.functions.rows[subprog].is_called = True
    for number in CALLER_SAVED:
        env.regs[number] = NOT_INIT
    env.regs[0] = UNKNOWN_SCALAR
    env.log.regs |= 1


def _check_may_sleep(env: Env, subprog: int) -> None:
    state = env.cur
    regions = (
        state.active_rcu_locks or state.active_preempt_locks or state.active_irq_id
    )
    if env.subprogs[subprog].might_sleep and (regions or not state.in_sleepable):
        raise Refusal(EINVAL, MAY_NOT_SLEEP)


def _check_arguments(env: Env, subprog: int) -> None:
    """Compare r1 to r5 with a prototype (kernel: btf_check_func_arg_match)."""
    for number, argument in enumerate(arguments_of(env, subprog), 1):
        _check_argument(env, number, env.regs[number], argument)


def arguments_of(env: Env, subprog: int) -> tuple[Argument, ...]:
    """Return a function's arguments, read once."""
    row = env.functions.rows[subprog]
    if row.arguments is None:
        assert env.functions.btf
        row.arguments = function_arguments(env.functions.btf, row, env.program)
    return row.arguments


def _check_argument(env: Env, number: int, reg: RegState, wanted: Argument) -> None:
    match wanted.what:
        case What.NUMBER:
            if reg.type is not SCALAR:
                raise Refusal(EINVAL, f"R{number} is not a scalar")
        case _ if wanted.flags & Flag.PTR_UNTRUSTED:
            return
        case What.CTX:
            check_func_arg_reg_off(number, reg, Arg.PTR_TO_CTX)
            if reg.type is not RegType.PTR_TO_CTX:
                raise Refusal(EINVAL, f"arg#{number - 1} expects pointer to ctx")
        case What.MEM:
            _check_memory(env, number, reg, wanted)
        case What.ARENA:
            if reg.type not in (RegType.PTR_TO_ARENA, SCALAR):
                text = f"R{number} is not a pointer to arena or scalar."
                raise Refusal(EINVAL, text)
        case What.DYNPTR:
            check_func_arg_reg_off(number, reg, Arg(Kind.PTR_TO_DYNPTR))
            init_dynptr(env, number)
        case What.BTF_ID:
            _check_btf_id(number, reg, wanted)


def _check_memory(env: Env, number: int, reg: RegState, wanted: Argument) -> None:
    check_func_arg_reg_off(number, reg, Arg.DONTCARE)
    if not reg.is_null:
        if reg.type.may_be_null:
            env.regs[number] = mark_ptr_not_null_reg(reg, tuple(env.program.maps))
        try:
            for writes in (False, True):
                check_helper_mem_access(
                    env, number, wanted.size, None, writes=writes, zero_ok=True
                )
        except Refusal as said:
            raise Refusal(EINVAL, said.lines) from None
        finally:
            env.regs[number] = reg
    if reg.type.may_be_null and not wanted.flags & Flag.PTR_MAYBE_NULL:
        raise Refusal(EINVAL, f"arg#{number - 1} is expected to be non-NULL")


def _check_btf_id(number: int, reg: RegState, wanted: Argument) -> None:
    may_be_null = bool(wanted.flags & Flag.PTR_MAYBE_NULL)
    if may_be_null and reg.is_null:
        return
    flags = ArgFlag.PTR_MAYBE_NULL if may_be_null else ArgFlag.NONE
    arg = Arg(Kind.PTR_TO_BTF_ID, flags, structure=wanted.structure)
    check_reg_type(number, reg, arg)
    check_func_arg_reg_off(number, reg, arg)


# ---- the start -----------------------------------------------------------------


def enter_global(env: Env, subprog: int, frame: FuncState) -> None:
    """Give a function's frame any arguments that its prototype allows."""
    for number, argument in enumerate(arguments_of(env, subprog), 1):
        frame.regs[number] = _any_argument(env, argument)


def _any_argument(env: Env, argument: Argument) -> RegState:
    rare, flags = NOTHING_RARE, argument.flags
    match argument.what:
        case What.NUMBER | What.ARENA:
            return UNKNOWN_SCALAR
        case What.CTX:
            return RegState(RegType.PTR_TO_CTX, ZERO)
        case What.DYNPTR:
            rare = rare._replace(dynptr="local", first_slot=True)
            kind = RegType.CONST_PTR_TO_DYNPTR
            return RegState(kind, ZERO, id=env.new_id(), rare=rare)
        case What.MEM:
            rare = rare._replace(mem_size=argument.size)
            id = env.new_id() if flags & Flag.PTR_MAYBE_NULL else 0
            return RegState(RegType.PTR_TO_MEM | flags, ZERO, id=id, rare=rare)
        case What.BTF_ID:
            rare = rare._replace(btf_type=argument.type, btf_name=argument.structure)
            return RegState(
                RegType.PTR_TO_BTF_ID | flags, ZERO, id=env.new_id(), rare=rare
            )
