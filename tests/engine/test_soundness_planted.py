"""Errors planted where values are moved: the same examination finds each of them.

Beside the rows of `test_soundness.py`: the parts that rows are made of (known bits,
ranges of either width), what bounds learn from each other, ways of jumps, packet
ranges, the stack, copies, results of helpers. Each error is one function or row
replaced; small programs that use it are examined until something is wrong.
"""

import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from ebpflab.helpers.contract import Ret
from ebpflab.verifier import (
    alu,
    bounds,
    branches,
    check_mem,
    check_packet,
    check_pointer,
    check_region,
    check_result,
    check_stack,
    check_stack_range,
    linked_regs,
    null_checks,
    packet_ranges,
)
from ebpflab.verifier.alu import BOTH_WIDTHS, MEANINGS, SHIFTS
from ebpflab.verifier.bounds import Bounds
from ebpflab.verifier.bugs import Bug
from ebpflab.verifier.check import Judge
from ebpflab.verifier.reg_types import Flag
from ebpflab.verifier.states import SPILL, RegState, Slot
from ebpflab.verifier.tnum import Tnum
from tests.soundness import numbers
from tests.soundness.edges import EDGES
from tests.soundness.examine import examine

ENOUGH = 300  # programs in which a planted error must show

Any_ = Callable[..., Any]


@dataclass(frozen=True)
class Plant:
    """One error: what is replaced, by what, and the programs that use it."""

    where: Any  # a module, or a table
    part: Any  # a name, or a key of the table
    wrong: Callable[[Any], Any]  # makes the wrong one of the right one
    programs: str  # a row of `numbers.single`, or one of EDGES

    @property
    def name(self) -> str:
        owner = getattr(self.where, "__name__", "row").rpartition(".")[2]
        part = getattr(self.part, "name", self.part)
        return f"{owner}-{part}-{self.wrong.__name__}-{self.programs}"

    def put(self, monkeypatch: pytest.MonkeyPatch) -> None:
        if isinstance(self.where, dict):
            wrong = self.wrong(self.where[self.part])
            monkeypatch.setitem(self.where, self.part, wrong)
        else:
            wrong = self.wrong(getattr(self.where, self.part))
            monkeypatch.setattr(self.where, self.part, wrong)


def programs_until_found(wanted: str, how: Judge = Judge(log_level=2)) -> int:  # noqa: B008  (frozen)
    """Return how many programs it took until something was wrong; 0 = too many."""
    for seed in range(ENOUGH):
        chance = random.Random(f"{wanted} {seed}")
        if wanted in EDGES:
            program, inputs = EDGES[wanted](chance)
        else:
            program = numbers.single(wanted, seed)
            inputs = [numbers.packet(chance) for _ in range(6)]
        if examine(program, inputs, how, every_path=False).wrong:
            return seed + 1
    return 0


def forget_what_was_computed() -> None:
    """Empty the caches of the verifier: they may hold what an error made."""
    for name, module in [*sys.modules.items()]:
        if name.startswith("ebpflab.verifier."):
            for part in vars(module).values():
                if hasattr(part, "cache_clear"):
                    part.cache_clear()


@pytest.fixture(autouse=True)
def forgetting() -> Iterator[None]:
    forget_what_was_computed()
    yield
    forget_what_was_computed()


# ---- kinds of errors -------------------------------------------------------------


def a_bit_less(right: Any_) -> Any_:
    """The lowest unknown bit is taken for 0."""

    def wrong(*given: Any) -> Tnum:
        value, mask = right(*given)
        return Tnum(value, mask & (mask - 1))

    return wrong


def without_the_largest(right: Any_) -> Any_:
    """A range (smin, smax, umin, umax) ends one too early."""

    def wrong(*given: Any) -> tuple[int, ...]:
        smin, smax, umin, umax = right(*given)
        return smin, smax - (smin < smax), umin, umax - (umin < umax)

    return wrong


def narrower(b: Bounds) -> Bounds:
    """Forget the largest value of each width."""
    return b._replace(
        umax=b.umax - (b.umin < b.umax),
        smax=b.smax - (b.smin < b.smax),
        u32_max=b.u32_max - (b.u32_min < b.u32_max),
        s32_max=b.s32_max - (b.s32_min < b.s32_max),
    )


def too_narrow(right: Any_) -> Any_:
    return lambda *given: narrower(right(*given))


def yes(right: Any_) -> Any_:
    return lambda *given, **named: True


def no(right: Any_) -> Any_:
    return lambda *given, **named: False


