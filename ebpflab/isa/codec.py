"""Instructions from bytes, and back.

Decoding never guesses: whatever 8 bytes say becomes an `Insn`; whether it is a legal
one is another question (`legal.py`). Source: RFC 9669, section 3.
"""

import struct
from collections.abc import Iterable
from dataclasses import replace

from ebpflab.errors import EncodingError
from ebpflab.isa.insn import Insn

SLOT_BYTES = 8
_SLOT = struct.Struct("<BBhi")  # opcode, registers, off, imm
_SECOND_SLOT = struct.Struct("<Ii")  # next_head, next_imm


def decode(code: bytes) -> tuple[Insn | None, ...]:
    """Decode a program; index i of the result is slot i.

    Args:    code: whole 8-byte slots, little-endian.
    Returns: one entry a slot; None stands in the second slot of a 64-bit load.
    Raises:  EncodingError: not whole slots, or the last load lacks its second one.
    """
    if len(code) % SLOT_BYTES:
        raise EncodingError.of("code-not-whole", size=len(code))
    insns: list[Insn | None] = []
    rows = list(_SLOT.iter_unpack(code))
    while len(insns) < len(rows):
        opcode, regs, off, imm = rows[len(insns)]
        insn = Insn(opcode, regs & 0xF, regs >> 4, off, imm)
        insns.append(insn)
        if insn.is_wide:
            if len(insns) == len(rows):
                raise EncodingError.of("wide-load-cut", at=f"insn {len(insns) - 1}")
            at = len(insns) * SLOT_BYTES
            next_head, next_imm = _SECOND_SLOT.unpack_from(code, at)
            insns[-1] = replace(insn, next_imm=next_imm, next_head=next_head)
            insns.append(None)
    return tuple(insns)


def encode(insns: Iterable[Insn | None]) -> bytes:
    """Encode instructions; None (a second slot) adds nothing.

    Raises:  EncodingError: a field does not fit its bits.
    """
    return b"".join(_encode_one(i, insn) for i, insn in enumerate(insns) if insn)


def _encode_one(index: int, insn: Insn) -> bytes:
    try:
        first = _SLOT.pack(insn.opcode, _registers(insn), insn.off, insn.imm)
        if not insn.is_wide:
            return first
        return first + _SECOND_SLOT.pack(insn.next_head, insn.next_imm)
    except struct.error as error:
        raise EncodingError.of(
            "field-too-big", at=f"insn {index}", insn=repr(insn)
        ) from error


def _registers(insn: Insn) -> int:
    """Pack the two register numbers into their byte."""
    if not (0 <= insn.dst < 16 and 0 <= insn.src < 16):
        raise struct.error("a register number has 4 bits")
    return insn.dst | insn.src << 4
