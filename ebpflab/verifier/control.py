"""Jumps, calls and exits: which one an instruction is, and where it goes.

Not here: which jumps are decided (`check_jump.py`), what a call does (`frames.py`,
`check_call.py`). Source: RFC 9669, section 4.3; which helpers call back: what Linux
6.18 walks.
"""

from ebpflab.isa.helper_ids import HELPER_IDS
from ebpflab.isa.insn import Insn
from ebpflab.isa.operations import CallKind, Control, InsnClass
from ebpflab.isa.uses import is_exit, is_helper_call, is_local_call

__all__ = ["is_exit", "is_helper_call", "is_local_call"]

GOTOL, CALL = 0x06, 0x85  # opcodes, whole: their like with a register do not exist
JUMP_CLASSES = (InsnClass.JMP, InsnClass.JMP32)
TAIL_CALL = HELPER_IDS["tail_call"]
CALL_BACK = {  # before they return
    HELPER_IDS[name]
    for name in ("for_each_map_elem", "find_vma", "loop", "user_ringbuf_drain")
}
CALL_BACK_LATER = {HELPER_IDS["timer_set_callback"]}


def is_jump(insn: Insn) -> bool:
    """Tell whether this goes to another place: not a call, not exit."""
    if insn.insn_class not in JUMP_CLASSES:
        return False
    return insn.code not in (Control.CALL, Control.EXIT)


def is_goto(insn: Insn) -> bool:
    return is_jump(insn) and insn.code == Control.JA


def is_may_goto(insn: Insn) -> bool:
    is_jcond = insn.insn_class == InsnClass.JMP and insn.code == Control.JCOND
    return is_jcond and not insn.src  # no other kind exists


def is_call(insn: Insn) -> bool:
    return insn.insn_class == InsnClass.JMP and insn.code == Control.CALL


def is_tail_call(insn: Insn) -> bool:
    return is_helper_call(insn) and insn.imm == TAIL_CALL


def is_legacy_load(insn: Insn) -> bool:
    return insn.insn_class == InsnClass.LD and not insn.is_wide


def is_kfunc_call(insn: Insn) -> bool:
    return insn.opcode == CALL and insn.src == CallKind.KFUNC


def target(insn: Insn, idx: int) -> int:
    """Return the slot that a jump goes to; `gotol` keeps its distance in the imm."""
    return idx + 1 + (insn.imm if insn.opcode == GOTOL else insn.off)


def calls_back(insn: Insn) -> bool:
    """Tell whether this calls a helper that calls a function before it returns."""
    return is_helper_call(insn) and insn.imm in CALL_BACK


def calls_back_later(insn: Insn) -> bool:
    """Tell whether this has a function called later, on a stack of its own."""
    return is_helper_call(insn) and insn.imm in CALL_BACK_LATER