def one_more(right: Any_) -> Any_:
    return lambda *given: right(*given) + 1


def as_given(right: Any_) -> Any_:
    return lambda *given: given[:4]


def end_too_early(right: Any_) -> Any_:
    return lambda *given: (right(*given)[0], right(*given)[1] - 1)


# ---- numbers ---------------------------------------------------------------------

PLAIN = ("add", "sub", "mul", "and", "or", "xor")


def known_bits(name: str) -> Callable[[Any], Any_]:
    """Make a row whose known bits are wrong, and its ranges right."""
    bits, ranges = getattr(alu, f"tnum_{name}"), getattr(alu, f"_{name}")

    def wrong_bits(right: Any) -> Any_:
        return alu._pointwise(a_bit_less(bits), ranges)

    return wrong_bits


def one_range(name: str, size: int) -> Callable[[Any], Any_]:
    """Make a row whose range is wrong in one width."""
    bits, right = getattr(alu, f"tnum_{name}"), getattr(alu, f"_{name}")
    wrong = without_the_largest(right)

    def ranges(a: Any, b: Any, tnum: Tnum, width: Any) -> Any:
        return (wrong if width.bits == size else right)(a, b, tnum, width)

    def wrong_range(right: Any) -> Any_:
        return alu._pointwise(bits, ranges)

    wrong_range.__name__ += str(size)
    return wrong_range


NUMBERS = [
    *(Plant(BOTH_WIDTHS, name, known_bits(name), name) for name in PLAIN),
    *(
        Plant(BOTH_WIDTHS, name, one_range(name, n), name)
        for name in PLAIN
        for n in (32, 64)
    ),
    *(
        Plant(MEANINGS, name, one_more, f"known {name}")
        for name in (*BOTH_WIDTHS, *SHIFTS)
    ),
    Plant(alu, "tnum_lshift", a_bit_less, "lsh"),
    Plant(alu, "tnum_rshift", a_bit_less, "rsh"),
    Plant(alu, "tnum_arshift", a_bit_less, "arsh"),
    Plant(alu, "tnum_neg", a_bit_less, "neg"),
    *(Plant(alu, "tnum_bswap", a_bit_less, name) for name in ("be16", "bswap64")),
    Plant(alu, "tnum_cast", a_bit_less, "mov"),
    Plant(alu, "tnum_range", a_bit_less, "movsx8"),
    Plant(alu, "zext_32_to_64", too_narrow, "add"),
    Plant(alu, "_shifted_left", end_too_early, "lsh"),
    Plant(alu, "_wrapped", as_given, "add"),
    *(
        Plant(bounds, part, too_narrow, "add")
        for part in ("_bounds_from_bits", "_deduce_32", "_deduce_64", "_deduce_mixed")
    ),
    *(
        Plant(bounds, f"tnum_{part}", a_bit_less, "add")
        for part in ("range", "intersect")
    ),
]

# ---- jumps -----------------------------------------------------------------------


def both_ways_narrower(right: Any_) -> Any_:
    return lambda *given: tuple(narrower(b) for b in right(*given))


def known_where_it_is_not(right: Any_) -> Any_:
    """The way on which no bit is set: its largest number is forgotten."""
    return lambda *given: (narrower(right(*given)[0]), right(*given)[1])


def without_the_distance(right: Any_) -> Any_:
    return lambda reg, known: known


JUMPS = [
    Plant(branches, "_are_equal", no, "jeq"),
    Plant(branches, "_are_equal", yes, "jne"),
    Plant(branches, "_has_a_bit", yes, "jset"),
    Plant(branches, "_has_a_bit", no, "jset"),
    Plant(branches, "_apart", yes, "jeq"),
    Plant(branches, "tnum_overlap", no, "jeq"),
    Plant(branches, "_refined", both_ways_narrower, "jge"),
    Plant(branches, "_bits_clear", known_where_it_is_not, "jset"),
    Plant(branches, "tnum_and", a_bit_less, "jset"),
    Plant(branches, "tnum_or", a_bit_less, "jset"),
    Plant(branches, "tnum_intersect", a_bit_less, "jeq"),
    Plant(branches, "tnum_with_subreg", a_bit_less, "jeq"),
    Plant(linked_regs, "_synced", without_the_distance, "copies"),
    Plant(linked_regs, "_moved_otherwise", no, "widths"),
]

# ---- memory ----------------------------------------------------------------------


def a_byte_more(right: Any_) -> Any_:
    """A packet pointer may be read a byte farther than was compared."""

    def wrong(state: Any, pointer: RegState, is_open: bool) -> None:
        right(state, pointer._replace(off=pointer.off + 1), is_open)

    return wrong


