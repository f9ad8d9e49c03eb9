"""Lists and trees of objects: the root, the node that goes in or comes out, the lock.

Source: what Linux 6.18 accepts, refuses and writes. Names are the kernel's.
"""

from ebpflab.btf import btf_of
from ebpflab.btf.record_search import RecordField
from ebpflab.btf.special import LOCKS, Special
from ebpflab.verifier.attachment import local_btf
from ebpflab.verifier.check_lock import held_in
from ebpflab.verifier.env import Env
from ebpflab.verifier.frames import SetCallee
from ebpflab.verifier.kfunc_args import KfuncCall
from ebpflab.verifier.objects import (
    ALLOCATED,
    allocated,
    non_owning,
    record_of_object,
    types_around,
)
from ebpflab.verifier.references import LOCKS as LOCK_KINDS
from ebpflab.verifier.references import active_locks
from ebpflab.verifier.refusal import EINVAL, Refusal
from ebpflab.verifier.reg_types import Flag, RegType
from ebpflab.verifier.states import NOT_INIT, FuncState, Reference, RegState

NODE_OF = {Special.LIST_HEAD: Special.LIST_NODE, Special.RB_ROOT: Special.RB_NODE}


def process_root(call: KfuncCall, index: int, reg: RegState, kind: Special) -> None:
    """Judge the head of a list or the root of a tree."""
    if reg.type is not RegType.PTR_TO_MAP_VALUE and reg.type is not ALLOCATED:
        _refuse(f"arg#{index} expected pointer to map value or allocated object")
    if reg.type is ALLOCATED and not reg.ref_obj_id:
        _refuse("allocated object must be referenced")
    _check_constant(index + 1, reg, kind)
    at = reg.off + reg.bounds.smin
    record = record_of_object(call.env, reg)
    found = record.at(at)
    if found is None or found.kind is not kind:
        _refuse(f"{kind.value} not found at offset={at & 0xFFFFFFFF}")
    _check_locked(call.env, reg, kind)
    types_around(call.env, reg)
    call.root = found


def _check_constant(number: int, reg: RegState, kind: Special) -> None:
    if not reg.bounds.is_const:
        what = f"{kind.value} has to be at the constant offset"
        _refuse(f"R{number} doesn't have constant offset. {what}")


def _check_locked(env: Env, reg: RegState, kind: Special) -> None:
    """Refuse a list or tree whose lock is not held."""
    wrong = ""
    if active_locks(env.cur):
        if any(_holds(ref, reg) for ref in env.cur.refs):
            return
        wrong = "held lock and object are not in the same allocation\n"
    lock = record_of_object(env, reg).of(*LOCKS)
    at = lock.offset if lock and lock.kind is Special.SPIN_LOCK else -1
    _refuse(f"{wrong}bpf_spin_lock at off={at} must be held for {kind.value}")


def _holds(ref: Reference, reg: RegState) -> bool:
    """Tell whether a lock that is held stands beside this root."""
    return ref.kind in LOCK_KINDS and ref.id == reg.id and ref.held == held_in(reg)


def process_node(call: KfuncCall, index: int, reg: RegState, root: Special) -> None:
    """Judge a node, against what the root says that it holds."""
    kind = NODE_OF[root]
    _check_owner(call, index, reg, kind)
    _check_constant(index + 1, reg, kind)
    at = reg.off + reg.bounds.smin
    found = record_of_object(call.env, reg).at(at)
    if found is None or found.kind is not kind:
        _refuse(f"{kind.value} not found at offset={at & 0xFFFFFFFF}")
    call.given = reg
    _check_held(call, reg, at, root)


def _check_owner(call: KfuncCall, index: int, reg: RegState, kind: Special) -> None:
    takes_out = kind is Special.RB_NODE and call.proto.name != "bpf_rbtree_add_impl"
    if not takes_out:
        if reg.type is not ALLOCATED:
            _refuse(f"arg#{index} expected pointer to allocated object")
        if not reg.ref_obj_id:
            _refuse("allocated object must be referenced")
        return
    if not reg.type.flags & Flag.NON_OWN_REF and not reg.ref_obj_id:
        what = "can only take non-owning or refcounted bpf_rb_node pointer"
        _refuse(f"{call.proto.name} {what}")
    if in_rbtree_callback(call.env):
        _refuse(f"{call.proto.name} not allowed in rbtree cb")


def _check_held(call: KfuncCall, reg: RegState, at: int, root: Special) -> None:
    """Refuse a node of another structure, or another node of the same one."""
    held, raw = call.root, local_btf(call.env.program)
    assert held
    assert raw is not None
    kind, btf = NODE_OF[root].value, btf_of(raw)
    wanted, place = btf.type(held.type).name, held.node_offset
    if reg.rare.btf_type != held.type:
        text = f"operation on {root.value} expects arg#1 {kind} at offset={place}"
        text += f" in struct {wanted}, but arg is at offset={at}"
        _refuse(f"{text} in struct {reg.rare.btf_name}")
    if at != place:
        text = f"arg#1 offset={at}, but expected {kind} at offset={place}"
        _refuse(f"{text} in struct {wanted}")


def in_rbtree_callback(env: Env) -> bool:
    """Tell whether this function compares two nodes of a tree."""
    if len(env.cur.frames) == 1:
        return False
    frame = env.cur.frame
    insn = env.insns[frame.callsite] if frame.in_callback else None
    proto = env.kfuncs.get(insn.imm) if insn else None
    return proto is not None and proto.name == "bpf_rbtree_add_impl"


def compares_nodes(root: RecordField) -> SetCallee:
    """Return how the registers of `less(a, b)` are filled."""

    def set_callee(env: Env, caller: FuncState, callee: FuncState) -> None:
        raw = local_btf(env.program)
        assert raw is not None
        node = allocated(btf_of(raw).type(root.type))._replace(off=root.node_offset)
        for number in (1, 2):
            callee.regs[number] = non_owning(env, node)
        for number in (3, 4, 5):
            callee.regs[number] = NOT_INIT
        callee.in_callback, callee.returns = True, (0, 1)

    return set_callee


def _refuse(text: str) -> None:
    raise Refusal(EINVAL, text)
