"""Kernel pointers that map values and objects hold: read, stored, exchanged.

    struct task_struct __kptr *task;              owned by the map: exchanged only
    struct task_struct __kptr_untrusted *task;    any address: stored and loaded

A pointer of the first kind that is only loaded may go at any time, unless RCU keeps
what it leads to.

Source: what Linux 6.18 accepts, refuses and writes. Names are the kernel's.
"""

from ebpflab.btf import Btf, Kind, Type, btf_of
from ebpflab.btf.record_search import RecordField
from ebpflab.btf.records import type_record
from ebpflab.btf.special import KPTRS, RELEASED, Special
from ebpflab.isa.insn import Insn
from ebpflab.isa.operations import InsnClass, Mode
from ebpflab.verifier.arg_types import check_ptr_off_reg
from ebpflab.verifier.attachment import given_btf, local_btf
from ebpflab.verifier.bounds import ZERO
from ebpflab.verifier.check_btf_access import btf_behind, in_rcu_section
from ebpflab.verifier.env import Env
from ebpflab.verifier.kfunc_btf import ids_match
from ebpflab.verifier.objects import record_of_object, types_around
from ebpflab.verifier.refusal import EACCES, EINVAL, Refusal
from ebpflab.verifier.reg_types import Base, Flag, RegType
from ebpflab.verifier.states import NOTHING_RARE, Rare, RegState

OWNED = (Special.KPTR_REF, Special.KPTR_PERCPU)
GRAPH_NODES = (Special.LIST_NODE, Special.RB_NODE)
BTF_ID = RegType.PTR_TO_BTF_ID


def kptr_at(env: Env, reg: RegState, off: int) -> RecordField | None:
    """Return the kernel pointer that stands where a register leads to."""
    if not reg.bounds.is_const:
        return None
    found = record_of_object(env, reg).at(reg.off + off + reg.bounds.smin)
    return found if found and found.kind in KPTRS else None


def target_of(env: Env, reg: RegState, field: RecordField) -> tuple[Btf, Type]:
    """Return the structure that a kernel pointer leads to, and whose type it is."""
    raw = _raw_types(env, reg)
    local = btf_of(raw).type(field.type)
    kernel = given_btf(env.btf)
    found = kernel.find(local.name, Kind.STRUCT)
    if found:
        return kernel, found
    types_around(env, reg)
    return btf_of(raw), local


def _raw_types(env: Env, reg: RegState) -> bytes:
    """Return the types in which the place of a kernel pointer is described."""
    raw = local_btf(env.program)
    if reg.type.base is Base.PTR_TO_MAP_VALUE:
        raw = env.program.maps[reg.map].btf
    assert raw is not None
    return raw


def is_kernels(env: Env, btf: Btf) -> bool:
    return btf is given_btf(env.btf)


# ---- loads and stores ----------------------------------------------------------


def load_kptr(env: Env, reg: RegState, field: RecordField) -> RegState:
    """Return what a load of a kernel pointer gives (check_map_kptr_access)."""
    _check_mode(env.insns[env.insn_idx])
    btf, target = target_of(env, reg, field)
    if field.kind is Special.UPTR:
        rare = NOTHING_RARE._replace(mem_size=target.size)
        type = RegType.PTR_TO_MEM | Flag.PTR_MAYBE_NULL
        return RegState(type, ZERO, id=env.new_id(), rare=rare)
    local = not is_kernels(env, btf)
    rare = Rare(btf_type=target.id, btf_name=target.name, btf_local=local)
    flags = Flag.PTR_MAYBE_NULL | _trust(env, reg, field, target, local)
    return RegState(BTF_ID | flags, ZERO, id=env.new_id(), rare=rare)


def _trust(
    env: Env, reg: RegState, field: RecordField, target: Type, local: bool
) -> Flag:
    """Return what RCU vouches for (kernel: btf_ld_kptr_type).

    An object that can stand in a list or tree may be owned by one at the same time.
    """
    is_safe = field.kind is Special.KPTR_PERCPU
    if field.kind is Special.KPTR_REF:
        is_safe = local or target.name in RELEASED
    if not is_safe or not in_rcu_section(env):
        return Flag.PTR_UNTRUSTED
    if field.kind is Special.KPTR_PERCPU:
        return Flag.MEM_RCU | Flag.MEM_PERCPU
    if not local:
        return Flag.MEM_RCU
    flags = Flag.MEM_RCU | Flag.MEM_ALLOC
    record = type_record(_raw_types(env, reg), field.type)
    return flags | Flag.NON_OWN_REF if record.of(*GRAPH_NODES) else flags


