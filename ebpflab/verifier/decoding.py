"""The few questions the walk asks of every instruction, answered by table.

A walk meets the same instructions again and again, so what `Insn` computes from its
opcode is looked up here instead. Nothing else is said here: the meaning of the fields
stands in `isa/`.
"""

from ebpflab.isa.insn import Insn
from ebpflab.isa.operations import Source

_BITS = tuple(Insn(opcode).bits for opcode in range(256))


def bits_of(insn: Insn) -> int:
    """Return the width that arithmetic and jumps work on."""
    return _BITS[insn.opcode]


def has_register(insn: Insn) -> bool:
    """Tell whether the second operand is a register."""
    return bool(insn.opcode & Source.X)
