"""What r0 is after a kfunc, and what the call did to what the program holds.

Source: what Linux 6.18 accepts, refuses and writes. Names are the kernel's.
"""

from collections.abc import Callable

from ebpflab.btf import Kind, btf_of
from ebpflab.btf.access import COMPOSITE
from ebpflab.btf.kfuncs import KfuncFlag
from ebpflab.btf.records import type_record
from ebpflab.verifier.attachment import local_btf, own_btf
from ebpflab.verifier.bounds import ZERO
from ebpflab.verifier.check_packet import may_access_direct_pkt_data
from ebpflab.verifier.iterators import iterator_at
from ebpflab.verifier.kfunc_args import KfuncCall
from ebpflab.verifier.kfunc_types import SCALARS, is_plain, spelled
from ebpflab.verifier.objects import (
    allocated,
    holds_a_lock,
    non_owning,
)
from ebpflab.verifier.references import acquire_reference
from ebpflab.verifier.refusal import EINVAL, Refusal
from ebpflab.verifier.reg_types import Flag, RegType
from ebpflab.verifier.states import (
    NOT_INIT,
    NOTHING_RARE,
    SCALAR,
    UNKNOWN_SCALAR,
    Rare,
    RegState,
)

MOST_PERCPU = 512  # bytes
UNTRUSTED_MEM = RegType.PTR_TO_MEM | Flag.MEM_RDONLY | Flag.PTR_UNTRUSTED
LOCKS = ("bpf_res_spin_lock", "bpf_res_spin_lock_irqsave")  # 0 = it is held


def kfunc_result(call: KfuncCall) -> RegState:
    """Return r0; a reference that was handed out is held from here on."""
    returns, proto = call.proto.returns, call.proto
    if returns.kind in SCALARS:
        return RegState(SCALAR, ZERO) if proto.name in LOCKS else UNKNOWN_SCALAR
    if returns.kind is not Kind.PTR:
        return NOT_INIT
    special = SPECIAL.get(proto.name)
    reg = special(call) if special else _pointer(call)
    may_fail = call.has(KfuncFlag.RET_NULL) and not call.owning
    if may_fail:
        type = reg.type | Flag.PTR_MAYBE_NULL
        reg = reg._replace(type=type, id=call.env.new_id())
    if call.has(KfuncFlag.ACQUIRE):
        id = acquire_reference(call.env)
        kept = id if may_fail else reg.id
        reg = reg._replace(id=kept, ref_obj_id=id)
    elif proto.name in GIVES_NODE:
        reg = non_owning(call.env, reg)
    if not reg.id and holds_a_lock(call.env, reg):
        reg = reg._replace(id=call.env.new_id())
    return reg


def _pointer(call: KfuncCall) -> RegState:
    """Return a pointer as its type says it."""
    target = call.btf.resolve(call.proto.returns.type)
    if target.kind is Kind.VOID:
        return UNKNOWN_SCALAR
    if target.kind is not Kind.STRUCT:
        return _memory(call)
    flags = Flag.NONE
    if call.proto.name == "bpf_get_kmem_cache":
        flags = Flag.PTR_UNTRUSTED
    elif call.has(KfuncFlag.RCU_PROTECTED):
        flags = Flag.MEM_RCU
    if call.has(KfuncFlag.ITER_NEXT):
        iterator = iterator_at(call.env.cur, call.place)
        is_rcu = bool(iterator.type.flags & Flag.MEM_RCU)
        flags |= Flag.MEM_RCU if is_rcu else Flag.PTR_TRUSTED
    rare = Rare(btf_type=target.id, btf_name=target.name)
    return RegState(RegType.PTR_TO_BTF_ID | flags, ZERO, rare=rare)


def _memory(call: KfuncCall) -> RegState:
    """Return plain memory: of a size that an argument said, or of its type's."""
    target = call.btf.resolve(call.proto.returns.type)
    size, is_rdonly = call.buffer_size, call.buffer_is_rdonly
    if not size:
        size, is_rdonly = call.btf.size_of(target.id), True
    if not size:
        what = f"pointer type {spelled(target)} {target.name} is not supported"
        raise Refusal(EINVAL, f"kernel function {call.proto.name} returns {what}")
    type = RegType.PTR_TO_MEM
    if is_rdonly:
        type |= Flag.MEM_RDONLY
    if call.has(KfuncFlag.RCU_PROTECTED):
        type |= Flag.MEM_RCU
    rare = NOTHING_RARE._replace(mem_size=size)
    return RegState(type, ZERO, ref_obj_id=call.ref_obj_id, rare=rare)


# ---- kfuncs whose result is what an argument said ------------------------------


