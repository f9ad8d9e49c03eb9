"""The key of a lookup, where the stack holds a known number for it.

An array has every index below its length: with such a key a lookup cannot miss.

Source: lookups that Linux 6.18 gives no `_or_null`. Names are the kernel's.
"""

from ebpflab.verifier.env import Env
from ebpflab.verifier.reg_types import RegType
from ebpflab.verifier.states import SLOT_BYTES, SPILL, ZERO_BYTE, RegState

NO_KEY = -1


def constant_key(env: Env, reg: RegState, size: int) -> int:
    """Return a key on the stack that is a known number, else NO_KEY.

    That the lookup cannot miss then follows from the number, so it mattered.
    """
    if reg.type is not RegType.PTR_TO_STACK or not reg.bounds.is_const:
        return NO_KEY
    start = reg.off + reg.bounds.smin
    number, first = (-start - 1) // SLOT_BYTES, (-start - 1) % SLOT_BYTES
    slot = env.cur.frames[reg.frame].stack[number]
    below = slot.marks[: first + 1][::-1]  # from the key's first byte up
    if len(below) - len(below.lstrip(ZERO_BYTE)) >= size:
        return 0
    spilled = len(below) - len(below.lstrip(SPILL))
    if not slot.is_spilled_scalar or spilled != size or not slot.reg.bounds.is_const:
        return NO_KEY
    env.mark_slot_precise(reg.frame, number)
    return slot.reg.bounds.value
