"""How the set of wanted numbers moves back over each kind of instruction: the table.

Not here: what each move does (`back_moves.py`), the walk back (`backtrack.py`).
"""

from ebpflab.isa.insn import Insn, is_atomic
from ebpflab.isa.operations import LOAD_ACQUIRE, InsnClass, Source
from ebpflab.verifier import back_moves as moves
from ebpflab.verifier.backtrack import ALWAYS, ARGUMENTS, BackStep
from ebpflab.verifier.control import (
    calls_back,
    is_call,
    is_exit,
    is_goto,
    is_local_call,
    is_tail_call,
)
from ebpflab.verifier.states import FP

_MOV, _NEG, _END = 0xB, 0x8, 0xD
_FP_BIT = 1 << FP
CALL_BACK = BackStep(moves.call_back, ALWAYS, 1, 0)


def back_step(insn: Insn | None, *, is_global: bool = False) -> BackStep | None:
    """Return how the wanted set moves over an instruction.

    Args:    is_global: this calls a global function, which is not entered.
    """
    if insn is None:
        return None
    dst = 1 << insn.dst & ~_FP_BIT
    src = 1 << insn.src & ~_FP_BIT
    match insn.insn_class:
        case InsnClass.LD if not insn.is_wide:
            return BackStep(moves.unknown, dst, dst, 0)
        case InsnClass.LD | InsnClass.LDX:
            return BackStep(moves.load, dst, dst, 0)
        case InsnClass.ST | InsnClass.STX:
            if is_atomic(insn) and insn.imm == LOAD_ACQUIRE:
                return BackStep(moves.load, dst, dst, 0)
            is_register = insn.insn_class is InsnClass.STX
            return BackStep(moves.store, dst, dst, src if is_register else 0)
        case InsnClass.ALU | InsnClass.ALU64:
            return _back_alu(insn, dst, src)
        case _:
            return _back_jump(insn, dst, src, is_global)


def _back_alu(insn: Insn, dst: int, src: int) -> BackStep:
    if insn.code in (_END, _NEG):
        return BackStep(moves.nothing, 0, 0, 0)
    move = moves.mov if insn.code == _MOV else moves.alu
    return BackStep(move, dst, dst, src if insn.source is Source.X else 0)


def _back_jump(insn: Insn, dst: int, src: int, is_global: bool) -> BackStep:
    if is_exit(insn):
        return BackStep(moves.exit, ALWAYS, 0, 0)
    if is_local_call(insn) and not is_global:
        return BackStep(moves.local_call, ALWAYS, 1, 0)
    if is_call(insn):
        if calls_back(insn):
            return CALL_BACK
        if is_tail_call(insn):
            return BackStep(moves.tail_call, ALWAYS, 1, 0)
        return BackStep(moves.call, ARGUMENTS | 1, 1, 0)
    if not is_goto(insn) and insn.source is Source.X:
        return BackStep(moves.compare, dst | src, dst, src)
    return BackStep(moves.nothing, 0, 0, 0)
