"""Which registers an instruction reads and writes: said once, for every view of it.

Source: RFC 9669, sections 4 and 5; the calling convention: r1 to r5 are arguments and
are lost, r0 is the result.
"""

from ebpflab.isa.insn import Insn, is_atomic
from ebpflab.isa.operations import (
    ATOMIC_BY_IMM,
    JUMP_BY_CODE,
    LOAD_ACQUIRE,
    SWAP_CODE,
    CallKind,
    Control,
    InsnClass,
    Mode,
    Source,
)

_MOV = 0xB
LOST_IN_A_CALL = (1, 2, 3, 4, 5)


def registers_read(insn: Insn, arguments: int = 5) -> tuple[int, ...]:
    """Return the registers whose values matter; `arguments` of them for a call."""
    match insn.insn_class:
        case InsnClass.LD:
            return _read_by_packet_load(insn)
        case InsnClass.LDX:
            return (insn.src,)
        case InsnClass.ST:
            return (insn.dst,)
        case InsnClass.STX:
            return _read_by_store(insn)
        case InsnClass.ALU | InsnClass.ALU64:
            return _read_by_alu(insn)
        case InsnClass.JMP | InsnClass.JMP32:
            return _read_by_jump(insn, arguments)


def registers_written(insn: Insn) -> tuple[int, ...]:
    """Return the registers that get a value; a call's lost ones are not among them."""
    match insn.insn_class:
        case InsnClass.LD | InsnClass.LDX | InsnClass.ALU | InsnClass.ALU64:
            return (insn.dst,)
        case InsnClass.STX if is_atomic(insn):
            return _written_by_atomic(insn)
        case InsnClass.JMP if _is_call(insn):
            return (0,)
        case _:
            return ()


def registers_lost(insn: Insn) -> tuple[int, ...]:
    """Return the registers that hold nothing any more: after a call of a helper."""
    legacy = insn.insn_class is InsnClass.LD and not insn.is_wide
    return LOST_IN_A_CALL if legacy or is_helper_call(insn) else ()


def is_exit(insn: Insn) -> bool:
    """Tell whether this ends a function, or the program."""
    return insn.insn_class is InsnClass.JMP and insn.code == Control.EXIT


def is_helper_call(insn: Insn) -> bool:
    """Tell whether this calls a helper by its number."""
    return _is_call(insn) and insn.src == CallKind.HELPER


def is_local_call(insn: Insn) -> bool:
    """Tell whether this calls a function of the program itself."""
    return _is_call(insn) and insn.src == CallKind.LOCAL


def _is_call(insn: Insn) -> bool:
    return insn.insn_class is InsnClass.JMP and insn.code == Control.CALL


def _read_by_packet_load(insn: Insn) -> tuple[int, ...]:
    """A load from the packet takes the context from r6, whatever it names."""
    if insn.is_wide:
        return ()
    return (6, insn.src) if insn.mode == Mode.IND else (6,)


def _read_by_store(insn: Insn) -> tuple[int, ...]:
    if is_atomic(insn) and insn.imm == LOAD_ACQUIRE:
        return (insn.src,)
    op = ATOMIC_BY_IMM.get(insn.imm) if is_atomic(insn) else None
    compared = (0,) if op and op.compares else ()
    return (insn.dst, insn.src, *compared)


def _read_by_alu(insn: Insn) -> tuple[int, ...]:
    src = (insn.src,) if insn.source is Source.X and insn.code != SWAP_CODE else ()
    dst = () if insn.code == _MOV else (insn.dst,)
    return dst + src


def _read_by_jump(insn: Insn, arguments: int) -> tuple[int, ...]:
    if insn.code in JUMP_BY_CODE:
        return (insn.dst, insn.src) if insn.source is Source.X else (insn.dst,)
    if insn.code == Control.CALL:
        return tuple(range(1, arguments + 1))
    return (0,) if insn.code == Control.EXIT else ()


def _written_by_atomic(insn: Insn) -> tuple[int, ...]:
    if insn.imm == LOAD_ACQUIRE:
        return (insn.dst,)
    op = ATOMIC_BY_IMM.get(insn.imm)
    if op is None or not op.fetch:
        return ()
    return (0,) if op.compares else (insn.src,)
