"""The arguments of a kfunc: does each register fit its parameter?

What a parameter is, is read from its type and name (`kfunc_types.py`); sometimes the
register decides, since plain memory and a kernel structure look the same in C.

Source: what Linux 6.18 accepts, refuses and writes. Names are the kernel's.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ebpflab.btf import Btf, Kind
from ebpflab.btf.access import COMPOSITE
from ebpflab.btf.kfuncs import KfuncFlag
from ebpflab.btf.record_search import RecordField
from ebpflab.helpers.contract import Arg, ArgFlag
from ebpflab.verifier.arg_types import check_func_arg_reg_off, is_null
from ebpflab.verifier.attachment import given_btf
from ebpflab.verifier.check_btf_access import is_trusted
from ebpflab.verifier.env import Env
from ebpflab.verifier.iterators import Place, process_iter_arg
from ebpflab.verifier.kfunc_btf import is_structure, process_btf_id
from ebpflab.verifier.kfunc_types import (
    KfArg,
    Parameter,
    Prototype,
    memory_kind,
    named,
    spelled,
    static_kind,
)
from ebpflab.verifier.refusal import EACCES, EFAULT, EINVAL, Refusal
from ebpflab.verifier.reg_types import Flag
from ebpflab.verifier.states import SCALAR, RegState

MOST_ARGUMENTS = 5
RELEASED = Arg.DONTCARE | ArgFlag.OBJ_RELEASE
CAREFUL = KfuncFlag.TRUSTED_ARGS | KfuncFlag.RELEASE | KfuncFlag.RCU


@dataclass(slots=True)
class KfuncCall:
    """What a call's arguments are, as far as checked (bpf_kfunc_call_arg_meta)."""

    env: Env
    proto: Prototype
    btf: Btf
    ref_obj_id: int = 0
    release_regno: int = 0
    constant: int | None = None  # the `__k` or `__szk` argument
    buffer_size: int = 0  # bytes of the result
    buffer_is_rdonly: bool = False
    map: int = -1
    map_uid: int = 0
    subprog: int = -1  # the function to be called back
    place: Place = (0, 0)  # of an iterator
    dynptr: RegState | None = None  # the last that was made before
    given: RegState | None = None  # what the program made, and gives
    root: RecordField | None = None  # of a list or tree
    owning: bool = False
    context: int = 0  # type of the kernel's context

    def has(self, flag: KfuncFlag) -> bool:
        return bool(self.proto.kfunc.flags & flag)


Judge = Callable[[KfuncCall, int, RegState], None]


def check_kfunc_args(call: KfuncCall, judges: "dict[KfArg, Judge]") -> None:
    """Judge one argument after another."""
    parameters, index = call.proto.parameters, 0
    if len(parameters) > MOST_ARGUMENTS:
        text = f"Function {call.proto.name} has {len(parameters)} > 5 args"
        raise Refusal(EINVAL, text)
    while index < len(parameters):
        parameter, reg = parameters[index], call.env.regs[index + 1]
        if parameter.ends("__ign") or parameter.ends("__prog"):
            index += 1
        elif parameter.is_scalar:
            _check_number(call, index, parameter, reg)
            index += 1
        else:
            index += _check_pointer(call, index, parameter, reg, judges)
    if call.has(KfuncFlag.RELEASE) and not call.release_regno:
        text = f"release kernel function {call.proto.name} expects refcounted"
        raise Refusal(EINVAL, f"{text} PTR_TO_BTF_ID")


def _check_number(
    call: KfuncCall, index: int, parameter: Parameter, reg: RegState
) -> None:
    number = index + 1
    if reg.type is not SCALAR:
        raise Refusal(EINVAL, f"R{number} is not a scalar")
    if parameter.ends("__k"):
        call.constant = known_constant(call, number)
    elif parameter.name in ("rdonly_buf_size", "rdwr_buf_size"):
        call.buffer_is_rdonly = parameter.name == "rdonly_buf_size"
        if not reg.bounds.is_const:
            raise Refusal(EINVAL, f"R{number} is not a const")
        call.buffer_size = reg.bounds.value
        call.env.mark_chain_precision(number)


def known_constant(call: KfuncCall, number: int, *, precise: bool = True) -> int:
    """Return a number that must be known; that it is what it is mattered."""
    reg = call.env.regs[number]
    if not reg.bounds.is_const:
        raise Refusal(EINVAL, f"R{number} must be a known constant")
    if precise:
        call.env.mark_chain_precision(number)
    return reg.bounds.value