def store_kptr(env: Env, insn: Insn | None, reg: RegState, field: RecordField) -> None:
    """Judge a store over a kernel pointer."""
    _check_mode(insn)
    if field.kind in OWNED:
        raise Refusal(EACCES, "store to referenced kptr disallowed")
    if field.kind is Special.UPTR:
        raise Refusal(EACCES, "store to uptr disallowed")
    assert insn
    if insn.insn_class == InsnClass.ST:
        if insn.imm:
            text = "BPF_ST imm must be 0 when storing to kptr"
            raise Refusal(EACCES, f"{text} at off={field.offset}")
        return
    value = env.regs[insn.src]
    if not value.is_null:
        check_kptr_match(env, insn.src, value, reg, field, EACCES)


def _check_mode(insn: Insn | None) -> None:
    if insn is None or insn.mode != Mode.MEM:
        text = "kptr in map can only be accessed using BPF_MEM instruction mode"
        raise Refusal(EACCES, text)


# ---- what fits -----------------------------------------------------------------


def check_kptr_match(
    env: Env,
    number: int,
    value: RegState,
    reg: RegState,
    field: RecordField,
    errno: int = EINVAL,
) -> None:
    """Refuse a pointer that does not fit the place (map_kptr_match_type)."""
    btf, target = target_of(env, reg, field)
    unowned = field.kind is Special.KPTR_UNREF
    allowed = Flag.PTR_MAYBE_NULL
    if value.rare.btf_local:
        allowed |= Flag.MEM_ALLOC
        if field.kind is Special.KPTR_PERCPU:
            allowed |= Flag.MEM_PERCPU
    else:
        allowed |= Flag.PTR_TRUSTED | Flag.MEM_RCU
        allowed |= Flag.PTR_UNTRUSTED if unowned else Flag.NONE
    fits, name = False, ""
    if value.type.base is Base.PTR_TO_BTF_ID and not value.type.flags & ~allowed:
        name = value.rare.btf_name
        check_ptr_off_reg(number, value, fixed_off_ok=True)
        own = btf_behind(env, value)
        found = own.type(value.rare.btf_type)
        fits = ids_match(own, found, value.off, btf, target, strict=not unowned)
    if not fits:
        expected = f"{BTF_ID.text}{target.name}"
        if unowned:
            expected += f" or {(BTF_ID | Flag.PTR_UNTRUSTED).text}{target.name}"
        text = f"invalid kptr access, R{number} type={value.type.text}{name}"
        raise Refusal(errno, f"{text} expected={expected}")


# ---- exchange ------------------------------------------------------------------


def exchanged_kptr(env: Env, number: int) -> RecordField:
    """Return the kernel pointer that bpf_kptr_xchg is to exchange."""
    reg = env.regs[number]
    if reg.type is RegType.PTR_TO_MAP_VALUE:
        spec = env.program.maps[reg.map]
        if spec.btf is None:
            text = f"map '{spec.name}' has to have BTF in order to use bpf_kptr_xchg"
            raise Refusal(EINVAL, text)
    if not reg.bounds.is_const:
        text = f"R{number} doesn't have constant offset. kptr has to be at the"
        raise Refusal(EINVAL, f"{text} constant offset")
    if record_of_object(env, reg).of(*KPTRS[:3]) is None:
        raise Refusal(EINVAL, f"R{number} has no valid kptr")
    at = reg.off + reg.bounds.smin
    field = kptr_at(env, reg, 0)
    if field is None or field.kind is Special.UPTR:
        raise Refusal(EACCES, f"off={at} doesn't point to kptr")
    if field.kind not in OWNED:
        raise Refusal(EACCES, f"off={at} kptr isn't referenced kptr")
    return field


def exchanged_result(env: Env, reg: RegState, field: RecordField) -> RegState:
    """Return what bpf_kptr_xchg gives back; its reference is the caller's business."""
    btf, target = target_of(env, reg, field)
    local = not is_kernels(env, btf)
    flags = Flag.PTR_MAYBE_NULL
    if local:
        flags |= Flag.MEM_ALLOC
        if field.kind is Special.KPTR_PERCPU:
            flags |= Flag.MEM_PERCPU
    rare = Rare(btf_type=target.id, btf_name=target.name, btf_local=local)
    return RegState(BTF_ID | flags, ZERO, rare=rare)