def closed(right: Any_) -> Any_:
    """A comparison without `equal` is taken for one with it, one way round only."""
    return lambda state, pointer, is_open: right(state, pointer, True)


def kept_whole(right: Any_) -> Any_:
    """A narrow store keeps all of the number that is stored."""

    def wrong(env: Any, insn: Any, reg: RegState, slot: Slot, size: int) -> Slot:
        return Slot(SPILL * 8, reg)

    return wrong


def not_overwritten(right: Any_) -> Any_:
    return lambda slot, *given: slot


def never_null(right: Any_) -> Any_:
    return lambda call: without_null(right(call))


def without_null(reg: RegState) -> RegState:
    return reg._replace(type=reg.type.without(Flag.PTR_MAYBE_NULL))


def a_byte_farther(right: Any_) -> Any_:
    """A moved pointer is believed a byte before where it is."""

    def wrong(*given: Any) -> RegState:
        moved = right(*given)
        return moved._replace(off=moved.off - 1)

    return wrong


def a_key_more(right: Any_) -> Any_:
    """The key behind the last one is found too."""

    def wrong(call: Any) -> RegState:
        found = right(call)
        return without_null(found) if call.const_key >= 0 else found

    return wrong


def a_larger_record(right: Any_) -> Any_:
    def wrong(call: Any) -> RegState:
        reg = right(call)
        rare = reg.rare._replace(mem_size=reg.rare.mem_size + 1)
        return reg._replace(rare=rare)

    return wrong


def always_not_null(right: Any_) -> Any_:
    """Both ways of a check for null are taken for the one on which it is none."""
    return lambda reg, is_null, maps: right(reg, False, maps)


MEMORY = [
    Plant(packet_ranges, "find_good_pkt_pointers", a_byte_more, "packets"),
    Plant(packet_ranges, "find_good_pkt_pointers", closed, "packets"),
    Plant(check_packet, "inside", yes, "packets"),
    Plant(check_pointer, "_moved", a_byte_farther, "packets"),
    Plant(check_pointer, "_moved", a_byte_farther, "values"),
    Plant(check_stack, "_spilled_number", kept_whole, "stacks"),
    Plant(check_stack, "marked", not_overwritten, "stacks"),
    Plant(check_mem, "coerce_reg_to_size", too_narrow, "stacks"),
    Plant(check_stack_range, "marked", not_overwritten, "stacks"),
    Plant(check_region, "inside", yes, "values"),
    Plant(null_checks, "_checked", always_not_null, "values"),
    Plant(check_result.MAKERS, Ret.PTR_TO_MAP_VALUE_OR_NULL, never_null, "values"),
    Plant(check_result.MAKERS, Ret.PTR_TO_MAP_VALUE_OR_NULL, a_key_more, "values"),
    Plant(check_result, "_pointer", a_larger_record, "results"),
    Plant(check_result, "_between", too_narrow, "results"),
]


# ---- one width, one row ----------------------------------------------------------

WIDTHS = [
    (name, bits) for name in (*BOTH_WIDTHS, *SHIFTS, "movsx8") for bits in (32, 64)
]


def ids(plants: list[Plant]) -> list[str]:
    return [plant.name for plant in plants]


ALL = [*NUMBERS, *JUMPS, *MEMORY]


@pytest.mark.parametrize("plant", ALL, ids=ids(ALL))
def test_an_error_is_found(plant: Plant, monkeypatch) -> None:
    plant.put(monkeypatch)
    assert programs_until_found(plant.programs)


@pytest.mark.parametrize(("name", "bits"), WIDTHS)
def test_an_error_of_one_width_is_found(name: str, bits: int) -> None:
    def wrong(row: str, size: int, dst: Bounds, src: Bounds) -> Bounds:
        found = alu.transfer(row, size, dst, src)
        return narrower(found) if (row, size) == (name, bits) else found

    how = Judge(log_level=2, bug=Bug("planted", transfer=wrong))
    assert programs_until_found(name, how)


@pytest.mark.parametrize("programs", ["add", "jslt", *EDGES])
def test_without_an_error_nothing_is_found(programs: str) -> None:
    for seed in range(30):
        chance = random.Random(f"{programs} {seed}")
        if programs in EDGES:
            program, inputs = EDGES[programs](chance)
        else:
            program, inputs = numbers.single(programs, seed), [bytes(numbers.BYTES)]
        assert examine(program, inputs).wrong == ()
