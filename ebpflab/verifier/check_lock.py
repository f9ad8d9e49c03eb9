"""Spin locks in map values and objects: taken and freed in pairs, one at a time.

While one is held the program calls no helper, and does not end.

Source: what Linux 6.18 accepts, refuses and writes. Names are the kernel's.
"""

from ebpflab.btf.records import Record
from ebpflab.btf.special import Special
from ebpflab.verifier.env import Env
from ebpflab.verifier.objects import record_of_object
from ebpflab.verifier.references import active_locks, invalidate, without
from ebpflab.verifier.refusal import EINVAL, Refusal
from ebpflab.verifier.reg_types import Flag, RegType
from ebpflab.verifier.states import LOCK, RES_LOCK, RES_LOCK_IRQ, Reference, RegState

RES_LOCKS = (RES_LOCK, RES_LOCK_IRQ)


def process_spin_lock(env: Env, number: int, *, locks: bool) -> None:
    """Judge a call that takes (`locks`) or frees a spin lock."""
    reg = env.regs[number]
    _check_place(env, number, reg, Special.SPIN_LOCK)
    if locks:
        if any(ref.kind == LOCK for ref in env.cur.refs):
            _refuse("Locking two bpf_spin_locks are not allowed")
        _take(env, reg, LOCK)
    else:
        _free(env, reg, LOCK, "bpf_spin")


def process_res_spin_lock(env: Env, number: int, *, locks: bool, irq: bool) -> None:
    """Judge a call that takes or frees a lock of which several may be held.

    Args:    irq: it turns interrupts off, too.
    """
    reg = env.regs[number]
    _check_place(env, number, reg, Special.RES_SPIN_LOCK)
    kind = RES_LOCK_IRQ if irq else RES_LOCK
    if not locks:
        return _free(env, reg, kind, "bpf_res_spin")
    taken = (reg.id, held_in(reg))
    if any((r.id, r.held) == taken for r in env.cur.refs if r.kind in RES_LOCKS):
        _refuse("Acquiring the same lock again, AA deadlock detected")
    return _take(env, reg, kind)


def held_in(reg: RegState) -> tuple[str, int]:
    """Return what a lock behind a register is in: a map, or an object."""
    if reg.type is RegType.PTR_TO_MAP_VALUE:
        return "map", reg.map
    return "object", 0


def _check_place(env: Env, number: int, reg: RegState, kind: Special) -> None:
    """Refuse what is not the place of a lock."""
    name = kind.value
    if not reg.bounds.is_const:
        what = f"{name} has to be at the constant offset"
        _refuse(f"R{number} doesn't have constant offset. {what}")
    owner = "local 'kptr'"
    if reg.type is RegType.PTR_TO_MAP_VALUE:
        spec = env.program.maps[reg.map]
        owner = f"map '{spec.name}'"
        if spec.btf is None:
            _refuse(f"{owner} has to have BTF in order to use {name}")
    field = record_of_object(env, reg).of(kind)
    if field is None:
        _refuse(f"{owner} has no valid {name}")
    at = reg.off + reg.bounds.smin
    if field and field.offset != at:
        what = f"'struct {name}' that is at {field.offset}"
        _refuse(f"off {at} doesn't point to {what}")


def _take(env: Env, reg: RegState, kind: str) -> None:
    env.cur.refs += (Reference(reg.id, env.insn_idx, kind, held_in(reg)),)


def _free(env: Env, reg: RegState, kind: str, name: str) -> None:
    state = env.cur
    if not active_locks(state):
        _refuse(f"{name}_unlock without taking a lock")
    wanted, last = (reg.id, held_in(reg)), (-1, ("", 0))
    found = -1
    for place, ref in enumerate(state.refs):
        if ref.kind == kind and (ref.id, ref.held) == wanted:
            found = place
        if ref.kind == LOCK or ref.kind in RES_LOCKS:
            last = ref.id, ref.held
    if found < 0:
        _refuse(f"{name}_unlock of different lock")
    if last != wanted:
        _refuse(f"{name}_unlock cannot be out of order")
    state.refs = without(state.refs, found)
    invalidate_non_owning_refs(env)


def invalidate_non_owning_refs(env: Env) -> None:
    """Forget pointers to objects that only the lock kept alive."""
    invalidate(env, lambda reg: bool(reg.type.flags & Flag.NON_OWN_REF))


def may_hold_lock(record: Record) -> bool:
    """Tell whether values of such a record differ by the lock in them."""
    return record.of(Special.SPIN_LOCK, Special.RES_SPIN_LOCK) is not None


def _refuse(text: str) -> None:
    raise Refusal(EINVAL, text)
