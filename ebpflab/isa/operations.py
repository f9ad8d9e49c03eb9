"""Every operation of the instruction set: one row each. Add an operation = add a row.

A row says how the operation is encoded, how it is spelled, and what it means. The
meaning is one function over *values*: the interpreter passes words, other engines pass
what they compute with (see words.py). Operands arrive cut to the operation's width, and
whoever calls the meaning cuts the result to it.

      opcode, arithmetic and jumps         opcode, loads and stores
      +----------------+---+------+        +--------+------+-------+
      |      code      | s |class |        |  mode  | size | class |
      +----------------+---+------+        +--------+------+-------+
       7              4   3  2   0          7      5 4    3 2     0

Source: RFC 9669, sections 3 to 5; Linux 6.18 for may_goto.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from ebpflab.isa.words import (
    byte_swapped,
    divided,
    remainder,
    signed,
    signed_divided,
    signed_remainder,
    truncated,
)


class InsnClass(IntEnum):
    """The lower three bits of the opcode (RFC 9669, section 3.2)."""

    LD = 0
    LDX = 1
    ST = 2
    STX = 3
    ALU = 4
    JMP = 5
    JMP32 = 6
    ALU64 = 7


class Source(IntEnum):
    """Where the second operand is: the immediate, or the source register."""

    K = 0x0
    X = 0x8


@dataclass(frozen=True, slots=True)
class AluOp:
    """One arithmetic operation: dst = meaning(dst, src, bits)."""

    name: str
    code: int  # upper 4 bits of the opcode
    symbol: str  # spelling in the disassembly
    meaning: Callable[[Any, Any, int], Any]
    off: int = 0  # the offset field tells some operations apart
    sources: tuple[Source, ...] = (Source.K, Source.X)
    classes: tuple[InsnClass, ...] = (InsnClass.ALU, InsnClass.ALU64)


_X = (Source.X,)
_K = (Source.K,)
_ALU64 = (InsnClass.ALU64,)

ALU_OPS = (
    AluOp("add", 0x0, "+=", lambda dst, src, bits: dst + src),
    AluOp("sub", 0x1, "-=", lambda dst, src, bits: dst - src),
    AluOp("mul", 0x2, "*=", lambda dst, src, bits: dst * src),
    AluOp("div", 0x3, "/=", divided),
    AluOp("sdiv", 0x3, "s/=", signed_divided, off=1),
    AluOp("or", 0x4, "|=", lambda dst, src, bits: dst | src),
    AluOp("and", 0x5, "&=", lambda dst, src, bits: dst & src),
    AluOp("lsh", 0x6, "<<=", lambda dst, src, bits: dst << (src & (bits - 1))),
    AluOp("rsh", 0x7, ">>=", lambda dst, src, bits: dst >> (src & (bits - 1))),
    AluOp("neg", 0x8, "-", lambda dst, src, bits: -dst, sources=_K),
    AluOp("mod", 0x9, "%=", remainder),
    AluOp("smod", 0x9, "s%=", signed_remainder, off=1),
    AluOp("xor", 0xA, "^=", lambda dst, src, bits: dst ^ src),
    AluOp("mov", 0xB, "=", lambda dst, src, bits: src),
    AluOp("movsx8", 0xB, "(s8)", lambda dst, src, bits: signed(src, 8), 8, _X),
    AluOp("movsx16", 0xB, "(s16)", lambda dst, src, bits: signed(src, 16), 16, _X),
    AluOp(
        "movsx32", 0xB, "(s32)", lambda dst, src, bits: signed(src, 32), 32, _X, _ALU64
    ),
    AluOp(
        "arsh",
        0xC,
        "s>>=",
        lambda dst, src, bits: signed(dst, bits) >> (src & (bits - 1)),
    ),
)


@dataclass(frozen=True, slots=True)
class SwapOp:
    """One byte order conversion: dst = meaning(dst, width); the imm is the width.

    Kernel differs: on a big-endian host `le` and `be` change places.
    """

    name: str
    insn_class: InsnClass
    source: Source
    meaning: Callable[[Any, int], Any]


SWAP_CODE = 0xD
SWAP_WIDTHS = (16, 32, 64)
SWAP_OPS = (
    SwapOp("le", InsnClass.ALU, Source.K, truncated),
    SwapOp("be", InsnClass.ALU, Source.X, byte_swapped),
    SwapOp("bswap", InsnClass.ALU64, Source.K, byte_swapped),
)


@dataclass(frozen=True, slots=True)
class JumpOp:
    """One conditional jump: taken(dst, src, bits) decides."""

    name: str
    code: int
    symbol: str
    taken: Callable[[Any, Any, int], Any]


JUMP_OPS = (
    JumpOp("jeq", 0x1, "==", lambda dst, src, bits: dst == src),
    JumpOp("jgt", 0x2, ">", lambda dst, src, bits: dst > src),
    JumpOp("jge", 0x3, ">=", lambda dst, src, bits: dst >= src),
    JumpOp("jset", 0x4, "&", lambda dst, src, bits: dst & src != 0),
    JumpOp("jne", 0x5, "!=", lambda dst, src, bits: dst != src),
    JumpOp("jsgt", 0x6, "s>", lambda dst, src, b: signed(dst, b) > signed(src, b)),
    JumpOp("jsge", 0x7, "s>=", lambda dst, src, b: signed(dst, b) >= signed(src, b)),
    JumpOp("jlt", 0xA, "<", lambda dst, src, bits: dst < src),
    JumpOp("jle", 0xB, "<=", lambda dst, src, bits: dst <= src),
    JumpOp("jslt", 0xC, "s<", lambda dst, src, b: signed(dst, b) < signed(src, b)),
    JumpOp("jsle", 0xD, "s<=", lambda dst, src, b: signed(dst, b) <= signed(src, b)),
)


class Control(IntEnum):
    """Jump codes that are not conditions (upper 4 bits of the opcode)."""

    JA = 0x0
    CALL = 0x8
    EXIT = 0x9
    JCOND = 0xE  # may_goto


class CallKind(IntEnum):
    """What a call's source field says the imm is."""

    HELPER = 0  # a helper's number
    LOCAL = 1  # BPF_PSEUDO_CALL: a distance in slots
    KFUNC = 2  # BPF_PSEUDO_KFUNC_CALL: a BTF id


