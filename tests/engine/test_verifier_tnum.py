"""Known bits against all words: every tnum of five bits, and any tnum of 64.

The oracle is the operation on words itself (isa/operations.py where it has a row).
Small words are tried at both ends of a 64-bit word, so that carries leave it too.
"""

from collections.abc import Callable, Iterator
from functools import reduce
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebpflab.isa.operations import ALU_OPS
from ebpflab.isa.words import WORD32, WORD64, byte_swapped, signed
from ebpflab.verifier import tnum as t
from ebpflab.verifier.tnum import Tnum, tnum_union

BITS = 5
ROWS = {op.name: op.meaning for op in ALU_OPS}
Meaning = Callable[[int, int], int]

# name: the operation on tnums, on words, and whether its result is the best possible
BINARY: dict[str, tuple[Callable[[Tnum, Tnum], Tnum], str, bool]] = {
    "add": (t.tnum_add, "add", True),
    "sub": (t.tnum_sub, "sub", True),
    "and": (t.tnum_and, "and", True),
    "or": (t.tnum_or, "or", True),
    "xor": (t.tnum_xor, "xor", True),
    "mul": (t.tnum_mul, "mul", False),
}
EXHAUSTIVE = {"add": 5, "sub": 5, "mul": 5}  # bits; each takes seconds


def tnums(bits: int = BITS) -> list[Tnum]:
    """Return all tnums of so many bits."""
    pairs = product(range(1 << bits), repeat=2)
    return [Tnum(value, mask) for value, mask in pairs if not value & mask]


def words(a: Tnum) -> Iterator[int]:
    """Yield the words of a tnum: its value with every subset of its mask."""
    subset = a.mask
    while True:
        yield a.value | subset
        if not subset:
            return
        subset = (subset - 1) & a.mask


def best(results: Iterator[int]) -> Tnum:
    """Return the smallest tnum around words, made without any code under test."""
    found = list(results)
    ones = reduce(lambda a, b: a & b, found)
    maybe = reduce(lambda a, b: a | b, found)
    return Tnum(ones, maybe & ~ones)


def mistakes(
    operation: Callable[[Tnum, Tnum], Tnum],
    meaning: Meaning,
    left: list[Tnum],
    right: list[Tnum],
    *,
    optimal: bool,
) -> list[tuple[Tnum, Tnum]]:
    """Return the operands for which a result misses a word, or is too large."""
    wrong = []
    for a, b in product(left, right):
        got = operation(a, b)
        want = best(meaning(x, y) & WORD64 for x in words(a) for y in words(b))
        good = got == want if optimal else t.tnum_in(got, want)
        if not good or got.value & got.mask:
            wrong.append((a, b))
    return wrong


def raised(numbers: list[Tnum]) -> list[Tnum]:
    """Put small tnums into the upper bits of a word, where results wrap."""
    up = 64 - 4
    return [Tnum(a.value << up, a.mask << up) for a in numbers]


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("upper", [False, True], ids=["lower", "upper"])
def test_every_pair_of_small_tnums(name: str, upper: bool) -> None:
    operation, row, optimal = BINARY[name]
    small = tnums(4 if upper else EXHAUSTIVE.get(name, 4))
    left = raised(small) if upper else small
    right = small if name == "mul" or not upper else raised(small)
    meaning = lambda x, y: ROWS[row](x, y, 64)  # noqa: E731
    assert mistakes(operation, meaning, left, right, optimal=optimal) == []


WRONG: list[tuple[str, Callable[[Tnum, Tnum], Tnum]]] = [
    ("add", lambda a, b: Tnum(a.value + b.value & ~(a.mask | b.mask), a.mask | b.mask)),
    ("sub", lambda a, b: t.tnum_add(a, b)),
    ("and", lambda a, b: Tnum(a.value & b.value, a.mask & b.mask)),
    ("or", lambda a, b: Tnum(a.value | b.value, a.mask | b.mask)),
    ("xor", lambda a, b: Tnum(a.value ^ b.value, a.mask | b.mask)),
    ("mul", lambda a, b: Tnum(a.value * b.value & WORD64, a.mask * b.mask & WORD64)),
    ("and", lambda a, b: t.TNUM_UNKNOWN),  # sound, and useless
]


@pytest.mark.parametrize(("name", "planted"), WRONG)
def test_a_planted_error_is_found(name: str, planted: Callable[..., Tnum]) -> None:
    _, row, optimal = BINARY[name]
    meaning = lambda x, y: ROWS[row](x, y, 64)  # noqa: E731
    assert mistakes(planted, meaning, tnums(3), tnums(3), optimal=optimal)


