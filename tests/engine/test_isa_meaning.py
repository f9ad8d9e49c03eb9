"""What the rows mean, against what the real kernel computes.

A program reads operands from its packet, operates, and writes the result back into the
packet. A row's meaning is the same function on the same words; RFC 9669, section 4.
"""

import random
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from ebpflab.isa.assembler import assemble_insns
from ebpflab.isa.codec import encode
from ebpflab.isa.insn import Insn
from ebpflab.isa.operations import (
    ALU_OPS,
    ATOMIC_OPS,
    JUMP_OPS,
    SWAP_CODE,
    SWAP_OPS,
    SWAP_WIDTHS,
    AluOp,
    AtomicOp,
    InsnClass,
    JumpOp,
    Source,
)
from ebpflab.isa.words import WORD64, divided, remainder, signed
from ebpflab.program import Program
from tests.engine.test_isa_cases import EDGES

CASES = 40
DST, SRC, SHIFTS = 5, 6, ("lsh", "rsh", "arsh")
BITS = {InsnClass.ALU: 32, InsnClass.JMP32: 32}
HEAD = """
r2 = *(u32 *)(r1 +0)
r3 = *(u32 *)(r1 +4)
r0 = 0
r4 = r2
r4 += {size}
if r4 > r3 goto out
{body}
out: exit
"""
CASE = struct.Struct("<QQQ")  # dst and src; then the first result in place of dst ...


@dataclass(frozen=True)
class Trial:
    """One instruction on two words, and what our row says comes out."""

    insn: Insn
    dst: int
    src: int
    expected: int


# ---- trials, row by row --------------------------------------------------------


def words(rnd: random.Random, count: int = CASES) -> Iterator[tuple[int, int]]:
    """Yield pairs of operands: ends of ranges, and any at all."""
    for _ in range(count):
        yield (
            rnd.choice([rnd.choice(EDGES), rnd.getrandbits(64)]),
            rnd.choice([rnd.choice(EDGES), rnd.getrandbits(64), rnd.getrandbits(7)]),
        )
    smallest = 1 << 63
    yield from [(smallest, WORD64), (1 << 31, WORD64), (smallest, 0), (WORD64, 64)]


def constant(rnd: random.Random, name: str, bits: int) -> int:
    """Return an immediate that the verifier takes for this operation."""
    if name in SHIFTS:
        return rnd.randrange(bits)
    value = rnd.choice([rnd.randrange(1, 100), rnd.getrandbits(32), 0xFFFFFFFF])
    return signed(value or 1, 32)


def alu_trials(op: AluOp, rnd: random.Random) -> Iterator[Trial]:
    for insn_class in op.classes:
        bits = BITS.get(insn_class, 64)
        mask = (1 << bits) - 1
        for source in op.sources:
            for dst, src in words(rnd):
                unary = op.name == "neg"
                imm = constant(rnd, op.name, bits) if source == Source.K else 0
                right = src if source == Source.X else imm
                opcode = op.code << 4 | source | insn_class
                register = SRC if source == Source.X else 0
                insn = Insn(opcode, DST, register, op.off, 0 if unary else imm)
                expected = op.meaning(dst & mask, right & mask, bits) & mask
                yield Trial(insn, dst, src, expected)


def swap_trials(op: Any, rnd: random.Random) -> Iterator[Trial]:
    opcode = SWAP_CODE << 4 | op.source | op.insn_class
    for width in SWAP_WIDTHS:
        for dst, src in words(rnd):
            insn = Insn(opcode, DST, imm=width)
            yield Trial(insn, dst, src, op.meaning(dst, width))


