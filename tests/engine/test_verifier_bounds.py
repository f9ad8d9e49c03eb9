"""Bounds against words, and against Linux: every register after every instruction.

Two oracles. The rows of the instruction set compute on words: whatever a word does,
the bounds around it must still hold it. And Linux's verifier writes what it knows after
each instruction of a random program: ours must write the same text.
"""

import random
import re
from collections.abc import Callable, Iterator

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from ebpflab.isa.codec import encode
from ebpflab.isa.insn import Insn
from ebpflab.isa.operations import (
    ALU_BY_CODE,
    ALU_OPS,
    JUMP_BY_CODE,
    JUMP_OPS,
    SWAP_BY_KIND,
    SWAP_CODE,
    SWAP_OPS,
    SWAP_WIDTHS,
    InsnClass,
    Source,
)
from ebpflab.isa.words import WORD32, WORD64, signed
from ebpflab.program import Program
from ebpflab.verifier import alu, bounds, branches
from ebpflab.verifier.bounds import UNKNOWN, Bounds, constant, reg_bounds_sync
from ebpflab.verifier.number_text import scalar_text, violation_text
from ebpflab.verifier.tnum import Tnum

# ---- soundness: words stay inside ------------------------------------------------

CORNERS = [0, 1, 2, 0x7F, 0x80, 0xFFFF, 1 << 31, (1 << 31) - 1, WORD32, 1 << 32]
CORNERS += [1 << 63, (1 << 63) - 1, WORD64, WORD64 - 1, WORD64 ^ WORD32, 31, 32, 63]
WORDS = st.one_of(st.sampled_from(CORNERS), st.integers(0, WORD64), st.integers(0, 300))


def around(words: list[int]) -> Bounds:
    """Return the tightest bounds around words, made without the code under test."""
    ones, maybe = words[0], words[0]
    for word in words:
        ones, maybe = ones & word, maybe | word
    halves = [word & WORD32 for word in words]
    s64, s32 = [signed(w, 64) for w in words], [signed(w, 32) for w in words]
    whole = (min(s64), max(s64), min(words), max(words))
    half = (min(s32), max(s32), min(halves), max(halves))
    return Bounds(Tnum(ones, maybe & ~ones), *whole, *half)


@st.composite
def known_words(draw: st.DrawFn) -> tuple[Bounds, list[int]]:
    """Draw some words and what is known of them: everything, or only a part."""
    words = draw(st.lists(WORDS, min_size=1, max_size=3))
    tight, kept = around(words), draw(st.integers(0, 31))
    parts = [(0, 1), (1, 3), (3, 5), (5, 7), (7, 9)]  # slices of Bounds
    known: list[object] = []
    for bit, (start, end) in enumerate(parts):
        known += (tight if kept >> bit & 1 else UNKNOWN)[start:end]
    return Bounds(*known), words  # type: ignore[arg-type]


def escaped(
    transfer: Callable[..., Bounds],
    row: str,
    bits: int,
    dst: tuple[Bounds, list[int]],
    src: tuple[Bounds, list[int]],
) -> list[tuple[int, int, int]]:
    """Return the words whose result the transferred bounds do not hold."""
    meaning, mask = alu.MEANINGS[row], (1 << bits) - 1
    got = transfer(row, bits, reg_bounds_sync(dst[0]), reg_bounds_sync(src[0]))
    wrong = []
    for x in dst[1]:
        for y in src[1]:
            result = meaning(x & mask, y & mask, bits) & mask
            if result not in got:
                wrong.append((x, y, result))
    return wrong


@given(known=known_words())
def test_what_bounds_learn_from_each_other_is_true(
    known: tuple[Bounds, list[int]],
) -> None:
    b, words = known
    synced = reg_bounds_sync(b)
    assert all(word in synced for word in words)
    assert not bounds.contradiction(synced)


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("row", [op.name for op in ALU_OPS])
@settings(max_examples=60)
@given(dst=known_words(), src=known_words())
def test_results_stay_inside(row: str, bits: int, dst, src) -> None:
    assert escaped(alu.transfer, row, bits, dst, src) == []


