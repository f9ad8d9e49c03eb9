"""One instruction: its fields by the RFC's names, and how its opcode is read.

    +--------+----+----+----------------+--------------------------------+
    | opcode |dst |src |      off       |              imm               |
    +--------+----+----+----------------+--------------------------------+
      8 bits   4    4     16, signed                32, signed

The 64-bit immediate load takes two slots; the second one's imm is `next_imm`, and
its other bits, which must be 0, are `next_head`.
Source: RFC 9669, section 3.
"""

from dataclasses import dataclass

from ebpflab.isa.operations import InsnClass, Mode, Source
from ebpflab.isa.words import WORD32

_CLASSES = tuple(InsnClass(code) for code in range(8))
_SOURCES = (Source.K, Source.X)
WIDE_OPCODE = 0x18  # LD | IMM | u64


@dataclass(frozen=True, slots=True)
class Insn:
    """One instruction, as it is encoded; nothing is checked here."""

    opcode: int
    dst: int = 0
    src: int = 0
    off: int = 0  # signed; in slots for a jump, in bytes for memory
    imm: int = 0  # signed 32 bits
    next_imm: int = 0  # signed 32 bits; only the 64-bit immediate load has it
    next_head: int = 0  # the other 32 bits of the second slot; 0 when it is legal

    @property
    def insn_class(self) -> InsnClass:
        return _CLASSES[self.opcode & 0x07]

    @property
    def code(self) -> int:
        """The operation of an arithmetic or jump instruction."""
        return self.opcode >> 4

    @property
    def source(self) -> Source:
        return _SOURCES[self.opcode >> 3 & 1]

    @property
    def mode(self) -> int:
        """How a load or store addresses memory: a `Mode`, or an unknown number."""
        return self.opcode & 0xE0

    @property
    def size_code(self) -> int:
        return self.opcode & 0x18

    @property
    def is_wide(self) -> bool:
        return self.opcode == WIDE_OPCODE

    @property
    def slots(self) -> int:
        return 2 if self.is_wide else 1

    @property
    def imm64(self) -> int:
        """The 64-bit immediate, unsigned."""
        return (self.next_imm & WORD32) << 32 | self.imm & WORD32

    @property
    def bits(self) -> int:
        """The width that arithmetic and jumps work on."""
        return 32 if self.insn_class in (InsnClass.ALU, InsnClass.JMP32) else 64


def is_memory_class(insn: Insn) -> bool:
    """Tell loads and stores from arithmetic and jumps."""
    return insn.insn_class <= InsnClass.STX


def is_atomic(insn: Insn) -> bool:
    """Tell whether this is an atomic operation."""
    return insn.insn_class == InsnClass.STX and insn.mode == Mode.ATOMIC