def jump_trials(op: JumpOp, rnd: random.Random) -> Iterator[Trial]:
    for insn_class in (InsnClass.JMP, InsnClass.JMP32):
        bits = BITS.get(insn_class, 64)
        mask = (1 << bits) - 1
        for source in Source:
            for dst, src in words(rnd):
                imm = constant(rnd, op.name, bits) if source == Source.K else 0
                left = rnd.choice([dst, src, imm & WORD64])
                right = src if source == Source.X else imm
                opcode = op.code << 4 | source | insn_class
                register = SRC if source == Source.X else 0
                insn = Insn(opcode, DST, register, 1, imm)
                taken = op.taken(left & mask, right & mask, bits)
                yield Trial(insn, left, src, int(bool(taken)))


# ---- what Linux computes -------------------------------------------------------


def operate(insn: Insn) -> list[Insn]:
    """Return code that leaves the result in r5: a value, or 1 for a jump taken."""
    if insn.insn_class not in (InsnClass.JMP, InsnClass.JMP32):
        return [insn]
    return [*assemble_insns("r7 = 1"), insn, *assemble_insns("r7 = 0\nr5 = r7")]


def body(trials: list[Trial]) -> list[Insn]:
    """Return code that works through all trials, each in its part of the packet."""
    code: list[Insn] = []
    for index, trial in enumerate(trials):
        at = index * CASE.size
        loads = f"r5 = *(u64 *)(r2 +{at})\nr6 = *(u64 *)(r2 +{at + 8})"
        store = f"*(u64 *)(r2 +{at + 16}) = r5"
        code += assemble_insns(loads) + operate(trial.insn) + assemble_insns(store)
    return code


def program_of(code: list[Insn], size: int) -> Program:
    slots = sum(insn.slots for insn in code)
    text = HEAD.format(size=size, body="").replace("goto out", f"goto pc+{slots}")
    head = assemble_insns(text)
    return Program(encode([*head[:-1], *code, head[-1]]), type="xdp")


def computed(linux: Any, trials: list[Trial]) -> list[int]:
    """Return what Linux computes for each trial."""
    size = len(trials) * CASE.size
    packet = b"".join(CASE.pack(t.dst, t.src, 0) for t in trials)
    run = linux.run(program_of(body(trials), size), packet)
    return [result for _, _, result in CASE.iter_unpack(run.data)]


def differences(linux: Any, trials: Iterable[Trial]) -> list[tuple[Trial, int]]:
    """Return the trials on which a row and Linux differ, with Linux's result."""
    waiting, wrong = list(trials), []
    while waiting:
        some, waiting = waiting[:CASES], waiting[CASES:]
        results = zip(some, computed(linux, some), strict=True)
        wrong += [
            (trial, result) for trial, result in results if result != trial.expected
        ]
    return wrong


by_row = pytest.mark.parametrize
name_of = {"ids": lambda op: op.name}


@by_row("op", ALU_OPS, **name_of)
def test_arithmetic_means_what_linux_computes(linux: Any, op: AluOp) -> None:
    assert differences(linux, alu_trials(op, random.Random(op.name))) == []


@by_row("op", SWAP_OPS, **name_of)
def test_a_swap_means_what_linux_computes(linux: Any, op: Any) -> None:
    assert differences(linux, swap_trials(op, random.Random(op.name))) == []


@by_row("op", JUMP_OPS, **name_of)
def test_a_jump_means_what_linux_does(linux: Any, op: JumpOp) -> None:
    trials = list(jump_trials(op, random.Random(op.name)))
    assert {trial.expected for trial in trials} == {0, 1}, "both ways are tried"
    assert differences(linux, trials) == []


# ---- atomics -------------------------------------------------------------------

ATOMIC_CASE = struct.Struct("<QQQQQQ")  # memory, src, r0; then the same afterwards
ATOMIC_TEXT = """
r7 = *(u64 *)(r2 +{0})
*(u64 *)(r10 -8) = r7
r6 = *(u64 *)(r2 +{1})
r0 = *(u64 *)(r2 +{2})
.8byte {insn}
r7 = *(u64 *)(r10 -8)
*(u64 *)(r2 +{3}) = r7
*(u64 *)(r2 +{4}) = r6
*(u64 *)(r2 +{5}) = r0
"""