def _new_object(call: KfuncCall) -> RegState:
    """bpf_obj_new, bpf_percpu_obj_new: an object of one of the program's own types."""
    percpu, wanted = "percpu" in call.proto.name, call.constant or 0
    if wanted >> 32:
        raise Refusal(EINVAL, "local type ID argument must be in range [0, U32_MAX]")
    raw = own_btf(call.env.program)
    if raw is None:
        text = "bpf_obj_new/bpf_percpu_obj_new requires prog BTF"
        raise Refusal(EINVAL, text)
    btf = btf_of(raw)
    type = btf.type(wanted) if wanted < len(btf) else None
    if type is None or type.kind is not Kind.STRUCT:
        text = "type ID argument must be of a struct"
        raise Refusal(EINVAL, f"bpf_obj_new/bpf_percpu_obj_new {text}")
    if not percpu:
        return allocated(type)
    what = "bpf_percpu_obj_new type"
    if type.size > MOST_PERCPU:
        text = f"{what} size ({type.size}) is greater than {MOST_PERCPU}"
        raise Refusal(EINVAL, text)
    if not is_plain(btf, type):
        raise Refusal(EINVAL, f"{what} ID argument must be of a struct of scalars")
    if type_record(raw, wanted):
        text = f"{what} ID argument must not contain special fields"
        raise Refusal(EINVAL, text)
    reg = allocated(type)
    return reg._replace(type=reg.type | Flag.MEM_PERCPU)


def _same_object(call: KfuncCall) -> RegState:
    """bpf_refcount_acquire: one more reference to an object."""
    assert call.given
    return RegState(RegType.PTR_TO_BTF_ID | Flag.MEM_ALLOC, ZERO, rare=call.given.rare)


def _node(call: KfuncCall) -> RegState:
    """A node of a list or tree: it stands somewhere in an object."""
    root = call.root
    raw = local_btf(call.env.program)
    assert root
    assert raw is not None
    type = btf_of(raw).type(root.type)
    return allocated(type)._replace(off=root.node_offset)


def _kernel_context(call: KfuncCall) -> RegState:
    """bpf_cast_to_kern_ctx: the context as the kernel has it."""
    target = call.btf.type(call.context)
    rare = Rare(btf_type=target.id, btf_name=target.name)
    return RegState(RegType.PTR_TO_BTF_ID | Flag.PTR_TRUSTED, ZERO, rare=rare)


def _rdonly_cast(call: KfuncCall) -> RegState:
    """bpf_rdonly_cast: anything at all, taken for a type."""
    wanted = call.constant or 0
    if not 0 <= wanted < len(call.btf):
        what = wanted - (1 << 64) if wanted >> 63 else wanted
        text = f"Unknown type ID {what} passed to kfunc bpf_rdonly_cast"
        raise Refusal(EINVAL, text)
    target = call.btf.type(wanted)
    if target.kind in COMPOSITE:
        rare = Rare(btf_type=target.id, btf_name=target.name)
        type = RegType.PTR_TO_BTF_ID | Flag.PTR_UNTRUSTED
        return RegState(type, ZERO, rare=rare)
    if target.kind is Kind.VOID:
        return RegState(UNTRUSTED_MEM, ZERO)
    text = "type ID argument must be of a struct or void"
    raise Refusal(EINVAL, f"kfunc bpf_rdonly_cast {text}")


def _slice(call: KfuncCall) -> RegState:
    """bpf_dynptr_slice: memory behind a dynptr."""
    assert call.dynptr
    type = RegType.PTR_TO_MEM
    if call.proto.name == "bpf_dynptr_slice":
        type |= Flag.MEM_RDONLY
    elif not may_access_direct_pkt_data(call.env, writes=True):
        raise Refusal(EINVAL, "the prog does not allow writes to packet data")
    rare = NOTHING_RARE._replace(
        mem_size=call.constant or 0,
        dynptr_id=call.dynptr.id,
        dynptr=call.dynptr.rare.dynptr,
    )
    return RegState(type, ZERO, rare=rare)


GIVES_NODE = (
    *("bpf_list_front", "bpf_list_back", "bpf_rbtree_first", "bpf_rbtree_root"),
    *("bpf_rbtree_left", "bpf_rbtree_right"),
)
SPECIAL: dict[str, Callable[[KfuncCall], RegState]] = {
    "bpf_obj_new_impl": _new_object,
    "bpf_percpu_obj_new_impl": _new_object,
    "bpf_refcount_acquire_impl": _same_object,
    "bpf_list_pop_front": _node,
    "bpf_list_pop_back": _node,
    "bpf_rbtree_remove": _node,
    **dict.fromkeys(GIVES_NODE, _node),
    "bpf_cast_to_kern_ctx": _kernel_context,
    "bpf_rdonly_cast": _rdonly_cast,
    "bpf_dynptr_slice": _slice,
    "bpf_dynptr_slice_rdwr": _slice,
}
