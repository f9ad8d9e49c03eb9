"""States: what pruning may and may not do, liveness, loops, and large programs.

Linux compares whole logs in test_verifier_walk.py; here stand the rules one by one,
where a mistake would accept too much.
"""

import pytest

from ebpflab.listing import assemble
from ebpflab.verifier.bounds import Bounds, constant, reg_bounds_sync
from ebpflab.verifier.cfg import Graph, check_cfg
from ebpflab.verifier.check import verify
from ebpflab.verifier.equal_regs import Exact, IdMap, regsafe
from ebpflab.verifier.equal_stack import stacksafe
from ebpflab.verifier.loops import components
from ebpflab.verifier.refusal import NotModelled
from ebpflab.verifier.stack_liveness import StackLiveness
from ebpflab.verifier.states import (
    ADD_CONST64,
    EMPTY_SLOT,
    NOT_INIT,
    SCALAR,
    UNKNOWN_SCALAR,
    FuncState,
    RegState,
    RegType,
    Slot,
    initial_state,
)
from ebpflab.verifier.subprogs import Subprogs, add_subprogs

SMALL = RegState(SCALAR, reg_bounds_sync(Bounds(umax=9)))
SEVEN = RegState(SCALAR, constant(7))
VALUE = RegState(RegType.PTR_TO_MAP_VALUE, constant(0), map=0)
PACKET = RegState(RegType.PTR_TO_PACKET, constant(0), range=14)
FRAME = RegState(RegType.PTR_TO_STACK, constant(0))

REGSAFE = [  # old, new, whether the old value mattered, whether it covers the new one
    (SMALL, SEVEN, True, True),
    (SEVEN, SMALL, True, False),
    (SEVEN, SMALL, False, True),  # any number will do
    (SMALL, VALUE, False, False),  # but not a pointer
    (NOT_INIT, VALUE, False, True),  # it was never read
    (SMALL, NOT_INIT, False, False),
    (VALUE, VALUE._replace(off=4), False, False),
    (VALUE, VALUE._replace(map=1), False, False),
    (VALUE._replace(bounds=SMALL.bounds), VALUE, False, True),
    (VALUE, VALUE._replace(bounds=SMALL.bounds), False, False),
    (PACKET, PACKET._replace(range=20), False, True),
    (PACKET, PACKET._replace(range=13), False, False),
    (PACKET, PACKET._replace(off=1), False, False),
    (FRAME, FRAME._replace(off=-8), False, False),
    (SMALL, SMALL._replace(id=1), True, True),  # a link more
    (SMALL._replace(id=1), SMALL._replace(id=1 | ADD_CONST64, off=1), True, False),
]


@pytest.mark.parametrize(("old", "new", "precise", "safe"), REGSAFE)
def test_a_register_covers_another(old, new, precise: bool, safe: bool) -> None:
    assert regsafe(old, new, precise, IdMap(100), Exact.NOT_EXACT) is safe


def test_equal_ids_stay_equal() -> None:
    """Two copies of one number must not be covered by two unrelated numbers."""
    ids = IdMap(100)
    linked = SMALL._replace(id=1)
    assert regsafe(linked, SMALL._replace(id=5), True, ids, Exact.NOT_EXACT)
    assert not regsafe(linked, SMALL._replace(id=6), True, ids, Exact.NOT_EXACT)
    assert not regsafe(linked, SMALL, True, ids, Exact.NOT_EXACT)
    ids = IdMap(100)
    assert regsafe(linked, SMALL, True, ids, Exact.NOT_EXACT)
    assert not regsafe(linked, SMALL, True, ids, Exact.NOT_EXACT)


def frame(*slots: Slot) -> FuncState:
    return FuncState(list(initial_state().frame.regs), list(slots))


def spilled(reg: RegState) -> Slot:
    return Slot("r" * 8, reg)


STACKSAFE = [
    (EMPTY_SLOT, spilled(VALUE), True),
    (Slot("mmmmmmmm"), spilled(VALUE), True),
    (Slot("00000000"), Slot("mmmmmmmm"), False),
    (Slot("00000000"), Slot("00000000"), True),
    (spilled(VALUE), Slot("mmmmmmmm"), False),
    (spilled(VALUE), spilled(VALUE), True),
    (spilled(SMALL), Slot("mmmmmmmm"), True),  # the number did not matter
    (Slot("????0000"), EMPTY_SLOT, False),
    (Slot("????rrrr", SMALL), Slot("????rrrr", SEVEN), True),
    (Slot("????rrrr", SMALL), Slot("???rrrrr", SEVEN), True),
    (Slot("???rrrrr", SMALL), Slot("????rrrr", SEVEN), False),
]


