"""Loops whose rounds are written several at a time: nothing of that may be seen.

Each loop runs with every budget that ends it, in machine code and in the interpreter,
over packets of every length: the same answer, or the same fault in the same slot after
as many instructions.
"""

import random
from pathlib import Path

import pytest

import ebpflab as lab
from ebpflab.isa.codec import decode
from ebpflab.jit import compiled, loops, products, rounds_ir
from ebpflab.jit.cfg import function_at
from ebpflab.jit.llvm_words import Word
from ebpflab.jit.machine_code import missing
from tests.engine.test_jit import outcome

PACKET = "r6 = r1\nr2 = *(u32 *)(r6 +0)\nr3 = *(u32 *)(r6 +4)\nr0 = 0\n"
VALUE = (
    "*(u32 *)(r10 -4) = 1\nr2 = r10\nr2 += -4\nr1 = array ll\n"
    "call bpf_map_lookup_elem\nr2 = r0\nr0 = 0\n"
)
MAPS = (lab.MapSpec("array", 4, 40, 3, name="array"),)
LOOPS = {  # name: the program, the rounds at a time
    "one block": (
        "r0 = 0\nr3 = 21\nagain: r0 += r3\nr3 -= 1\nif r3 != 0 goto again",
        4,
    ),
    "a packet, to its end": (
        f"{PACKET}again: r4 = r2\nr4 += 2\nif r4 > r3 goto out\nr5 = *(u16 *)(r2 +0)\n"
        "r0 += r5\nr2 = r4\ngoto again",
        4,
    ),
    "a packet, beyond its end": (
        f"{PACKET}again: r5 = *(u8 *)(r2 +0)\nr0 += r5\nr2 += 1\n"
        "if r5 != 99 goto again",
        4,
    ),
    "a packet, backward, beyond": (
        f"{PACKET}r2 += 15\nagain: r5 = *(u8 *)(r2 +0)\n*(u8 *)(r2 +0) = r0\nr0 += r5\n"
        "r2 -= 1\nif r5 != 99 goto again",
        4,
    ),
    "a value, written beyond its end": (
        f"{VALUE}again: *(u16 *)(r2 +4) = r0\nr0 += 1\nr2 += 8\nif r0 != 7 goto again",
        4,
    ),
    "two ways": (
        f"{PACKET}r7 = 30\nagain: r5 = r7\nr5 &= 5\nif r5 == 0 goto even\nr0 += r5\n"
        "goto on\neven: r0 += 100\non: r7 -= 1\nif r7 != 0 goto again",
        4,
    ),
    "two ways back": (
        f"{PACKET}again: r0 += 1\nr5 = r0\nr5 &= 3\nif r5 == 0 goto again\n"
        "if r0 < 30 goto again",
        4,
    ),
    "one in another": (
        f"{PACKET}r7 = 5\nouter: r8 = r7\ninner: r0 += r8\nr0 *= 3\nr8 -= 1\n"
        "if r8 != 0 goto inner\nr7 -= 1\nif r7 != 0 goto outer",
        4,
    ),
    "out of both": (
        f"{PACKET}outer: r8 = 9\ninner: r0 += r8\nif r0 s> 90 goto out\nr8 -= 1\n"
        "if r8 != 4 goto inner\ngoto outer",
        4,
    ),
    "a division of work": (
        f"{PACKET}r7 = 40\nagain: r0 += 3\nr5 = r0\nr5 %= r7\nr7 -= 1\nr0 ^= r5\n"
        "r8 = r0\nr8 <<= 3\nr0 += r8\nr8 s>>= 2\nr0 ^= r8\nif r7 != 0 goto again",
        4,
    ),
    "an atomic": (
        f"{VALUE}r7 = 20\nagain: r5 = r7\nlock *(u64 *)(r2 +8) += r5\nr7 -= 1\n"
        "if r7 != 0 goto again\nr0 = *(u64 *)(r2 +8)",
        4,
    ),
    "may go on": ("r0 = 0\nagain: r0 += 1\nmay_goto out\ngoto again", 4),
    "no end": (f"{PACKET}r7 = 1\nagain: r0 += r7\nr0 *= 5\ngoto again", 4),
}