@dataclass(frozen=True, slots=True)
class Size:
    """One access width."""

    name: str  # LLVM's and the log's spelling
    code: int  # opcode bits 3 and 4, in place
    bytes: int


SIZES = (
    Size("u32", 0x00, 4),
    Size("u16", 0x08, 2),
    Size("u8", 0x10, 1),
    Size("u64", 0x18, 8),
)


class Mode(IntEnum):
    """How memory is addressed (RFC 9669, section 5), in place in the opcode."""

    IMM = 0x00
    ABS = 0x20
    IND = 0x40
    MEM = 0x60
    MEMSX = 0x80
    ATOMIC = 0xC0


@dataclass(frozen=True, slots=True)
class AtomicOp:
    """One atomic: memory = meaning(memory, src); `fetch` returns the old value."""

    name: str
    imm: int
    symbol: str
    meaning: Callable[[Any, Any], Any]
    fetch: bool
    compares: bool = False  # stores only where memory equals r0; returns it in r0


def _atomic(
    name: str, imm: int, symbol: str, meaning: Callable[[Any, Any], Any]
) -> Any:
    """Make the two rows of an atomic that exists with and without fetch."""
    return (
        AtomicOp(name, imm, symbol, meaning, fetch=False),
        AtomicOp(f"fetch_{name}", imm | 1, symbol, meaning, fetch=True),
    )


ATOMIC_OPS: tuple[AtomicOp, ...] = (
    *_atomic("add", 0x00, "+=", lambda old, src: old + src),
    *_atomic("or", 0x40, "|=", lambda old, src: old | src),
    *_atomic("and", 0x50, "&=", lambda old, src: old & src),
    *_atomic("xor", 0xA0, "^=", lambda old, src: old ^ src),
    AtomicOp("xchg", 0xE1, "", lambda old, src: src, fetch=True),
    AtomicOp("cmpxchg", 0xF1, "", lambda old, src: src, fetch=True, compares=True),
)
LOAD_ACQUIRE = 0x100
STORE_RELEASE = 0x110


class Wide(IntEnum):
    """What the source field of a 64-bit immediate load says (RFC 9669, 5.4)."""

    VALUE = 0  # the 64-bit number itself
    MAP_FD = 1
    MAP_VALUE = 2
    BTF_ID = 3
    FUNC = 4
    MAP_IDX = 5
    MAP_IDX_VALUE = 6


ALU_BY_CODE = {(op.code, op.off): op for op in ALU_OPS}
SWAP_BY_KIND = {(op.insn_class, op.source): op for op in SWAP_OPS}
JUMP_BY_CODE = {op.code: op for op in JUMP_OPS}
SIZE_BY_CODE = {size.code: size for size in SIZES}
ATOMIC_BY_IMM = {op.imm: op for op in ATOMIC_OPS}