def test_every_row_of_the_instruction_set_has_a_transfer_function() -> None:
    """Those without one give up; nothing else does."""
    without = {op.name for op in ALU_OPS} - alu.KNOWN - alu.MOVES.keys()
    assert without == {"div", "sdiv", "mod", "smod"}
    given_up = alu.transfer("div", 64, constant(8), constant(2))
    assert given_up == UNKNOWN  # as Linux 6.18 does
    rows = {op.name for op in JUMP_OPS}
    assert rows | {"jclear"} == branches.NEGATED.keys()
    assert rows <= branches.ROWS.keys() | branches.SWAPPED.keys()


MASK32 = (1 << 32) - 1
JLE = 0xB
SEARCH = settings(max_examples=5000, phases=[Phase.generate])


def shifted_in_64_bits(row: str, bits: int, dst: Bounds, src: Bounds) -> Bounds:
    """CVE-2018-18445: a 32-bit right shift on 64-bit bounds."""
    result = alu.transfer(row, 64, dst, src)
    return alu.zext_32_to_64(result) if bits == 32 else result


def added_in_64_bits(row: str, bits: int, dst: Bounds, src: Bounds) -> Bounds:
    """CVE-2017-17852: 32-bit arithmetic done in 64 bits."""
    return alu.transfer(row, 64, dst, src)


def halves_from_the_whole(row: str, bits: int, dst: Bounds, src: Bounds) -> Bounds:
    """CVE-2020-27194: the 64-bit bounds of an `or`, cut, as those of its half."""
    got = alu.transfer(row, 64, dst, src)
    low = (got.umin & MASK32, got.umax & MASK32)
    return got._replace(u32_min=low[0], u32_max=low[1])


def no_overflow(row: str, bits: int, dst: Bounds, src: Bounds) -> Bounds:
    """The ends of a sum of which only one wraps, taken as bounds."""
    got = alu.transfer(row, bits, dst, src)
    return got._replace(umax=dst.umax + src.umax & WORD64)


