"""What a helper gives: a number, perhaps with bounds, or a pointer with its kind.

Source: what Linux 6.18 writes of R0 behind a call. Names are the kernel's.
"""

from collections.abc import Callable

from ebpflab.btf.kernel import kernel_btf
from ebpflab.btf.layout import Kind as TypeKind
from ebpflab.btf.records import record_of
from ebpflab.helpers.contract import Ret
from ebpflab.verifier.bounds import (
    UNKNOWN,
    ZERO,
    Bounds,
    reg_bounds_sync,
)
from ebpflab.verifier.btf_args import structure_id
from ebpflab.verifier.check_arg import CallArgs
from ebpflab.verifier.check_lock import may_hold_lock
from ebpflab.verifier.dynptr_slots import REFERENCED
from ebpflab.verifier.kptrs import exchanged_result
from ebpflab.verifier.map_helpers import SOCKET_MAPS
from ebpflab.verifier.objects import ALLOCATED
from ebpflab.verifier.references import acquire_reference
from ebpflab.verifier.refusal import not_modelled
from ebpflab.verifier.reg_types import Flag, RegType
from ebpflab.verifier.states import (
    NOT_INIT,
    NOTHING_RARE,
    UNKNOWN_SCALAR,
    RegState,
)

NULL = Flag.PTR_MAYBE_NULL
MAX_ERRNO = 4095
AT_MOST_THE_SIZE = {  # they return how many bytes they wrote, or an errno
    "get_stack",
    "get_task_stack",
    "probe_read_str",
    "probe_read_kernel_str",
    "probe_read_user_str",
}
POINTERS = {
    Ret.PTR_TO_RINGBUF_MEM_OR_NULL: RegType.PTR_TO_MEM | Flag.MEM_RINGBUF | NULL,
    Ret.PTR_TO_DYNPTR_MEM_OR_NULL: RegType.PTR_TO_MEM | NULL,
    Ret.PTR_TO_SOCKET_OR_NULL: RegType.PTR_TO_SOCKET | NULL,
    Ret.PTR_TO_TCP_SOCK_OR_NULL: RegType.PTR_TO_TCP_SOCK | NULL,
    Ret.PTR_TO_SOCK_COMMON_OR_NULL: RegType.PTR_TO_SOCK_COMMON | NULL,
    Ret.PTR_TO_BTF_ID_OR_NULL: RegType.PTR_TO_BTF_ID | NULL,
    Ret.PTR_TO_BTF_ID: RegType.PTR_TO_BTF_ID,
    Ret.PTR_TO_BTF_ID_TRUSTED: RegType.PTR_TO_BTF_ID | Flag.PTR_TRUSTED,
}
CPUS = 2  # possible CPUs of the kernel that is the measure


def result(call: CallArgs) -> RegState:
    """Return what r0 holds after the call."""
    reg = MAKERS.get(call.proto.ret, _pointer)(call)
    env, proto = call.env, call.proto
    if reg.type.may_be_null:
        reg = reg._replace(id=env.new_id())
    if proto.name == "dynptr_data" and call.dynptr:
        rare = reg.rare._replace(dynptr_id=call.dynptr.id)
        reg = reg._replace(rare=rare, ref_obj_id=_held(call.dynptr))
    elif proto.casts:
        reg = reg._replace(ref_obj_id=call.ref_obj_id)
    elif _acquires(call):
        id = acquire_reference(env)
        reg = reg._replace(id=id, ref_obj_id=id)
    return reg


def _held(dynptr: RegState) -> int:
    return dynptr.ref_obj_id if dynptr.rare.dynptr in REFERENCED else 0


def _acquires(call: CallArgs) -> bool:
    if call.proto.name == "map_lookup_elem":
        return call.spec.type in SOCKET_MAPS
    return call.proto.acquires


def _integer(call: CallArgs) -> RegState:
    """Return a number, with bounds where they are known (do_refine_retval_range)."""
    name = call.proto.name
    if name in AT_MOST_THE_SIZE:
        return RegState(RegType.SCALAR_VALUE, _between(-MAX_ERRNO, call.largest_size))
    if name == "get_smp_processor_id":
        return RegState(RegType.SCALAR_VALUE, _between(0, CPUS - 1))
    return UNKNOWN_SCALAR


def _between(least: int, most: int) -> Bounds:
    bounds = UNKNOWN._replace(smin=least, smax=most, s32_min=least, s32_max=most)
    if least >= 0:
        bounds = bounds._replace(umin=least, umax=most, u32_min=least, u32_max=most)
    return reg_bounds_sync(bounds)


def _nothing(call: CallArgs) -> RegState:
    return NOT_INIT


def _map_value(call: CallArgs) -> RegState:
    kind = RegType.PTR_TO_MAP_VALUE
    found = call.proto.name == "map_lookup_elem" and (
        0 <= call.const_key < call.spec.max_entries
    )
    if call.proto.ret is Ret.PTR_TO_MAP_VALUE_OR_NULL and not found:
        kind |= NULL
    rare = NOTHING_RARE._replace(map_uid=call.map_uid)
    reg = RegState(kind, ZERO, map=call.map, rare=rare)
    if not kind.may_be_null and may_hold_lock(record_of(call.spec)):
        reg = reg._replace(id=call.env.new_id())
    return reg


def _pointer(call: CallArgs) -> RegState:
    if call.kptr:
        return exchanged_result(call.env, *call.kptr)
    kind, rare = POINTERS[call.proto.ret], NOTHING_RARE
    if kind.base is RegType.PTR_TO_MEM.base:
        rare = rare._replace(mem_size=call.mem_size)
    if call.proto.structure:
        name = call.proto.structure
        type = structure_id(call.env, name)
        rare = rare._replace(btf_type=type, btf_name=name)
    return RegState(kind, ZERO, rare=rare)


def _variable(call: CallArgs) -> RegState:
    """Return where a CPU has its own of a variable: memory, or a structure.

    Of the program's own objects there is one for every CPU, says Linux.
    """
    variable = call.variable
    assert variable
    if variable.type.flags & Flag.MEM_RCU:
        return RegState(ALLOCATED | Flag.MEM_RCU, ZERO, rare=variable.rare)
    btf = kernel_btf()
    if btf is None:
        not_modelled("variables of the kernel, without its BTF", call.env.insn_idx)
    flags = NULL if call.proto.ret is Ret.PTR_TO_MEM_OR_BTF_ID_OR_NULL else Flag.NONE
    type = btf.resolve(variable.rare.btf_type)
    if type.kind is TypeKind.STRUCT:
        rare = NOTHING_RARE._replace(btf_type=type.id, btf_name=type.name)
        return RegState(RegType.PTR_TO_BTF_ID | flags, ZERO, rare=rare)
    rare = NOTHING_RARE._replace(mem_size=btf.size_of(type.id))
    kind = RegType.PTR_TO_MEM | Flag.MEM_RDONLY | flags
    return RegState(kind, ZERO, rare=rare)


MAKERS: dict[Ret, Callable[[CallArgs], RegState]] = {
    Ret.INTEGER: _integer,
    Ret.VOID: _nothing,
    Ret.PTR_TO_MAP_VALUE: _map_value,
    Ret.PTR_TO_MAP_VALUE_OR_NULL: _map_value,
    Ret.PTR_TO_MEM_OR_BTF_ID: _variable,
    Ret.PTR_TO_MEM_OR_BTF_ID_OR_NULL: _variable,
}
