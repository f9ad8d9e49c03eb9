"""The kinds of a kfunc's arguments, each judged: which register fits.

Not here: structures of the kernel (`kfunc_btf.py`) and iterators (`iterators.py`).
Source: what Linux 6.18 accepts, refuses and writes. Names are the kernel's.
"""

from collections.abc import Callable

from ebpflab.btf.contexts import COMPOSITE, context_id, context_type
from ebpflab.btf.records import record_of
from ebpflab.btf.special import Special
from ebpflab.verifier.check_dynptr import init_dynptr, make_dynptr
from ebpflab.verifier.check_lock import process_res_spin_lock
from ebpflab.verifier.check_text import check_reg_const_str
from ebpflab.verifier.check_timer import process_timer
from ebpflab.verifier.env import Env
from ebpflab.verifier.helper_mem import (
    HelperMem,
    check_helper_mem_access,
    check_mem_size_reg,
)
from ebpflab.verifier.irq_flags import NATIVE, OF_LOCK, process_irq_flag
from ebpflab.verifier.kfunc_args import KfuncCall, known_constant
from ebpflab.verifier.kfunc_btf import process_btf_id
from ebpflab.verifier.kfunc_graph import process_node, process_root
from ebpflab.verifier.kfunc_types import KfArg
from ebpflab.verifier.objects import ALLOCATED, record_of_object
from ebpflab.verifier.refusal import EFAULT, EINVAL, Refusal
from ebpflab.verifier.reg_types import Flag, RegType
from ebpflab.verifier.states import RegState

PERCPU_ALLOCATED = ALLOCATED | Flag.MEM_PERCPU
MADE_BY = {  # what kind of dynptr a kfunc makes
    "bpf_dynptr_from_skb": "skb",
    "bpf_dynptr_from_xdp": "xdp",
    "bpf_dynptr_from_skb_meta": "skb_meta",
}


def _refuse(text: str) -> None:
    raise Refusal(EINVAL, text)


def _context(call: KfuncCall, index: int, reg: RegState) -> None:
    if reg.type is not RegType.PTR_TO_CTX:
        _refuse(f"arg#{index} expected pointer to ctx, but got {reg.type.text}")
    if call.proto.name != "bpf_cast_to_kern_ctx":
        return
    found = context_type(call.btf, call.env.program.type, "kern")
    if found is None or found.kind not in COMPOSITE:
        id = context_id(call.btf, call.env.program.type, "kern")
        _refuse(f"kern ctx type id {id} is not a struct")
    call.context = found.id if found else 0


def _allocated(call: KfuncCall, index: int, reg: RegState) -> None:
    name, wanted = call.proto.name, ""
    if reg.type is ALLOCATED:
        wanted = "obj_drop"
    elif reg.type is PERCPU_ALLOCATED:
        wanted = "percpu_obj_drop"
    else:
        _refuse(f"arg#{index} expected pointer to allocated object")
    if name != f"bpf_{wanted}_impl":
        _refuse(f"arg#{index} expected for bpf_{wanted}()")
    if not reg.ref_obj_id:
        _refuse("allocated object must be referenced")
    call.given = reg


def _refcounted(call: KfuncCall, index: int, reg: RegState) -> None:
    is_ours = reg.type.flags & Flag.MEM_ALLOC and not (
        reg.type.flags & Flag.PTR_UNTRUSTED
    )
    if not is_ours:
        _refuse(f"arg#{index} is neither owning or non-owning ref")
    record = record_of_object(call.env, reg)
    if not record:
        raise Refusal(EFAULT, "verifier bug: Couldn't find btf_record")
    if record.of(Special.REFCOUNT) is None:
        _refuse(f"arg#{index} doesn't point to a type with bpf_refcount field")
    call.given, call.owning = reg, not reg.type.flags & Flag.NON_OWN_REF


def _dynptr(call: KfuncCall, index: int, reg: RegState) -> None:
    env, number, name = call.env, index + 1, call.proto.name
    if reg.type not in (RegType.PTR_TO_STACK, RegType.CONST_PTR_TO_DYNPTR):
        what = "expected pointer to stack or const struct bpf_dynptr"
        _refuse(f"arg#{index} {what}")
    if not call.proto.parameters[index].ends("__uninit"):
        mutates = name == "bpf_dynptr_adjust"
        call.dynptr = init_dynptr(env, number, read_only=not mutates)
        return
    kind, clone_of = MADE_BY.get(name, ""), 0
    if name == "bpf_dynptr_clone" and call.dynptr:
        kind, clone_of = call.dynptr.rare.dynptr, call.dynptr.ref_obj_id
    make_dynptr(env, number, kind, clone_of)


def _list_head(call: KfuncCall, index: int, reg: RegState) -> None:
    process_root(call, index, reg, Special.LIST_HEAD)


def _rb_root(call: KfuncCall, index: int, reg: RegState) -> None:
    process_root(call, index, reg, Special.RB_ROOT)


def _list_node(call: KfuncCall, index: int, reg: RegState) -> None:
    process_node(call, index, reg, Special.LIST_HEAD)


def _rb_node(call: KfuncCall, index: int, reg: RegState) -> None:
    process_node(call, index, reg, Special.RB_ROOT)