UNARY: dict[str, tuple[Callable[[Tnum], Tnum], Callable[[int], int]]] = {
    "neg": (t.tnum_neg, lambda x: -x),
    "lsh3": (lambda a: t.tnum_lshift(a, 3), lambda x: x << 3),
    "rsh3": (lambda a: t.tnum_rshift(a, 3), lambda x: x >> 3),
    "arsh3": (lambda a: t.tnum_arshift(a, 3), lambda x: signed(x, 64) >> 3),
    "arsh3-32": (
        lambda a: t.tnum_arshift(a, 3, 32),
        lambda x: signed(x, 32) >> 3 & WORD32,
    ),
    "sext3": (lambda a: t.tnum_sext(a, 3), lambda x: signed(x, 3)),
    "sext16": (lambda a: t.tnum_sext(a, 16), lambda x: signed(x, 16)),
    "cast4": (lambda a: t.tnum_cast(a, 4), lambda x: x & 15),
    "bswap16": (lambda a: t.tnum_bswap(a, 16), lambda x: byte_swapped(x, 16)),
    "bswap64": (lambda a: t.tnum_bswap(a, 64), lambda x: byte_swapped(x, 64)),
    "subreg": (t.tnum_subreg, lambda x: x & WORD32),
}


@pytest.mark.parametrize("name", UNARY)
@pytest.mark.parametrize("up", [0, 14, 30, 64 - BITS])
def test_every_small_tnum(name: str, up: int) -> None:
    operation, meaning = UNARY[name]
    for small in tnums():
        a = Tnum(small.value << up, small.mask << up)
        assert operation(a) == best(meaning(x) & WORD64 for x in words(a)), a


def test_ranges_sets_and_order() -> None:
    small = tnums(4)
    for least, most in product(range(16), repeat=2):
        if least <= most:
            assert t.tnum_range(least, most) == prefix(least, most)
    for a, b in product(small, repeat=2):
        first, second = set(words(a)), set(words(b))
        assert t.tnum_in(a, b) == (second <= first)
        assert t.tnum_step(a, b.value) == next_word(a, b.value)
        assert t.tnum_overlap(a, b) == bool(first & second)
        assert tnum_union(a, b) == best(iter(first | second))
        if first & second:
            assert set(words(t.tnum_intersect(a, b))) == first & second
    for a, size in product(small, (1, 2, 4, 8)):
        assert t.tnum_is_aligned(a, size) == all(x % size == 0 for x in words(a))


def next_word(a: Tnum, word: int) -> int:
    """Return the next larger word of a tnum, or its largest."""
    return min((x for x in words(a) if x > word), default=max(words(a)))


def prefix(least: int, most: int) -> Tnum:
    """Return the tnum of the bits that two words share from the top."""
    for low in range(65):
        if least >> low == most >> low:
            return Tnum(least >> low << low, (1 << low) - 1)
    raise AssertionError


def test_the_range_is_the_best_tnum_around_its_words() -> None:
    for least, most in product(range(32), repeat=2):
        if least <= most:
            assert t.tnum_range(least, most) == best(iter(range(least, most + 1)))


@st.composite
def tnum_and_word(draw: st.DrawFn) -> tuple[Tnum, int]:
    """Draw a 64-bit tnum and a word of it."""
    word, mask = draw(st.integers(0, WORD64)), draw(st.integers(0, WORD64))
    mask &= draw(st.sampled_from([WORD64, WORD32, 0xFF, ~0xFFFF & WORD64]))
    return Tnum(word & ~mask, mask), word


@pytest.mark.parametrize("name", BINARY)
@given(left=tnum_and_word(), right=tnum_and_word())
def test_words_stay_inside(
    name: str, left: tuple[Tnum, int], right: tuple[Tnum, int]
) -> None:
    operation, row, _ = BINARY[name]
    (a, x), (b, y) = left, right
    got = operation(a, b)
    assert ROWS[row](x, y, 64) & WORD64 in got
    assert not got.value & got.mask
    assert 0 <= got.value | got.mask <= WORD64


@given(one=tnum_and_word(), shift=st.integers(0, 63), bits=st.sampled_from([32, 64]))
def test_shifted_words_stay_inside(
    one: tuple[Tnum, int], shift: int, bits: int
) -> None:
    a, x = one
    shift &= bits - 1
    low = (1 << bits) - 1
    assert x << shift & WORD64 in t.tnum_lshift(a, shift)
    assert x >> shift in t.tnum_rshift(a, shift)
    assert signed(x, bits) >> shift & low in t.tnum_arshift(a, shift, bits)
    assert signed(x, bits) & WORD64 in t.tnum_sext(a, bits)


@given(one=tnum_and_word(), other=tnum_and_word())
def test_halves_are_put_together(
    one: tuple[Tnum, int], other: tuple[Tnum, int]
) -> None:
    (a, x), (b, y) = one, other
    assert x & ~WORD32 | y & WORD32 in t.tnum_with_subreg(a, b)
    assert t.tnum_with_subreg(a, a) == a


def test_text_is_the_log_s() -> None:
    assert str(Tnum(0, 0xFF)) == "(0x0; 0xff)"
