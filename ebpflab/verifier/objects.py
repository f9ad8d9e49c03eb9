"""Objects that the program makes itself, and who owns them.

    ptr_node(ref_obj_id=2)       owned: the program must give it away or drop it
    ptr_node(non_own_ref)        somebody else's: good as long as the lock is held

What an owner puts into a list or tree is no longer its own.

Source: what Linux 6.18 accepts, refuses and writes. Names are the kernel's.
"""

from ebpflab.btf import Type
from ebpflab.btf.records import EMPTY, Record, record_of, type_record
from ebpflab.btf.special import LOCKS, Special
from ebpflab.verifier.attachment import local_btf
from ebpflab.verifier.bounds import ZERO
from ebpflab.verifier.env import Env
from ebpflab.verifier.references import release_reference_nomark
from ebpflab.verifier.refusal import not_modelled
from ebpflab.verifier.reg_types import Base, Flag, RegType
from ebpflab.verifier.states import Rare, RegState

ALLOCATED = RegType.PTR_TO_BTF_ID | Flag.MEM_ALLOC


def allocated(type: Type) -> RegState:
    """Return a pointer to a new object."""
    rare = Rare(btf_type=type.id, btf_name=type.name, btf_local=True)
    return RegState(ALLOCATED, ZERO, rare=rare)


def record_of_object(env: Env, reg: RegState) -> Record:
    """Return the special parts of what a register leads to (reg_btf_record)."""
    if reg.type.base is Base.PTR_TO_MAP_VALUE:
        return record_of(env.program.maps[reg.map])
    raw = local_btf(env.program)
    if raw is None or not reg.rare.btf_local:
        return EMPTY
    found = type_record(raw, reg.rare.btf_type)
    return EMPTY if found.errno else found


def types_around(env: Env, reg: RegState) -> bytes:
    """Return the types in which the special parts of a place are described.

    Raises:  NotModelled: they are not those of the program's objects.
    """
    local = local_btf(env.program)
    is_map = reg.type.base is Base.PTR_TO_MAP_VALUE
    raw = env.program.maps[reg.map].btf if is_map else local
    if raw is None or raw != local:
        not_modelled("a map whose types are not the program's", env.insn_idx)
    return raw


def holds_a_lock(env: Env, reg: RegState) -> bool:
    """Tell whether a lock may stand in what a register leads to."""
    return record_of_object(env, reg).of(*LOCKS) is not None


def non_owning(env: Env, reg: RegState) -> RegState:
    """Return a pointer to an object that a list or tree owns (ref_set_non_owning)."""
    flags = Flag.NON_OWN_REF
    if record_of_object(env, reg).of(Special.REFCOUNT):
        flags |= Flag.MEM_RCU
    return reg._replace(type=reg.type | flags)


def give_away(env: Env, id: int) -> None:
    """An owner gave its object to a list or tree: what knew it no longer owns it."""
    for frame in env.cur.frames:
        for number, reg in enumerate(frame.regs):
            if reg.ref_obj_id == id:
                frame.regs[number] = non_owning(env, reg._replace(ref_obj_id=0))
        for number, slot in enumerate(frame.stack):
            if slot.is_spilled and slot.reg.ref_obj_id == id:
                reg = non_owning(env, slot.reg._replace(ref_obj_id=0))
                frame.stack[number] = slot._replace(reg=reg)
    release_reference_nomark(env.cur, id)
