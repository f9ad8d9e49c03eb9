"""The stack against Linux: spills, fills, marks, and offsets that are not one number.

One rule a row, judged at both levels and with both rights; then random programs of
stores and loads, and each row with a field changed. Everything must be equal: verdict,
errno, message, `processed`, and the log of level 2.
"""

import random

import pytest

from ebpflab.listing import assemble
from ebpflab.program import Program
from ebpflab.verifier import check_stack, check_stack_range
from tests.engine.agreement import MAPS, compare, mutants

SOME = "r2 = *(u32 *)(r1 +12)\nr2 &= {}\nr3 = r10\nr3 += r2\n"  # fp and something
ZEROS = "*(u64 *)(r10 -8) = 0\n*(u64 *)(r10 -16) = 0\n"
LOOKUP = "r2 = r3\nr1 = h ll\ncall bpf_map_lookup_elem"
RULES = {
    "bytes never written": SOME.format(7) + "r4 = *(u8 *)(r3 -16)",
    "read beyond the frame": SOME.format(31) + "r4 = *(u8 *)(r3 -16)",
    "read below the frame": SOME.format(31) + "r4 = *(u8 *)(r3 -520)",
    "write somewhere": SOME.format(7) + "*(u8 *)(r3 -16) = 5",
    "write somewhere, misaligned": SOME.format(7) + "*(u64 *)(r3 -16) = 5",
    "write in one of two slots": SOME.format(8) + "*(u64 *)(r3 -16) = 5",
    "read anywhere": SOME.format(-1) + "r4 = *(u8 *)(r3 -16)",
    "write anywhere": SOME.format(-1) + "*(u8 *)(r3 -16) = 3",
    "zeros over zeros": SOME.format(8)
    + ZEROS
    + "r4 = *(u64 *)(r3 -16)\n*(u64 *)(r3 -16) = 0\nr5 = 0\n*(u64 *)(r3 -16) = r5\n"
    "r4 = *(u64 *)(r10 -16)",
    "zeros over half a slot": SOME.format(8)
    + "*(u32 *)(r10 -4) = 0\n*(u64 *)(r10 -16) = 0\nr4 = *(u64 *)(r3 -16)\n"
    "*(u64 *)(r3 -16) = 0\nr5 = 0\n*(u64 *)(r3 -16) = r5\nr4 = *(u64 *)(r10 -16)",
    "zeros, byte by byte": SOME.format(7)
    + "*(u16 *)(r10 -4) = 0\n*(u16 *)(r10 -2) = 0\n*(u8 *)(r10 -15) = 0\n"
    "r4 = *(u8 *)(r3 -8)\nr5 = 0\n*(u8 *)(r3 -8) = r5\n*(u8 *)(r3 -16) = r5",
    "a pointer perhaps overwritten": SOME.format(8)
    + "*(u64 *)(r10 -8) = r1\n*(u64 *)(r3 -16) = 5\nr4 = *(u64 *)(r10 -8)\n"
    "r5 = *(u32 *)(r4 +0)",
    "a pointer's bytes": SOME.format(3)
    + "*(u64 *)(r10 -8) = r1\n*(u8 *)(r3 -5) = 5\nr4 = *(u64 *)(r10 -8)\nr5 = r4",
    "a number's bytes": SOME.format(3)
    + "*(u64 *)(r10 -8) = r2\n*(u8 *)(r3 -5) = 5\nr4 = *(u32 *)(r10 -8)\nr5 = r4",
    "a half number's bytes": "r2 = *(u32 *)(r1 +12)\n*(u64 *)(r10 -8) = 0\n"
    "*(u32 *)(r10 -8) = r2\n*(u8 *)(r10 -7) = 0\nr4 = *(u64 *)(r10 -8)",
    "a moved somewhere": SOME.format(1)
    + "r3 += -16\n*(u8 *)(r3 +0) = 1\nr4 = *(u8 *)(r3 +0)",
    "a negative distance": "r2 = *(u32 *)(r1 +12)\nr2 &= 7\nr3 = r10\nr4 = -16\n"
    "r4 += r2\nr3 += r4\nr5 = *(u8 *)(r3 +0)",
    "a key somewhere": SOME.format(4) + ZEROS + "r3 += -16\n" + LOOKUP,
    "a key never written": SOME.format(4) + "r3 += -16\n" + LOOKUP,
    "a key beyond the frame": SOME.format(31) + "r3 += -16\n" + LOOKUP,
    "a key partly written": "*(u8 *)(r10 -7) = 0\nr3 = r10\nr3 += -8\n" + LOOKUP,
    "a key anywhere": SOME.format(-1) + LOOKUP,
    "narrow fills": "r2 = *(u32 *)(r1 +12)\n*(u32 *)(r10 -8) = r2\n"
    "r3 = *(u32 *)(r10 -8)\nr4 = *(u16 *)(r10 -8)\nr5 = *(u16 *)(r10 -6)\n"
    "r5 = *(u8 *)(r10 -4)\nr5 = *(u64 *)(r10 -8)",
    "upper halves": "r2 = *(u32 *)(r1 +12)\n*(u64 *)(r10 -8) = r2\n"
    "r3 = *(u32 *)(r10 -4)\n*(u64 *)(r10 -16) = 0\nr4 = *(u32 *)(r10 -12)\n"
    "r4 = *(u8 *)(r10 -9)\n*(u32 *)(r10 -12) = 0\nr4 = *(u64 *)(r10 -16)",
    "signed fills": "r2 = *(u32 *)(r1 +12)\n*(u64 *)(r10 -8) = r2\n"
    "r3 = *(s8 *)(r10 -8)\nr3 = *(s32 *)(r10 -8)\nr3 = *(s16 *)(r10 -6)",
    "misaligned somewhere": SOME.format(7) + "r4 = *(u32 *)(r3 -16)",
    "misaligned": "r4 = *(u32 *)(r10 -15)",
    "the lowest byte": "*(u8 *)(r10 -511) = 1\nr3 = *(u8 *)(r10 -512)\n"
    "r3 = *(u8 *)(r10 -513)",
    "half a pointer, signed": "*(u64 *)(r10 -8) = r1\nr3 = *(s8 *)(r10 -8)",
    "half a pointer overwritten": "*(u64 *)(r10 -8) = r1\n*(u32 *)(r10 -8) = 1\n"
    "r2 = *(u64 *)(r10 -8)",
    "a link through a slot": "r2 = *(u8 *)(r10 -8)\n*(u64 *)(r10 -16) = r2\n"
    "r3 = *(u64 *)(r10 -16)\nif r3 > 9 goto X\nr4 = r2\nr4 = *(u64 *)(r10 -16)\nX:",
    "a cut breaks the link": "r2 = *(u64 *)(r10 -8)\n*(u32 *)(r10 -16) = r2\n"
    "r3 = *(u32 *)(r10 -16)\nif r3 > 9 goto X\nr4 = r2\nr4 = *(u32 *)(r10 -16)\nX:",
    "precise through a slot": "r2 = *(u8 *)(r10 -8)\nr2 &= 7\n*(u64 *)(r10 -16) = r2\n"
    "r3 = *(u64 *)(r10 -16)\nr4 = r10\nr4 += r3\nr5 = *(u8 *)(r4 -8)",
}


