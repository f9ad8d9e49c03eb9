"""The arguments of bpf_kptr_xchg: a kernel pointer in a map, and what goes there.

Source: what Linux 6.18 accepts, refuses and writes. Names are the kernel's.
"""

from ebpflab.btf.record_search import RecordField
from ebpflab.verifier.check_btf_access import in_rcu_section
from ebpflab.verifier.env import Env
from ebpflab.verifier.kptrs import check_kptr_match, exchanged_kptr
from ebpflab.verifier.references import forgotten, release_reference_nomark
from ebpflab.verifier.refusal import EACCES
from ebpflab.verifier.reg_types import Flag, RegType
from ebpflab.verifier.states import RegState

PLACE = 1  # the register that leads to the kernel pointer
OF_EACH_CPU = RegType.PTR_TO_BTF_ID | Flag.MEM_ALLOC | Flag.MEM_PERCPU


def process_kptr(env: Env, number: int) -> RecordField:
    """Return the kernel pointer that is exchanged."""
    return exchanged_kptr(env, number)


def check_exchanged(env: Env, number: int, reg: RegState) -> None:
    """Refuse what does not fit the place it is to go to."""
    place = env.regs[PLACE]
    check_kptr_match(env, number, reg, place, exchanged_kptr(env, PLACE), EACCES)


def give_to_map(env: Env, id: int) -> bool:
    """Give an object away; one of each CPU stays readable as long as RCU lasts."""
    if not release_reference_nomark(env.cur, id):
        return False
    is_safe = in_rcu_section(env)
    gone = forgotten(env)

    def without_owner(reg: RegState) -> RegState:
        if not is_safe or reg.type.without(Flag.PTR_MAYBE_NULL) is not OF_EACH_CPU:
            return gone
        type = reg.type.without(Flag.MEM_ALLOC) | Flag.MEM_RCU
        return reg._replace(type=type, ref_obj_id=0)

    for frame in env.cur.frames:
        for number, reg in enumerate(frame.regs):
            if reg.ref_obj_id == id:
                frame.regs[number] = without_owner(reg)
        for number, slot in enumerate(frame.stack):
            if slot.is_spilled and slot.reg.ref_obj_id == id:
                frame.stack[number] = slot._replace(reg=without_owner(slot.reg))
    return True
