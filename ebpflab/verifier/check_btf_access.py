"""Loads and stores through a pointer to a structure whose type is known by BTF.

    R1=trusted_ptr_task_struct()     the kernel vouches for it: a kfunc may take it
    R1=rcu_ptr_task_struct()         until the RCU section ends
    R1=ptr_task_struct()             old: readable, some helpers take it
    R1=untrusted_ptr_task_struct()   readable at most: a bad address reads as 0

What a pointer that was read from a structure may be trusted with depends on the field:
the kernel's types have lists of fields that are safe, in structures of their own
(`task_struct__safe_rcu`). Only what the program itself made may be written.

Source: what Linux 6.18 accepts, refuses and writes. Names are the kernel's.
"""

from ebpflab.btf import Btf, Kind, btf_of
from ebpflab.btf.access import Found, NoAccess, Place, struct_access
from ebpflab.btf.records import type_record
from ebpflab.btf.special import LABELS
from ebpflab.isa.insn import Insn
from ebpflab.verifier.attachment import given_btf, local_btf
from ebpflab.verifier.bounds import ZERO
from ebpflab.verifier.btf_writes import check_write
from ebpflab.verifier.check_ctx_btf import TAGS
from ebpflab.verifier.env import Env
from ebpflab.verifier.licenses import is_gpl_compatible
from ebpflab.verifier.references import LOCKS
from ebpflab.verifier.refusal import EACCES, EFAULT, EINVAL, EPERM, Refusal
from ebpflab.verifier.reg_types import Base, Flag, RegType
from ebpflab.verifier.states import UNKNOWN_SCALAR, Rare, RegState

TRUSTED = Flag.PTR_TRUSTED | Flag.MEM_ALLOC | Flag.NON_OWN_REF
UNTRUSTED_MEM = RegType.PTR_TO_MEM | Flag.MEM_RDONLY | Flag.PTR_UNTRUSTED
OUT_OF_REACH = {Flag.MEM_USER: "user", Flag.MEM_PERCPU: "percpu"}


def load_btf(env: Env, number: int, off: int, size: int, is_signed: bool) -> RegState:
    """Judge a load; return what it gives (kernel: check_ptr_to_btf_access)."""
    reg = env.regs[number]
    place = _checked(env, number, off, size, write=False)
    if place.found is Found.NUMBER or reg.type.flags & Flag.MEM_ALLOC:
        return UNKNOWN_SCALAR
    if place.found is Found.OTHER_POINTER:
        return RegState(UNTRUSTED_MEM, ZERO)
    flags = _trust(env, reg, place)
    type = RegType.PTR_TO_BTF_ID | flags
    id = env.new_id() if type.may_be_null else 0
    target = btf_behind(env, reg).type(place.type)
    rare = Rare(btf_type=target.id, btf_name=target.name, btf_local=reg.rare.btf_local)
    return RegState(type, ZERO, id=id, rare=rare)


def store_btf(env: Env, insn: Insn | None, number: int, off: int, size: int) -> None:
    """Judge a store."""
    _checked(env, number, off, size, write=True)


def btf_behind(env: Env, reg: RegState) -> Btf:
    """Return the BTF that a pointer's type is of: the program's or the kernel's."""
    raw = local_btf(env.program)
    if reg.rare.btf_local and raw is not None:
        return btf_of(raw)
    return given_btf(env.btf)


def is_allocated(type: RegType) -> bool:
    """Tell whether the program itself made what a pointer leads to."""
    return type.base is Base.PTR_TO_BTF_ID and bool(type.flags & Flag.MEM_ALLOC)


def is_owned(reg: RegState) -> bool:
    """Tell whether a pointer leads to an object that the program made and may write."""
    return is_allocated(reg.type) and not reg.type.flags & Flag.PTR_UNTRUSTED


def is_trusted(reg: RegState) -> bool:
    """Tell whether the kernel vouches for a pointer (kernel: is_trusted_reg)."""
    if reg.ref_obj_id:
        return True
    flags = reg.type.flags
    if reg.type.base in STRUCTURES and not flags & ~TRUSTED:
        return True
    return bool(flags & TRUSTED) and not flags & ~TRUSTED


STRUCTURES = {  # kinds of registers that are a structure of the kernel too
    Base.PTR_TO_SOCKET: "sock",
    Base.PTR_TO_SOCK_COMMON: "sock_common",
    Base.PTR_TO_TCP_SOCK: "tcp_sock",
    Base.CONST_PTR_TO_MAP: "bpf_map",
}


def in_rcu_section(env: Env) -> bool:
    """Tell whether what RCU protects stays where it is (kernel: in_rcu_cs)."""
    state = env.cur
    held = any(ref.kind in LOCKS for ref in state.refs)
    return bool(state.active_rcu_locks) or held or not state.in_sleepable