@pytest.fixture(autouse=True)
def machine_code_or_skip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is found that another test, with a planted error, has compiled."""
    if missing():
        pytest.skip(missing())
    monkeypatch.setenv("EBPFLAB_CACHE", str(tmp_path))
    compiled._PROGRAMS.clear()


def program(text: str) -> lab.Program:
    return lab.assemble(f"{text}\nout: exit", type="xdp", maps=MAPS)


@pytest.mark.parametrize("name", LOOPS)
def test_several_rounds_are_as_many_single_ones(name: str) -> None:
    text, rounds = LOOPS[name]
    loop = program(text)
    insns = decode(loop.code)
    found = loops.small_loops(insns, function_at(insns, 0))
    assert [loop.rounds for loop in found.values()] == [rounds]
    for budget in (*range(90), 1_000):
        for length in (14, 15, 37) if budget % 30 == 0 else (33,):
            data = bytes(range(1, length + 1))
            expected = outcome(loop, data, "interpreter", budget=budget)
            assert outcome(loop, data, "jit", budget=budget) == expected, budget


def test_several_slices_are_one_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """After each slice Python is asked, and the rounds go on several at a time."""
    monkeypatch.setattr("ebpflab.jit.session.SLICE", 100)
    for text, _ in LOOPS.values():
        data = bytes(range(33))
        expected = outcome(program(text), data, "interpreter", budget=1_000)
        assert outcome(program(text), data, "jit", budget=1_000) == expected


def products_of(seed: int) -> lab.Program:
    """Return a loop of products and sums of either width, with awkward values."""
    chance = random.Random(seed)
    lines = []
    for _ in range(chance.randint(3, 8)):
        kind = chance.choice("rrw")
        dst, src = chance.choice((0, 5, 7)), chance.choice((0, 3, 5, 7))
        value = chance.choice((0, 1, 3, -1, 31, -(1 << 31), 0x7FFFFFFF, 12345))
        lines.append(
            chance.choice(
                (
                    f"{kind}{dst} *= {value}",
                    f"{kind}{dst} *= {value}",
                    f"{kind}{dst} += {value}",
                    f"{kind}{dst} -= {value}",
                    f"{kind}{dst} <<= {chance.randint(0, 31)}",
                    f"{kind}{dst} += {kind}{src}",
                    f"{kind}{dst} -= {kind}{src}",
                    f"{kind}{dst} = {kind}{src}",
                    f"{kind}{dst} ^= {kind}{src}",
                    f"{kind}{dst} *= {kind}{src}",
                )
            )
        )
    body = "\n".join(lines)
    return program(
        f"{PACKET}r0 = *(u64 *)(r2 +0)\nr5 = *(u64 *)(r2 +4)\nr7 = r5\nr3 = 19\n"
        f"again: {body}\nr3 -= 1\nif r3 != 0 goto again\nr0 ^= r5\nr0 ^= r7"
    )


def test_products_are_the_same_numbers() -> None:
    data = random.Random(7).randbytes(40)
    for seed in range(30):
        loop = products_of(seed)
        assert outcome(loop, data, "jit") == outcome(loop, data, "interpreter"), seed


def test_a_wrong_product_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: the rest is lost."""
    monkeypatch.setattr(
        products.Form, "word", lambda form: form.base * form.base.constant(form.factor)
    )
    with pytest.raises(AssertionError):
        test_products_are_the_same_numbers()


def test_rounds_without_a_check_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: what the rounds reach is not asked for, once for all of them."""
    monkeypatch.setattr(
        rounds_ir.RoundWriter,
        "_enough",
        lambda writer: Word(writer.writer.lines, "true", 1),
    )
    with pytest.raises(AssertionError):
        test_several_rounds_are_as_many_single_ones("one block")