def _map(call: KfuncCall, index: int, reg: RegState) -> None:
    """A map, or the structure that the kernel keeps of one."""
    _check_same_map(call, reg)
    call.map, call.map_uid = reg.map, reg.rare.map_uid
    wanted = call.btf.find("bpf_map")
    parameter = call.proto.parameters[index]
    process_btf_id(call.env, call.proto, index, parameter, reg, wanted)


def _check_same_map(call: KfuncCall, reg: RegState) -> None:
    """Refuse another map than the one that a work queue stands in."""
    record = record_of(call.env.program.maps[reg.map])
    uid = reg.rare.map_uid
    if call.map < 0 or not record.of(Special.WORKQUEUE, Special.TASK_WORK):
        return
    if (call.map, call.map_uid) == (reg.map, uid):
        return
    names = ("workqueue", "R1", "R2")
    if record.of(Special.TASK_WORK):
        names = ("bpf_task_work", "R2", "R3")
    what, first, second = names
    text = f"{what} pointer in {first} map_uid={call.map_uid} doesn't match"
    _refuse(f"{text} map pointer in {second} map_uid={uid}")


def _memory(call: KfuncCall, index: int, reg: RegState) -> None:
    parameter, number = call.proto.parameters[index], index + 1
    size = call.btf.size_of(parameter.target.id)
    if reg.is_null:
        return
    with_null_checked(
        call.env,
        number,
        lambda: _check_both(call.env, number, size),
    )


def _check_both(env: Env, number: int, size: int) -> None:
    """A kfunc may read and write what it is given."""
    for writes in (False, True):
        check_helper_mem_access(env, number, size, None, writes=writes, zero_ok=True)


def with_null_checked(env: Env, number: int, judge: Callable[[], object]) -> None:
    """Judge memory that is null or not as if it were not."""
    reg = env.regs[number]
    bare = reg.type.without(Flag.PTR_MAYBE_NULL)
    env.regs[number] = reg._replace(type=bare)
    judge()
    env.regs[number] = reg


def _sized_memory(call: KfuncCall, index: int, reg: RegState) -> None:
    env, number = call.env, index + 1
    parameters = call.proto.parameters
    if not (reg.is_null and parameters[index].ends("__opt")):
        try:
            with_null_checked(env, number, lambda: _check_size(env, number + 1))
        except Refusal as wrong:
            text = f"arg#{index} arg#{index + 1} memory, len pair leads to invalid"
            lines = f"{wrong.lines}\n{text} memory access"
            raise Refusal(wrong.errno, lines) from None
    if parameters[index + 1].ends("__szk"):
        call.constant = known_constant(call, number + 1, precise=False)


def _check_size(env: Env, number: int) -> None:
    for writes in (False, True):
        check_mem_size_reg(env, number, HelperMem(), writes=writes, zero_ok=True)


def _callback(call: KfuncCall, index: int, reg: RegState) -> None:
    if reg.type is not RegType.PTR_TO_FUNC:
        _refuse(f"arg{index} expected pointer to func")
    call.subprog = reg.rare.subprog


def _const_str(call: KfuncCall, index: int, reg: RegState) -> None:
    if reg.type is not RegType.PTR_TO_MAP_VALUE:
        _refuse(f"arg#{index} doesn't point to a const string")
    check_reg_const_str(call.env, index + 1)


def _work(kind: Special) -> "Callable[[KfuncCall, int, RegState], None]":
    def judge(call: KfuncCall, index: int, reg: RegState) -> None:
        if reg.type is not RegType.PTR_TO_MAP_VALUE:
            _refuse(f"arg#{index} doesn't point to a map value")
        process_timer(call.env, index + 1, kind)
        call.map, call.map_uid = reg.map, reg.rare.map_uid

    return judge


def _irq_flag(call: KfuncCall, index: int, reg: RegState) -> None:
    name = call.proto.name
    saves = name in ("bpf_local_irq_save", "bpf_res_spin_lock_irqsave")
    by = NATIVE if name.startswith("bpf_local_irq") else OF_LOCK
    process_irq_flag(call.env, index, saves=saves, by=by)


def _res_spin_lock(call: KfuncCall, index: int, reg: RegState) -> None:
    if reg.type not in (RegType.PTR_TO_MAP_VALUE, ALLOCATED):
        _refuse(f"arg#{index} doesn't point to map value or allocated object")
    name = call.proto.name
    process_res_spin_lock(
        call.env,
        index + 1,
        locks="unlock" not in name,
        irq="irq" in name,
    )


JUDGES: dict[KfArg, Callable[[KfuncCall, int, RegState], None]] = {
    KfArg.CTX: _context,
    KfArg.ALLOC_BTF_ID: _allocated,
    KfArg.REFCOUNTED_KPTR: _refcounted,
    KfArg.DYNPTR: _dynptr,
    KfArg.LIST_HEAD: _list_head,
    KfArg.LIST_NODE: _list_node,
    KfArg.RB_ROOT: _rb_root,
    KfArg.RB_NODE: _rb_node,
    KfArg.MAP: _map,
    KfArg.MEM: _memory,
    KfArg.MEM_SIZE: _sized_memory,
    KfArg.CALLBACK: _callback,
    KfArg.CONST_STR: _const_str,
    KfArg.WORKQUEUE: _work(Special.WORKQUEUE),
    KfArg.TASK_WORK: _work(Special.TASK_WORK),
    KfArg.IRQ_FLAG: _irq_flag,
    KfArg.RES_SPIN_LOCK: _res_spin_lock,
}