def _checked(env: Env, number: int, off: int, size: int, *, write: bool) -> Place:
    """Return what an access finds; refuse one that may not be."""
    reg = env.regs[number]
    name, flags = reg.rare.btf_name, reg.type.flags
    if not env.allow_ptr_leaks:
        text = f"'struct {name}' access is allowed only to CAP_PERFMON and"
        raise Refusal(EPERM, f"{text} CAP_SYS_ADMIN")
    if not is_gpl_compatible(env.program.license) and not reg.rare.btf_local:
        text = f"Cannot access kernel 'struct {name}' from non-GPL compatible program"
        raise Refusal(EINVAL, text)
    _check_offset(number, reg, off)
    for flag, word in OUT_OF_REACH.items():
        if flags & flag:
            text = f"R{number} is ptr_{name} access {word} memory: off={off}"
            raise Refusal(EACCES, text)
    start = reg.off + off
    if write and not is_owned(reg):
        _check_write(env, reg, start, size)
        return Place(Found.NUMBER)
    if is_allocated(reg.type):
        _check_kept(reg)
        _check_special(env, reg, start, size)
    try:
        return struct_access(btf_behind(env, reg), reg.rare.btf_type, start, size)
    except NoAccess as no:
        raise Refusal(no.errno, no.text) from None


def _check_kept(reg: RegState) -> None:
    """Refuse an object of the program that nothing keeps any more."""
    if reg.type.flags & (Flag.NON_OWN_REF | Flag.MEM_RCU) or reg.ref_obj_id:
        return
    text = "ref_obj_id for allocated object must be non-zero"
    raise Refusal(EFAULT, f"verifier bug: {text}")


def _check_write(env: Env, reg: RegState, start: int, size: int) -> None:
    """Refuse a write to what the program did not make, but for a few members."""
    kind = env.attachment.structure if env.attachment else env.program.type
    if is_allocated(reg.type):
        raise Refusal(EACCES, "only read is supported")
    btf = btf_behind(env, reg)
    check_write(btf, kind, btf.type(reg.rare.btf_type), start, size)


def _check_offset(number: int, reg: RegState, off: int) -> None:
    name, start = reg.rare.btf_name, reg.off + off
    if start < 0:
        text = f"R{number} is ptr_{name} invalid negative access: off={start}"
        raise Refusal(EACCES, text)
    if reg.bounds.var_off != ZERO.var_off:
        text = f"R{number} is ptr_{name} invalid variable offset: off={start},"
        raise Refusal(EACCES, f"{text} var_off={reg.bounds.var_off}")


def _check_special(env: Env, reg: RegState, start: int, size: int) -> None:
    """Locks, nodes and the like in an object are for kfuncs only."""
    btf = btf_behind(env, reg)
    record = type_record(btf.raw, reg.rare.btf_type)
    for field in record.touched(start, start + size):
        text = f"direct access to {LABELS[field.kind]} is disallowed"
        raise Refusal(EACCES, text)


# ---- what a pointer that was read may be trusted with --------------------------


def _trust(env: Env, reg: RegState, place: Place) -> Flag:
    """Return the flags of a pointer that was read from a structure."""
    flags = TAGS.get(place.tag, Flag.NONE)
    if place.in_union:
        flags |= Flag.PTR_UNTRUSTED
    if reg.type.flags & Flag.PTR_UNTRUSTED:
        return Flag.PTR_UNTRUSTED
    if not is_trusted(reg) and not reg.type.flags & Flag.MEM_RCU:
        return flags & ~(TRUSTED | Flag.MEM_RCU)
    if _is_listed(env, reg, place, "__safe_trusted"):
        return flags | Flag.PTR_TRUSTED
    if _is_listed(env, reg, place, "__safe_trusted_or_null"):
        return flags | Flag.PTR_TRUSTED | Flag.PTR_MAYBE_NULL
    if not in_rcu_section(env) or reg.type.may_be_null:
        return Flag.PTR_UNTRUSTED
    return _trust_by_rcu(env, reg, place, flags)


def _trust_by_rcu(env: Env, reg: RegState, place: Place, flags: Flag) -> Flag:
    if _is_listed(env, reg, place, "__safe_rcu"):
        return flags | Flag.MEM_RCU
    or_null = _is_listed(env, reg, place, "__safe_rcu_or_null")
    if or_null:
        flags &= ~Flag.PTR_UNTRUSTED
    if or_null or flags & Flag.MEM_RCU:
        return flags | Flag.MEM_RCU | Flag.PTR_MAYBE_NULL
    if flags & (Flag.MEM_PERCPU | Flag.MEM_USER):
        return flags
    return flags & ~TRUSTED


def _is_listed(env: Env, reg: RegState, place: Place, suffix: str) -> bool:
    """Tell whether the kernel's list of such fields has this one."""
    btf = btf_behind(env, reg)
    owner = btf.type(reg.rare.btf_type)
    known = btf.find(owner.name + suffix, owner.kind)
    for member in known.members if known else ():
        pointer = btf.resolve(member.type)
        target = btf.resolve(pointer.type) if pointer.kind is Kind.PTR else pointer
        if member.name == place.member and target.id == place.type:
            return True
    return False
