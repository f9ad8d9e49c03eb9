"""Illegal instructions: what Linux says, and when.

What an opcode is, is looked at before the walk, all instructions in order. The other
fields are looked at when a path gets there, before the instruction is judged; so what
no path reaches may hold anything. A register above r10 is found when it is read or
written (`env.py`).

Source: what Linux 6.18 refuses and writes; RFC 9669 for what is reserved.
"""

from collections.abc import Callable, Sequence

from ebpflab.isa.codec import SLOT_BYTES, decode
from ebpflab.isa.insn import Insn, is_atomic
from ebpflab.isa.operations import (
    ATOMIC_BY_IMM,
    JUMP_BY_CODE,
    LOAD_ACQUIRE,
    STORE_RELEASE,
    SWAP_CODE,
    SWAP_WIDTHS,
    CallKind,
    Control,
    InsnClass,
    Mode,
    Source,
)
from ebpflab.isa.spellings import FORMS_BY_OPCODE
from ebpflab.isa.words import WORD32
from ebpflab.program import Program
from ebpflab.verifier.env import Env
from ebpflab.verifier.refusal import EINVAL, Refusal

_NEG, _MOV, _MOV_X = 0x8, 0xB, 0xBF
_DIVISIONS = (0x3, 0x9)  # div, mod: off = 1 makes them signed
_ADDR_SPACE_CAST = 1  # in a move's off: between an arena's two kinds of pointers
_CASTS = (1 << 16, 1)  # from space 1 to 0, and back
_WIDTHS_MOVED = {InsnClass.ALU: (0, 8, 16), InsnClass.ALU64: (0, 8, 16, 32)}


# ---- before the walk -----------------------------------------------------------


def slots_of_program(program: Program) -> tuple[Insn | None, ...]:
    """Return the instructions by slot; a 64-bit load may be cut off by the end.

    Raises:  EncodingError: the code is not whole slots.
    """
    whole = decode(program.code + bytes(SLOT_BYTES))
    return whole[: len(program.code) // SLOT_BYTES]


def raw_slots(insns: Sequence[Insn | None]) -> Sequence[Insn]:
    """Return every slot as an instruction of its own, as the first checks see them.

    The second slot of a legal 64-bit load has opcode 0, which is neither jump nor exit.
    """
    slots: list[Insn] = []
    for insn in insns:
        if insn is None:
            slots.append(_second_slot(slots[-1]))
        else:
            slots.append(insn)
    return slots


def _second_slot(insn: Insn) -> Insn:
    """Return what stands behind a 64-bit load, read as an instruction."""
    opcode, registers, *off = (insn.next_head & WORD32).to_bytes(4, "little")
    distance = int.from_bytes(bytes(off), "little", signed=True)
    return Insn(opcode, registers & 0xF, registers >> 4, distance, insn.next_imm)


def check_opcode(insn: Insn) -> None:
    """Refuse an opcode that does not exist, and a broken load."""
    if insn.insn_class == InsnClass.LDX:
        if insn.mode not in (Mode.MEM, Mode.MEMSX) or insn.imm:
            raise Refusal(EINVAL, "BPF_LDX uses reserved fields")
    if insn.is_wide:
        if insn.next_head:
            raise Refusal(EINVAL, "invalid bpf_ld_imm64 insn")
    elif insn.opcode not in FORMS_BY_OPCODE:
        raise Refusal(EINVAL, f"unknown opcode {insn.opcode:02x}")


# ---- when a path gets there ----------------------------------------------------


def reserved_fields(insn: Insn) -> str:
    """Return what Linux says of fields that must be 0 and are not; "" = fine."""
    return _RULES[insn.insn_class](insn)


def illegal(wrong: str) -> Callable[[Env, Insn], int]:
    """Return what is done with an instruction of which `reserved_fields` complains."""

    def refuse(env: Env, insn: Insn) -> int:
        if insn.insn_class in (InsnClass.JMP, InsnClass.JMP32):
            if insn.code in JUMP_BY_CODE:  # what is compared is looked at first
                env.read(insn.dst)
        raise Refusal(EINVAL, wrong)

    return refuse


def _nothing(insn: Insn) -> str:
    return ""


def _wide(insn: Insn) -> str:
    if insn.is_wide and insn.off:
        return "BPF_LD_IMM64 uses reserved fields"
    return ""


def _alu(insn: Insn) -> str:
    if insn.code == _NEG:
        wrong = insn.src or insn.off or insn.imm
        return "BPF_NEG uses reserved fields" if wrong else ""
    if insn.code == SWAP_CODE:
        wrong = insn.src or insn.off or insn.imm not in SWAP_WIDTHS
        return "BPF_END uses reserved fields" if wrong else ""
    if insn.code == _MOV:
        return _mov(insn)
    second = insn.imm if insn.source is Source.X else insn.src
    offs = (0, 1) if insn.code in _DIVISIONS else (0,)
    wrong = second or insn.off not in offs
    return "BPF_ALU uses reserved fields" if wrong else ""


def is_addr_space_cast(insn: Insn) -> bool:
    """Tell whether this is a cast between an arena's two kinds of pointers."""
    return insn.opcode == _MOV_X and insn.off == _ADDR_SPACE_CAST


def _mov(insn: Insn) -> str:
    if is_addr_space_cast(insn):
        if insn.imm not in _CASTS:
            text = "addr_space_cast insn can only convert between address space"
            return f"{text} 1 and 0"
        return ""
    if insn.source is Source.X:
        wrong = insn.imm or insn.off not in _WIDTHS_MOVED[insn.insn_class]
    else:
        wrong = insn.src or insn.off
    return "BPF_MOV uses reserved fields" if wrong else ""


def _jump(insn: Insn) -> str:
    is_short = insn.insn_class == InsnClass.JMP32
    if insn.code == Control.CALL:
        far = insn.off and insn.src != CallKind.KFUNC
        wrong = insn.dst or far or insn.src not in tuple(CallKind)
        return "BPF_CALL uses reserved fields" if wrong else ""
    if insn.code == Control.EXIT:
        wrong = insn.imm or insn.src or insn.dst
        return "BPF_EXIT uses reserved fields" if wrong else ""
    if insn.code == Control.JA:
        wrong = insn.src or insn.dst or (insn.off if is_short else insn.imm)
        return "BPF_JA uses reserved fields" if wrong else ""
    if insn.code == Control.JCOND:
        wrong = insn.src or insn.dst or insn.imm
        return f"invalid may_goto imm {insn.imm}" if wrong else ""
    second = insn.imm if insn.source is Source.X else insn.src
    return "BPF_JMP/JMP32 uses reserved fields" if second else ""


def _st(insn: Insn) -> str:
    return "BPF_ST uses reserved fields" if insn.src else ""


def _stx(insn: Insn) -> str:
    if not is_atomic(insn):
        return "BPF_STX uses reserved fields" if insn.imm else ""
    if insn.imm in (LOAD_ACQUIRE, STORE_RELEASE) or insn.imm in ATOMIC_BY_IMM:
        return ""
    number = insn.imm & 0xFFFFFFFF
    return f"BPF_ATOMIC uses invalid atomic opcode {number:02x}"


_RULES: dict[InsnClass, Callable[[Insn], str]] = {
    InsnClass.LD: _wide,
    InsnClass.LDX: _nothing,
    InsnClass.ST: _st,
    InsnClass.STX: _stx,
    InsnClass.ALU: _alu,
    InsnClass.ALU64: _alu,
    InsnClass.JMP: _jump,
    InsnClass.JMP32: _jump,
}