def program(rule: str) -> Program:
    return assemble(f"{RULES[rule]}\nr0 = 0\nexit", type="xdp", maps=MAPS)


@pytest.mark.parametrize("privileged", [True, False])
@pytest.mark.parametrize("rule", RULES)
def test_linux_says_the_same_of_one_rule(linux, rule: str, privileged: bool) -> None:
    for level in (1, 2):
        assert compare(linux, program(rule), level, privileged=privileged) == []


def test_linux_says_the_same_of_mutants(linux) -> None:
    """Every row with a field or two changed: message and count."""
    for seed, rule in enumerate(RULES):
        for mutant in mutants(program(rule), random.Random(seed), 12):
            assert compare(linux, mutant, 0) == [], mutant.code.hex()


# ---- random programs -----------------------------------------------------------

REGISTERS = (0, 2, 3, 4, 5, 7, 8, 9)  # r1 is for pointers, r6 keeps the context
NUMBERS = (0, 0, 0, 1, -1, 5, 255, 256, 0x7FFFFFFF, -0x80000000)


def random_program(seed: int, length: int) -> Program:
    """Write stores and loads of all widths, at known and unknown offsets."""
    chance = random.Random(seed)
    lines = ["r6 = r1", *(f"r{n} = *(u32 *)(r6 +12)" for n in REGISTERS)]
    for label in range(length):
        lines += chance.choices(KINDS, (6, 5, 6, 2, 3, 2), k=1)[0](chance, label)
    text = "\n".join([*lines, "r0 = 0", "exit"])
    return assemble(text, type="xdp", maps=MAPS)


