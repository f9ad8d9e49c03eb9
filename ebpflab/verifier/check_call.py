"""Calls of helpers: may it be called, do the arguments fit, what is known afterwards.

Each argument is judged in `check_arg.py`, the result made in `check_result.py`.

Source: what Linux 6.18 accepts, refuses and writes. Names are the kernel's.
"""

from ebpflab.helpers.contract import Kind
from ebpflab.helpers.proto import Proto
from ebpflab.isa.disassembler import NO_NAMES
from ebpflab.isa.insn import Insn
from ebpflab.maps.rights import ENOTSUPP
from ebpflab.verifier.callback_states import call_back
from ebpflab.verifier.check_arg import CallArgs
from ebpflab.verifier.check_map_value import RDONLY_PROG, map_flags
from ebpflab.verifier.check_result import result
from ebpflab.verifier.check_stack import write_stack
from ebpflab.verifier.check_text import check_snprintf
from ebpflab.verifier.dynptr_slots import OF_THE_PACKET, release_dynptr
from ebpflab.verifier.env import Env
from ebpflab.verifier.helper_rights import callable_helper
from ebpflab.verifier.kptr_args import give_to_map
from ebpflab.verifier.map_helpers import WRITERS, check_map_func_compatibility
from ebpflab.verifier.references import (
    check_resource_leak,
    invalidate,
    release_reference,
)
from ebpflab.verifier.refusal import EACCES, EINVAL, Refusal
from ebpflab.verifier.reg_types import Base, RegType
from ebpflab.verifier.states import NOT_INIT, SLOT_BYTES, RegState

CALLER_SAVED = range(6)
PACKET_BASES = (Base.PTR_TO_PACKET, Base.PTR_TO_PACKET_META, Base.PTR_TO_PACKET_END)
WITHOUT_A_FUNCTION = {  # types that have get_func_ip, and trace no function
    "tracepoint": 5,
    "perf_event": 7,
    "raw_tracepoint": 17,
    "raw_tracepoint_writable": 24,
    "syscall": 31,
}


def check_helper_call(env: Env, insn: Insn) -> None:
    """Judge a call, and put its result into r0."""
    proto = callable_helper(env, insn)
    call = CallArgs(env, proto, proto.args_for(env.program.type))
    call.check_all()
    _record_map(env, call)
    _write_raw(env, call)
    _release(env, call)
    if check := SPECIAL.get(proto.name):
        check(env, call)
    regs = env.regs
    for number in CALLER_SAVED:
        regs[number] = NOT_INIT
    env.log.regs |= 0b111111
    regs[0] = result(call)
    if call.map >= 0:
        type = call.spec.type
        check_map_func_compatibility(env.program.type, type, proto.id)
    _check_func_ip(env, proto)
    if proto.moves_packet or _writes_packet(call):
        clear_all_pkt_pointers(env)


# ---- what the call does --------------------------------------------------------


def _record_map(env: Env, call: CallArgs) -> None:
    """Refuse writes to maps that forbid them; note a tail call's known index."""
    name = call.proto.name
    if call.map >= 0 and name in WRITERS and map_flags(call.spec) & RDONLY_PROG:
        raise Refusal(EACCES, "write into map forbidden")
    if name == "tail_call":
        if call.map < 0 or call.spec.type != "prog_array":
            text = "expected prog array map for tail call"
            raise Refusal(EINVAL, text, is_ended=False)
        index = env.regs[3]
        known = index.type is RegType.SCALAR_VALUE and index.bounds.is_const
        if known and index.bounds.value < call.spec.max_entries:
            env.mark_chain_precision(3)


def _write_raw(env: Env, call: CallArgs) -> None:
    """Mark the stack that the helper fills.

    Its bytes are written one by one, which no slot takes for a write of all of it; so
    here in two steps.
    """
    mem = call.mem
    if not mem.access_size:
        return
    reg = env.regs[mem.number]
    at = reg.off + reg.bounds.smin
    end = at + mem.access_size
    while at < end:
        size = min((-at - 1) % SLOT_BYTES + 1, SLOT_BYTES - 1, end - at)
        write_stack(env, None, reg.frame, at, size)
        at += size


def _release(env: Env, call: CallArgs) -> None:
    """Give back what the helper takes."""
    number = call.release_regno
    if not number:
        return
    reg = env.regs[number]
    if call.args[number - 1].kind is Kind.PTR_TO_DYNPTR:
        _release_dynptr(env, call, reg)
    elif call.ref_obj_id:
        release = give_to_map if call.kptr else release_reference
        if not release(env, call.ref_obj_id):
            raise Refusal(EINVAL, _not_acquired(call))


def _release_dynptr(env: Env, call: CallArgs, reg: RegState) -> None:
    try:
        release_dynptr(env, reg)
    except Refusal as bug:
        raise Refusal(bug.errno, f"{bug.lines}\n{_not_acquired(call)}") from None


def _not_acquired(call: CallArgs) -> str:
    name = NO_NAMES.helper(call.proto.id)
    return f"func {name} reference has not been acquired before"


def _tail_call(env: Env, call: CallArgs) -> None:
    check_resource_leak(env, "tail_call")


def _local_storage(env: Env, call: CallArgs) -> None:
    if not env.regs[2].is_null:
        text = "get_local_storage() doesn't support non-zero flags"
        raise Refusal(EINVAL, text)


def _dynptr_from_mem(env: Env, call: CallArgs) -> None:
    kind = env.regs[1].type
    if kind is not RegType.PTR_TO_MAP_VALUE:
        text = f"Unsupported reg type {kind.text} for bpf_dynptr_from_mem data"
        raise Refusal(EACCES, text)


def _snprintf(env: Env, call: CallArgs) -> None:
    check_snprintf(env)


def _calls_back(env: Env, call: CallArgs) -> None:
    insn = env.insns[env.insn_idx]
    assert insn
    call_back(env, insn, call.proto.name)


SPECIAL = {
    "tail_call": _tail_call,
    "get_local_storage": _local_storage,
    "dynptr_from_mem": _dynptr_from_mem,
    "snprintf": _snprintf,
    "loop": _calls_back,
    "for_each_map_elem": _calls_back,
    "find_vma": _calls_back,
    "user_ringbuf_drain": _calls_back,
    "timer_set_callback": _calls_back,
}


def _check_func_ip(env: Env, proto: Proto) -> None:
    if proto.name == "get_func_ip" and env.program.type in WITHOUT_A_FUNCTION:
        number = WITHOUT_A_FUNCTION[env.program.type]
        text = f"func {NO_NAMES.helper(proto.id)} not supported for program type"
        raise Refusal(ENOTSUPP, f"{text} {number}")


def _writes_packet(call: CallArgs) -> bool:
    return (
        call.proto.name == "dynptr_write"
        and call.dynptr is not None
        and call.dynptr.rare.dynptr in ("skb", "skb_meta")
    )


def clear_all_pkt_pointers(env: Env) -> None:
    """Forget where the packet is: it may have moved."""
    invalidate(env, _is_of_the_packet)


def _is_of_the_packet(reg: RegState) -> bool:
    if reg.type.base is Base.PTR_TO_MEM:
        return reg.rare.dynptr in OF_THE_PACKET
    return reg.type.base in PACKET_BASES
