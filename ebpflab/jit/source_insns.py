"""Instructions that do not jump, and tests, as lines of Python: by the rows (text.py).

Not here: how a place in memory is found (source_text.py).
"""

from __future__ import annotations

from collections.abc import Sequence, Set

from ebpflab.isa.insn import Insn
from ebpflab.isa.operations import (
    ALU_BY_CODE,
    JUMP_BY_CODE,
    SWAP_BY_KIND,
    SWAP_CODE,
    InsnClass,
    Mode,
    Source,
)
from ebpflab.isa.words import WORD32, WORD64
from ebpflab.jit.text import FITS, Text, put

_LOW = {"add", "sub", "mul", "and", "or", "xor", "lsh", "neg"}
"""What is the same in the lower bits, however long the operand is."""
_IN_A_ROW = _LOW | {"rsh", "arsh"}  # those that write their operand down once
_MOVES = {code for (code, _), op in ALU_BY_CODE.items() if op.name in ("add", "sub")}
_LONGER = {"mul", "lsh"}
_LONGEST = 2  # products in a row: numbers much longer than words are slow


def load(insn: Insn, size: int, buffer: str, place: str) -> str:
    """Return the line that loads from a place in a buffer."""
    kind = "s" if insn.mode == Mode.MEMSX else "u"
    if size == 1 and kind == "u":
        return f"r{insn.dst} = {buffer}[{place}]"
    if size == 2 and kind == "u":  # faster than unpack_from
        return f"r{insn.dst} = {buffer}[{place}] | {buffer}[{place} + 1] << 8"
    cut_ = f" & {WORD64}" if kind == "s" else ""
    return f"r{insn.dst} = {kind}{size}({buffer}, {place})[0]{cut_}"


def store(insn: Insn, size: int, buffer: str, place: str) -> str:
    """Return the line that stores to a place in a buffer."""
    mask = (1 << 8 * size) - 1
    if insn.insn_class is InsnClass.ST:
        value = str(insn.imm & mask)
    else:
        value = f"r{insn.src}" + (f" & {mask}" if size < 8 else "")
    if size == 1:
        return f"{buffer}[{place}] = {value}"
    return f"p{size}({buffer}, {place}, {value})"


def _operands(insn: Insn) -> tuple[Text, Text]:
    """Return both operands, cut to the operation's width."""
    mask = (1 << insn.bits) - 1
    registers = (
        Text(f"r{n}") if insn.bits == 64 else Text(f"(r{n} & {WORD32})")
        for n in (insn.dst, insn.src)
    )
    dst, src = registers
    return dst, src if insn.source is Source.X else Text(str(insn.imm & mask))


def arithmetic(insns: Sequence[Insn]) -> tuple[str, ...]:
    """Return the lines of arithmetic that belongs together, as one expression."""
    register, bits = f"r{insns[0].dst}", insns[0].bits
    if insns[0].code == SWAP_CODE:
        swap = SWAP_BY_KIND[insns[0].insn_class, insns[0].source].meaning
        return put(register, swap(Text(register), insns[0].imm), 64)
    value, longer = _operands(insns[0])[0], 0
    for insn in insns:
        row = ALU_BY_CODE[insn.code, insn.off]
        longer += row.name in _LONGER
        if value.range != FITS and (row.name not in _LOW or longer > _LONGEST):
            value, longer = Text(f"({value.text} & {(1 << bits) - 1})"), 1
        value = row.meaning(value, _operands(insn)[1], bits)
    return put(register, value, bits)


def together(insns: Sequence[Insn]) -> int:
    """Return how many instructions, of which the first is arithmetic, are one.

    They compute on the same register, and none of them needs the value in between.
    """
    first = insns[0]
    count = 1
    while count < len(insns) and _goes_on(first, insns[count]):
        count += 1
    return count


def _goes_on(first: Insn, insn: Insn) -> bool:
    same = (first.insn_class, first.dst) == (insn.insn_class, insn.dst)
    if not same or SWAP_CODE in (first.code, insn.code):
        return False
    by_itself = insn.source is Source.X and insn.src == insn.dst
    return ALU_BY_CODE[insn.code, insn.off].name in _IN_A_ROW and not by_itself


def moves(insn: Insn, addresses: Set[int]) -> bool:
    """Tell whether this moves an address by a constant: it stays a word.

    An address of memory is at least 2**32 and far below 2**63 (vm/memory.py).
    """
    by_constant = insn.insn_class is InsnClass.ALU64 and insn.source is Source.K
    return by_constant and insn.code in _MOVES and insn.dst in addresses


def test(insn: Insn) -> str:
    """Return the expression that tells whether a jump is taken."""
    dst, src = _operands(insn)
    taken: Text = JUMP_BY_CODE[insn.code].taken(dst, src, insn.bits)
    return taken.text