def atomic_meaning(op: AtomicOp, size: int, memory: int, src: int, r0: int) -> Any:
    """Return memory, src and r0 after an atomic on the lower `size` bytes of memory."""
    mask = (1 << 8 * size) - 1
    old = memory & mask
    if not op.compares or old == r0 & mask:
        new = op.meaning(old, src & mask) & mask
        memory = memory & ~mask & WORD64 | new
    if op.compares:
        return memory, src, old
    return memory, old if op.fetch else src, r0


def atomic_runs(linux: Any, op: AtomicOp) -> Iterator[tuple[Any, Any]]:
    """Yield (what our row says, what Linux did) for many operands."""
    rnd = random.Random(op.name)
    for size, opcode in ((4, 0xC3), (8, 0xDB)):
        insn = int.from_bytes(encode([Insn(opcode, 10, SRC, -8, op.imm)]), "little")
        for memory, src in words(rnd, 20):
            r0 = rnd.choice([memory, src])
            places = range(0, ATOMIC_CASE.size, 8)
            code = assemble_insns(ATOMIC_TEXT.format(*places, insn=insn))
            packet = ATOMIC_CASE.pack(memory, src, r0, 0, 0, 0)
            run = linux.run(program_of(code, ATOMIC_CASE.size), packet)
            after = ATOMIC_CASE.unpack(run.data)[3:]
            yield atomic_meaning(op, size, memory, src, r0), after


@by_row("op", ATOMIC_OPS, **name_of)
def test_an_atomic_means_what_linux_does(linux: Any, op: AtomicOp) -> None:
    for ours, theirs in atomic_runs(linux, op):
        assert ours == theirs


# ---- planted errors ------------------------------------------------------------

Meaning = Callable[[Any, Any, int], Any]
WRONG: dict[str, Meaning] = {
    "add": lambda dst, src, bits: dst | src,
    "div": lambda dst, src, bits: dst // src if src else dst,
    "sdiv": divided,
    "mod": lambda dst, src, bits: dst % src if src else 0,
    "smod": remainder,
    "lsh": lambda dst, src, bits: dst << src if src < bits else 0,
    "rsh": lambda dst, src, bits: dst >> (src & 63),
    "arsh": lambda dst, src, bits: dst >> (src & (bits - 1)),
    "neg": lambda dst, src, bits: ~dst,
    "movsx8": lambda dst, src, bits: src & 0xFF,
    "movsx16": lambda dst, src, bits: signed(src, 8),
    "movsx32": lambda dst, src, bits: src,
}


@by_row("name", WRONG)
def test_a_wrong_meaning_is_found(linux: Any, name: str) -> None:
    (op,) = (op for op in ALU_OPS if op.name == name)
    planted = replace(op, meaning=WRONG[name])
    assert differences(linux, alu_trials(planted, random.Random(name)))


@by_row("op", JUMP_OPS, **name_of)
def test_a_jump_that_takes_the_sign_for_granted_is_found(
    linux: Any, op: JumpOp
) -> None:
    def other(dst: Any, src: Any, bits: int) -> Any:
        swapped = 1 << (bits - 1)  # signed comparison is unsigned with this bit turned
        return op.taken(dst ^ swapped, src ^ swapped ^ 1, bits)

    planted = replace(op, taken=other)
    assert differences(linux, jump_trials(planted, random.Random(op.name)))


@by_row("op", SWAP_OPS, **name_of)
def test_a_wrong_swap_is_found(linux: Any, op: Any) -> None:
    planted = replace(op, meaning=lambda value, width: value)
    assert differences(linux, swap_trials(planted, random.Random(op.name)))


@by_row("op", ATOMIC_OPS, **name_of)
def test_a_wrong_atomic_is_found(linux: Any, op: AtomicOp) -> None:
    planted = replace(op, meaning=lambda old, src: old - src)
    assert any(ours != theirs for ours, theirs in atomic_runs(linux, planted))