def _place(chance: random.Random, size: int) -> str:
    off = chance.choice((8, 16, 24)) - size * chance.randrange(8 // size)
    return f"*(u{size * 8} *)(r10 -{off})"


def _store(chance: random.Random, label: int) -> list[str]:
    size = chance.choice((1, 2, 4, 8, 8))
    what = chance.choice((*REGISTERS, 6, 10) if size == 8 else REGISTERS)
    return [f"{_place(chance, size)} = r{what}"]


def _store_number(chance: random.Random, label: int) -> list[str]:
    size = chance.choice((1, 2, 4, 8))
    return [f"{_place(chance, size)} = {chance.choice(NUMBERS)}"]


def _load(chance: random.Random, label: int) -> list[str]:
    size = chance.choice((1, 2, 4, 8, 8))
    return [f"r{chance.choice(REGISTERS)} = {_place(chance, size)}"]


def _somewhere(chance: random.Random, label: int) -> list[str]:
    size, reg = chance.choice((1, 2, 4, 8)), chance.choice(REGISTERS)
    place = f"*(u{size * 8} *)(r1 -{chance.choice((16, 24, 8))})"
    mask = chance.choice((7, 8, 8, 12, 15)) & -size
    access = chance.choice((f"r{reg} = {place}", f"{place} = r{reg}", f"{place} = 0"))
    return [
        f"r{reg} = *(u32 *)(r6 +12)",
        f"r{reg} &= {mask}",
        "r1 = r10",
        f"r1 += r{reg}",
        access,
        "r1 = 0",
    ]


def _atomic(chance: random.Random, label: int) -> list[str]:
    reg, off = chance.choice(REGISTERS), chance.choice((8, 16, 24))
    return [
        chance.choice(
            (
                f"r{reg} = atomic64_fetch_add((u64 *)(r10 -{off}), r{reg})",
                f"r{reg} = atomic_fetch_or((u32 *)(r10 -{off}), r{reg})",
                f"lock *(u64 *)(r10 -{off}) += r{reg}",
                f"r0 = atomic64_cmpxchg((u64 *)(r10 -{off}), r0, r{reg})",
                f"r{reg} = load_acquire((u16 *)(r10 -{off}))",
                f"store_release((u64 *)(r10 -{off}), r{reg})",
            )
        )
    ]


def _branch(chance: random.Random, label: int) -> list[str]:
    test = chance.choice(("== 0", "> 7", "!= 5", "s< 1"))
    return [
        f"if r{chance.choice(REGISTERS)} {test} goto L{label}",
        *_store(chance, 0),
        f"L{label}:",
    ]


KINDS = (_store, _store_number, _load, _somewhere, _atomic, _branch)


@pytest.mark.parametrize("privileged", [True, False])
def test_linux_says_the_same_of_random_programs(linux, privileged: bool) -> None:
    accepted = 0
    for seed in range(200):
        made = random_program(seed, 12)
        assert compare(linux, made, privileged=privileged) == [], seed
        accepted += linux.verify(made, log_level=0, privileged=privileged).accepted
    assert accepted > (60 if privileged else 0)


# ---- planted errors --------------------------------------------------------------


def plain(slot, *_: object):
    return slot


PLANTED = [
    (check_stack, "scrubbed", plain),  # what a byte is written over stays
    (check_stack_range, "_with_zero", plain),  # all stays what it was
    (check_stack_range, "_is_initialized", lambda *_: True),
    (check_stack, "_check_not_corrupted", lambda *_: None),
]


@pytest.mark.parametrize(("where", "name", "wrong"), PLANTED)
def test_a_planted_error_is_found(linux, monkeypatch, where, name, wrong) -> None:
    monkeypatch.setattr(where, name, wrong)
    tried = [*map(program, RULES), *(random_program(seed, 12) for seed in range(40))]
    assert any(
        compare(linux, one, privileged=privileged)
        for privileged in (False, True)
        for one in tried
    )