@pytest.mark.parametrize(("old", "new", "safe"), STACKSAFE)
def test_a_slot_covers_another(old: Slot, new: Slot, safe: bool) -> None:
    assert stacksafe(frame(old), frame(new), IdMap(9), Exact.NOT_EXACT) is safe


def test_a_shorter_stack_covers_a_longer_one_only() -> None:
    ids, exact = IdMap(9), Exact.NOT_EXACT
    assert stacksafe(frame(), frame(spilled(VALUE)), ids, exact)
    assert not stacksafe(frame(spilled(VALUE)), frame(), ids, exact)


def test_a_number_that_mattered_in_a_slot() -> None:
    old, new = frame(spilled(SEVEN)), frame(spilled(SMALL))
    assert stacksafe(old, new, IdMap(9), Exact.NOT_EXACT)
    old.precise_slots = 1
    assert not stacksafe(old, new, IdMap(9), Exact.NOT_EXACT)
    assert not stacksafe(old, frame(Slot("mmmmmmmm")), IdMap(9), Exact.NOT_EXACT)


def test_exact_means_exact() -> None:
    assert not regsafe(UNKNOWN_SCALAR, SEVEN, False, IdMap(9), Exact.EXACT)
    assert regsafe(SEVEN, SEVEN, False, IdMap(9), Exact.EXACT)
    one, other = frame(Slot("mmmmmmmm")), frame(Slot("00000000"))
    assert not stacksafe(one, other, IdMap(9), Exact.EXACT)


def test_a_copy_shares_nothing_that_changes() -> None:
    state = initial_state()
    state.frame.stack.append(spilled(SEVEN))
    other = state.copy()
    other.frame.regs[0], other.frame.stack[0] = SEVEN, EMPTY_SLOT
    assert state.frame.regs[0] is NOT_INIT
    assert state.frame.stack[0] == spilled(SEVEN)


# ---- liveness and loops ----------------------------------------------------------

NESTED = """r1 = 0
A:
r2 = 0
B:
r2 += 1
if r2 < 3 goto B
r1 += 1
if r1 < 3 goto A
C:
r3 = 1
if r3 != 1 goto C
exit
"""


def graph_of(text: str) -> tuple[Graph, Subprogs]:
    insns = assemble(text, type="xdp").insns
    subprogs = add_subprogs(insns)
    return check_cfg(insns, subprogs), subprogs


def test_loops_are_numbered() -> None:
    assert components(graph_of(NESTED)[0]) == [0, 2, 2, 2, 2, 2, 1, 1, 0]


def test_a_slot_is_dead_only_if_every_visit_wrote_it_whole() -> None:
    slots = StackLiveness(*graph_of("r0 = 0\nif r0 == 0 goto L\nL:\nr0 = 0\nexit"))
    state = initial_state()
    instance = slots.instance(state, 0)
    instance.visit(2, reads={0: 1}, writes={})
    instance.visit(1, reads={}, writes={0: 1})
    slots.update(state)
    assert (slots.before(state), instance.live_before(2, 0)) == ([0], 1)
    instance.visit(1, reads={}, writes={})  # elsewhere this time
    slots.update(state)
    assert slots.before(state) == [1]


# ---- large programs --------------------------------------------------------------

LOOP = """r2 = 0
r3 = *(u8 *)(r10 -8)
L:
*(u64 *)(r10 -16) = r2
r4 = r3
r4 &= 63
if r4 > 20 goto M
r4 += 1
M:
r5 = *(u64 *)(r10 -16)
r5 += 1
r2 = r5
r3 ^= r2
if r2 < {rounds} goto L
r0 = 0
exit
"""


@pytest.mark.parametrize("rounds", [100, 1000, 20_000])
def test_many_rounds_are_counted_as_linux_counts(linux, rounds: int) -> None:
    """The largest is refused: too many paths wait for their turn (EFAULT)."""
    program = assemble(LOOP.format(rounds=rounds), type="xdp")
    ours, theirs = verify(program, log_level=4), linux.verify(program, log_level=4)
    assert ours.log.splitlines()[-1] == theirs.log.splitlines()[-1]
    assert (ours.errno, ours.message) == (theirs.errno, theirs.message)


def test_no_verdict_where_linux_may_crash(monkeypatch) -> None:
    """Never to be asked of a real kernel: a fork of a sign with no room to wait."""
    text = "r2 = *(u64 *)(r10 -8)\nr2 s>>= 63\nr2 &= -8\nr0 = 0\nexit"
    program = assemble(text, type="xdp")
    assert verify(program).accepted
    monkeypatch.setattr("ebpflab.verifier.check_alu.MOST_BRANCHES", 0)
    with pytest.raises(NotModelled):
        verify(program)
