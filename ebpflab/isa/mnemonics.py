"""What other assemblers call the operations, and how they are written here.

Some assemblers (uBPF's, rBPF's) write `add64 r1, r2` where Linux writes `r1 += r2`.
Such a word is no instruction here, but a good reason for a hint. The names are those
of the operation rows.
"""

import re

from ebpflab.isa.disassembler import disassemble_insn
from ebpflab.isa.insn import Insn
from ebpflab.isa.operations import (
    ALU_OPS,
    JUMP_OPS,
    SWAP_CODE,
    SWAP_OPS,
    SWAP_WIDTHS,
    InsnClass,
    Source,
)
from ebpflab.language import catalogue


def _examples() -> dict[str, Insn]:
    """Return one instruction of every operation that has a name, by that name."""
    found = {}
    for op in ALU_OPS:
        source, src = op.sources[-1], 2 if Source.X in op.sources else 0
        opcode = op.code << 4 | source | op.classes[-1]
        found[op.name] = Insn(opcode, 1, src, op.off)
    for jump in JUMP_OPS:
        opcode = jump.code << 4 | Source.X | InsnClass.JMP
        found[jump.name] = Insn(opcode, 1, 2, 3)
    for swap in SWAP_OPS:
        for width in SWAP_WIDTHS:
            opcode = SWAP_CODE << 4 | swap.source | swap.insn_class
            found[f"{swap.name}{width}"] = Insn(opcode, 1, imm=width)
    return found


EXAMPLES = {name: disassemble_insn(insn) for name, insn in _examples().items()}


def how_to_write(word: str) -> str:
    """Return a sentence that tells how an operation is written here, or ""."""
    for name in (word, re.sub(r"(32|64)$", "", word)):
        if example := EXAMPLES.get(name.lower()):
            return catalogue().say("is-written", word=word, example=example)
    return ""