def _check_pointer(
    call: KfuncCall,
    index: int,
    parameter: Parameter,
    reg: RegState,
    judges: "dict[KfArg, Judge]",
) -> int:
    """Judge one pointer; return how many arguments that were."""
    if not parameter.is_pointer:
        what = spelled(parameter.type)
        raise Refusal(EINVAL, f"Unrecognized arg#{index} type {what}")
    may_be_null = is_null(reg) or reg.type.may_be_null
    if call.has(CAREFUL) and may_be_null and not parameter.ends("__nullable"):
        text = f"Possibly NULL pointer passed to trusted arg{index}"
        raise Refusal(EACCES, text)
    _note_reference(call, index, reg)
    kind = _kind(call, index, parameter, reg)
    if kind is KfArg.NULL:
        return 1
    _check_trust(call, index, reg, kind)
    released = call.has(KfuncFlag.RELEASE) and bool(reg.ref_obj_id)
    check_func_arg_reg_off(index + 1, reg, RELEASED if released else Arg.DONTCARE)
    if kind is KfArg.BTF_ID:
        process_btf_id(call.env, call.proto, index, parameter, reg)
    elif kind is KfArg.ITER:
        call.place = process_iter_arg(call.env, call.proto, index)
        if not call.has(KfuncFlag.ITER_NEW):
            _note_iterator(call)
    else:
        judges[kind](call, index, reg)
    return 2 if kind is KfArg.MEM_SIZE else 1


def _note_iterator(call: KfuncCall) -> None:
    frame, slot = call.place
    call.ref_obj_id = call.env.cur.frames[frame].stack[slot].reg.ref_obj_id


def _note_reference(call: KfuncCall, index: int, reg: RegState) -> None:
    if not reg.ref_obj_id:
        return
    releases = call.has(KfuncFlag.RELEASE)
    if releases and call.ref_obj_id:
        ids = f"{reg.ref_obj_id} {call.ref_obj_id}"
        text = f"more than one arg with ref_obj_id R{index + 1} {ids}"
        raise Refusal(EFAULT, f"verifier bug: {text}")
    call.ref_obj_id = reg.ref_obj_id
    if releases:
        call.release_regno = index + 1


def _kind(call: KfuncCall, index: int, parameter: Parameter, reg: RegState) -> KfArg:
    """Return what the argument must be (kernel: get_kfunc_ptr_arg_type)."""
    parameters = call.proto.parameters
    after = parameters[index + 1] if index + 1 < len(parameters) else None
    sized = after is not None and after.is_size
    sized = sized and call.env.regs[index + 2].type is SCALAR
    kind = static_kind(call.btf, call.proto, index, call.env.program.type)
    if kind is KfArg.CTX:
        return kind
    if parameter.ends("__nullable") and is_null(reg) and not sized:
        return KfArg.NULL
    if kind is not None:
        return kind
    if is_structure(reg):
        if parameter.target.kind not in COMPOSITE:
            what = f"{spelled(parameter.target)} {named(parameter.target)}"
            text = f"kernel function {call.proto.name} args#{index} pointer type"
            raise Refusal(EINVAL, f"{text} {what} is not supported")
        return KfArg.BTF_ID
    if parameter.target.kind is Kind.FUNC_PROTO:
        return KfArg.CALLBACK
    return memory_kind(call.btf, parameter, index, sized=sized)


def _check_trust(call: KfuncCall, index: int, reg: RegState, kind: KfArg) -> None:
    """Refuse structures that the kernel does not vouch for."""
    if kind not in (KfArg.MAP, KfArg.ALLOC_BTF_ID, KfArg.BTF_ID):
        return
    if kind is KfArg.MAP and reg.map < 0:
        raise Refusal(EINVAL, f"pointer in R{index + 1} isn't map pointer")
    if not call.has(CAREFUL) or is_trusted(reg):
        return
    number = index + 1
    if not call.has(KfuncFlag.RCU):
        raise Refusal(EINVAL, f"R{number} must be referenced or trusted")
    if not reg.type.flags & Flag.MEM_RCU:
        raise Refusal(EINVAL, f"R{number} must be a rcu pointer")


def kernel_types(env: Env) -> Btf:
    """Return the kernel's types."""
    return given_btf(env.btf)