@pytest.mark.parametrize(
    ("planted", "row", "bits"),
    [
        (shifted_in_64_bits, "rsh", 32),
        (added_in_64_bits, "add", 32),
        (halves_from_the_whole, "or", 64),
        (no_overflow, "add", 64),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_a_planted_error_is_found(planted, row: str, bits: int) -> None:
    @SEARCH
    @given(dst=known_words(), src=known_words())
    def search(dst, src) -> None:
        assert not escaped(planted, row, bits, dst, src)

    with pytest.raises(AssertionError):
        search()


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("op", JUMP_OPS, ids=lambda op: op.name)
@settings(max_examples=60)
@given(dst=known_words(), src=known_words())
def test_branches_keep_the_words_that_go_there(op, bits: int, dst, src) -> None:
    assert lost(branches.reg_set_min_max, op, bits, dst, src) == []


def lost(refine, op, bits: int, dst, src) -> list[tuple[int, int]]:
    """Return the pairs of words that a branch lost, or that it sent the wrong way."""
    a, b = reg_bounds_sync(dst[0]), reg_bounds_sync(src[0])
    decided = branches.is_branch_taken(op.name, bits, a, b)
    mask, wrong = (1 << bits) - 1, []
    for x in dst[1]:
        for y in src[1]:
            taken = bool(op.taken(x & mask, y & mask, bits))
            after_a, after_b = refine(op.name, bits, taken, a, b)
            if x not in after_a or y not in after_b or decided is (not taken):
                wrong.append((x, y))
    return wrong


def strict_for_loose(name: str, bits: int, taken: bool, a: Bounds, b: Bounds):
    """Read <= as <."""
    return branches.reg_set_min_max({"jle": "jlt"}.get(name, name), bits, taken, a, b)


def whole_from_half(name: str, bits: int, taken: bool, a: Bounds, b: Bounds):
    """CVE-2020-8835: bounds of a 32-bit jump put on the whole number."""
    return branches.reg_set_min_max(name, 64, taken, a, b)


@pytest.mark.parametrize("planted", [strict_for_loose, whole_from_half])
def test_a_planted_error_in_branches_is_found(planted) -> None:
    @SEARCH
    @given(dst=known_words(), src=known_words())
    def search(dst, src) -> None:
        assert not lost(planted, JUMP_BY_CODE[JLE], 32, dst, src)

    with pytest.raises(AssertionError):
        search()


@pytest.mark.parametrize("op", SWAP_OPS, ids=lambda op: op.name)
@given(a=known_words(), width=st.sampled_from(SWAP_WIDTHS))
def test_swapped_words_stay_inside(op, a, width: int) -> None:
    got = alu.byte_order(op.name, width, reg_bounds_sync(a[0]))
    assert all(op.meaning(word, width) & WORD64 in got for word in a[1])


@given(a=known_words(), size=st.sampled_from([1, 2, 4, 8]))
def test_loaded_words_stay_inside(a, size: int) -> None:
    mask = (1 << size * 8) - 1
    got = alu.coerce_reg_to_size(reg_bounds_sync(a[0]), size)
    assert all(word & mask in got for word in a[1])


@given(a=known_words())
def test_a_fork_loses_nothing(a) -> None:
    b = reg_bounds_sync(a[0])
    if ways := alu.fork_at_sign(b):
        assert all(any(word in way for way in ways) for word in a[1])


def test_a_register_compared_with_itself() -> None:
    """Linux 6.18 does not see that it equals itself; the possible way stays whole."""
    b = reg_bounds_sync(Bounds(umax=9))
    assert branches.compared_with_itself("jge", 64, True, b) == b
    assert branches.compared_with_itself("jge", 64, False, b).umax == 8


# ---- Linux -----------------------------------------------------------------------

LOADS = {0x79: (8, False), 0x61: (4, False), 0x69: (2, False), 0x71: (1, False)}
LOADS |= {0x81: (4, True), 0x89: (2, True), 0x91: (1, True)}
NUMBERS = [0, 1, -1, 2, 7, 8, 15, 16, 31, 32, 33, 63, 64, 255, 256, 0xFFFF, -2, -8]
NUMBERS += [0x7FFFFFFF, -0x80000000, 100, 1000, -255, 0x10000, 0x40000000]
MASKS = [1, 3, 7, 15, 255, 0xFF0, 0xFFFF, 0x7FFFFFFF, 0x70, 0xFFF, -8, -256]
AMOUNTS = {32: [0, 1, 3, 8, 16, 24, 31], 64: [0, 1, 8, 24, 31, 32, 33, 48, 63]}
JUMP_CLASSES = (InsnClass.JMP, InsnClass.JMP32)
RETURN_0 = [Insn(0xB7), Insn(0x95)]
GIVEN_UP = {"div", "sdiv", "mod", "smod"}


def number(r: random.Random) -> int:
    kind = r.random()
    if kind < 0.6:
        return r.choice(NUMBERS)
    return r.randint(-(1 << 31), (1 << 31) - 1) if kind < 0.8 else r.randint(-40, 40)


def load(r: random.Random, dst: int) -> Insn:
    """Read a number that nobody knows: the stack, never written."""
    return Insn(r.choice(list(LOADS)), dst, 10, -8)


def arithmetic(r: random.Random) -> Insn:
    """Make one ALU instruction; division seldom, as it forgets everything."""
    rows = [op for op in ALU_OPS if op.name not in GIVEN_UP or r.random() < 0.3]
    op = r.choice(rows)
    insn_class, source = r.choice(op.classes), r.choice(op.sources)
    opcode, dst = op.code << 4 | source | insn_class, r.randrange(10)
    if source is Source.X:
        return Insn(opcode, dst, r.randrange(10), op.off)
    imm = number(r)
    if op.name in alu.SHIFTS:
        imm = r.choice(AMOUNTS[64 if insn_class is InsnClass.ALU64 else 32])
    if op.name == "neg" or op.name in GIVEN_UP:
        imm = 0 if op.name == "neg" else imm or 3
    return Insn(opcode, dst, 0, op.off, imm)


def one_insn(r: random.Random, jumps: bool) -> Insn:
    kind, dst = r.random(), r.randrange(10)
    if jumps and kind < 0.35:
        op, insn_class = r.choice(JUMP_OPS), r.choice(JUMP_CLASSES)
        if r.random() < 0.6:
            return Insn(op.code << 4 | insn_class, dst, imm=number(r))
        return Insn(op.code << 4 | Source.X | insn_class, dst, r.randrange(10))
    if kind < 0.4:
        return load(r, dst)
    if kind < 0.45:
        return Insn(0x18, dst, imm=number(r), next_imm=number(r))
    if kind < 0.5:
        op = r.choice(SWAP_OPS)
        opcode = SWAP_CODE << 4 | op.source | op.insn_class
        return Insn(opcode, dst, imm=r.choice(SWAP_WIDTHS))
    if kind < 0.6:
        return Insn(r.choice((0x57, 0x54)), dst, imm=r.choice(MASKS))
    return arithmetic(r)


def random_insns(seed: int, length: int, jumps: bool) -> list[Insn]:
    """Make a program's body: ten unknown numbers, then whatever may be done to them."""
    r = random.Random(seed)
    insns = [load(r, dst) for dst in range(10)]
    while len(insns) < length:
        insn = one_insn(r, jumps)
        if jumps and insn.insn_class >= InsnClass.ALU and insn.code == 0xB:
            continue  # no moves among jumps: linked registers are not this test's
        insns.append(insn)
    return insns


def with_exits(insns: list[Insn]) -> dict[int, Insn]:
    """Give every jump an exit of its own, so that nothing is pruned; by slot."""
    slots, at = [], 0
    for insn in insns:
        slots.append(at)
        at += insn.slots
    out = {}
    for slot, insn in zip(slots, insns, strict=True):
        if insn.insn_class in JUMP_CLASSES:
            at += len(RETURN_0)
            off = at - slot - 1
            insn = Insn(insn.opcode, insn.dst, insn.src, off, insn.imm)
        out[slot] = insn
    return out


def program_of(body: dict[int, Insn]) -> Program:
    jumps = sum(insn.insn_class in JUMP_CLASSES for insn in body.values())
    code = encode([*body.values(), *RETURN_0 * (jumps + 1)])
    return Program(code, type="socket_filter")


REGISTER = re.compile(r"\bR(\d)=(P?scalar\([^()]*(?:\([^()]*\)[^()]*)*\)|P?-?\w+)")
ID = re.compile(r"\bid=\d+(?:[+-]\d+)?,?")


def registers_in(text: str) -> dict[int, str]:
    """Read the states of numbers out of a line of the log, ids left out."""
    found = REGISTER.findall(text)
    return {int(reg): ID.sub("", state.removeprefix("P")) for reg, state in found}


class Walker:
    """Our own states along the first path of a program."""

    def __init__(self, body: dict[int, Insn], transfer=alu.transfer) -> None:
        self.body, self.transfer = body, transfer
        self.regs: dict[int, Bounds] = {}
        self.others: dict[int, dict[int, Bounds]] = {}  # the ways not walked, by slot
        self.complaints: list[str] = []

    def step(self, slot: int) -> bool:
        """Do one instruction; return whether the path goes on behind it."""
        insn = self.body[slot]
        if insn.insn_class in JUMP_CLASSES:
            return self._jump(slot, insn)
        self.regs[insn.dst] = self._result(insn)
        return True

    def _operand(self, insn: Insn) -> Bounds:
        if insn.source is Source.X:
            return self.regs[insn.src]
        return constant(insn.imm & WORD64)

    def _result(self, insn: Insn) -> Bounds:
        if insn.is_wide:
            return constant(insn.imm64)
        if insn.insn_class is InsnClass.LDX:
            size, is_signed = LOADS[insn.opcode]
            load = alu.sign_extended if is_signed else alu.coerce_reg_to_size
            return load(UNKNOWN, size * 8 if is_signed else size)
        dst = self.regs[insn.dst]
        if insn.code == SWAP_CODE:
            swap = SWAP_BY_KIND[insn.insn_class, insn.source]
            return alu.byte_order(swap.name, insn.imm, dst)
        op, src = ALU_BY_CODE[insn.code, insn.off], self._operand(insn)
        if op.name in ("and", "or") and src.is_const:
            ways = alu.fork_at_sign(dst)
            dst = ways[1] if ways else dst
            src = dst if insn.source is Source.X and insn.src == insn.dst else src
        return self.transfer(op.name, insn.bits, dst, src)

    def _jump(self, slot: int, insn: Insn) -> bool:
        name, a = JUMP_BY_CODE[insn.code].name, self.regs[insn.dst]
        decided = branches.is_branch_taken(name, insn.bits, a, self._operand(insn))
        if decided is not None:
            return not decided
        jumped = self._refined(insn, name, True, "true_reg")
        self.regs = self._refined(insn, name, False, "false_reg")
        self.others[slot] = jumped
        return True

    def _refined(
        self, insn: Insn, name: str, taken: bool, which: str
    ) -> dict[int, Bounds]:
        a, b, regs = self.regs[insn.dst], self._operand(insn), dict(self.regs)
        if insn.source is Source.X and insn.src == insn.dst:
            after = {insn.dst: branches.compared_with_itself(name, insn.bits, taken, a)}
        else:
            x, y = branches.reg_set_min_max(name, insn.bits, taken, a, b)
            after = {insn.dst: x} | ({insn.src: y} if insn.source is Source.X else {})
        for place, (reg, known) in enumerate(after.items(), 1):
            if why := bounds.contradiction(known):
                text = violation_text(f"{which}{place}", why, known)
                self.complaints.append("verifier bug: " + text)
                known = bounds.forget_bounds(known)
            regs[reg] = known
        return regs


STEP = re.compile(r"(\d+): \(..\)[^;]*(?:; (.*))?$")
STATE = re.compile(r"(\d+): (R.*)$")
OTHER = re.compile(r"from (\d+) to (\d+): (.*)$")


def differences(log: str, walker: Walker) -> Iterator[str | None]:
    """Compare a log of level 2, line by line; yield None for each state that agrees."""
    lines = log[log.index("\n0: R1=ctx() R10=fp0") + 1 :].splitlines()[1:]
    at, complaints = 0, []
    for line in lines:
        if other := OTHER.match(line):
            if other[1] == other[2]:
                break  # the other way of a fork at the sign: the body again
            regs, text, at = walker.others.pop(int(other[1])), other[3], -1
        elif at >= 0 and (step := STEP.match(line)):
            at, text = int(step[1]), step[2] or ""
            if at not in walker.body or not walker.step(at):
                at = -1  # the path left the body
                continue
            regs = walker.regs
        elif at >= 0 and (state := STATE.match(line)):
            regs, text = walker.regs, state[2]
        else:
            complaints += [line] if "INVARIANTS" in line else []
            continue
        yield from compared(registers_in(text), regs, line)
    if complaints != walker.complaints:
        yield f"theirs {complaints}\nours   {walker.complaints}"


def compared(
    theirs: dict[int, str], regs: dict[int, Bounds], line: str
) -> Iterator[str | None]:
    for reg, text in theirs.items():
        if reg in regs:
            ours = scalar_text(regs[reg])
            yield None if ours == text else f"{line}\nours: R{reg}={ours}"


def disagreements(linux, seeds: range, *, jumps: bool, transfer=alu.transfer):
    """Return how many states were compared, and where Linux disagrees."""
    count, wrong = 0, []
    for seed in seeds:
        walker = Walker(with_exits(random_insns(seed, 60, jumps)), transfer)
        log = linux.verify(program_of(walker.body), log_level=2).log
        results = list(differences(log, walker))
        count += len(results)
        wrong += [f"seed {seed}: {text}" for text in results if text][:1]
    return count, wrong


def test_linux_writes_the_same_after_each_instruction(linux) -> None:
    count, wrong = disagreements(linux, range(400), jumps=False)
    assert wrong == []
    assert count > 25_000


def test_linux_writes_the_same_on_both_ways_of_each_jump(linux) -> None:
    count, wrong = disagreements(linux, range(500), jumps=True)
    assert wrong == []
    assert count > 10_000


def test_a_planted_difference_is_found(linux) -> None:
    """A transfer function that is right, but knows less than Linux."""

    def modest(name: str, bits: int, dst: Bounds, src: Bounds) -> Bounds:
        got = alu.transfer(name, bits, dst, src)
        return got._replace(s32_min=bounds.S32_MIN) if name == "add" else got

    _, wrong = disagreements(linux, range(20), jumps=False, transfer=modest)
    assert wrong
