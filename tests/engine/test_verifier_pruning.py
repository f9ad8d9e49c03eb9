"""Pruning is sound: without it, a walk comes to the same verdict.

Small random programs are walked twice: once as Linux does, once down every path to its
end (only where a loop without end would be walked does a path stop). What is refused on
a path that pruning cuts off would be a false accept. A planted error must show.
"""

from ebpflab.listing import assemble
from ebpflab.program import Program
from ebpflab.verifier import back_moves, equal
from ebpflab.verifier.check import verify
from ebpflab.verifier.log import Log
from ebpflab.verifier.prepare import prepared
from ebpflab.verifier.refusal import E2BIG, EFAULT, NotModelled, Refusal
from ebpflab.verifier.subprogs import Subprogs
from ebpflab.verifier.validate import validate
from tests.engine.function_programs import random_functions
from tests.engine.test_verifier_walk import random_program

MOST = 6_000  # instructions: paths that double at each branch are not walked whole


def whole_walk(program: Program, monkeypatch) -> tuple[bool, int] | None:
    """Judge without pruning; None where there are too many paths."""
    monkeypatch.setattr("ebpflab.verifier.walk.MOST_INSNS", MOST)
    try:
        env = prepared(program, Log(0), Subprogs())
        env.prunes = False
        validate(env)
    except Refusal as said:
        return None if said.errno in (E2BIG, EFAULT) else (False, said.errno)
    finally:
        monkeypatch.undo()
    return True, 0


def disagreements(seeds: range, monkeypatch, *, patch=()) -> tuple[int, list[int]]:
    """Return how many programs were walked both ways, and those judged otherwise."""
    walked, wrong = 0, []
    for seed in seeds:
        write = random_functions if seed % 2 else random_program
        program = write(seed, 12)
        try:
            whole = whole_walk(program, monkeypatch)
            if whole is None:
                continue
            for where, name, value in patch:
                monkeypatch.setattr(where, name, value)
            verdict = verify(program, log_level=0)
        except NotModelled:
            continue
        finally:
            monkeypatch.undo()
        walked += 1
        if (verdict.accepted, verdict.errno) != whole:
            wrong.append(seed)
    return walked, wrong


def test_without_pruning_the_verdict_is_the_same(monkeypatch) -> None:
    walked, wrong = disagreements(range(240), monkeypatch)
    assert wrong == []
    assert walked > 150


def test_a_planted_error_is_found(monkeypatch) -> None:
    patch = [(equal, "regsafe", lambda *_: True)]
    _, wrong = disagreements(range(600), monkeypatch, patch=patch)
    assert wrong


LATE = """r6 = 100
call bpf_get_prandom_u32
if r0 > 5 goto A
r6 = 0
A:
if r0 == 1 goto B
r2 = 1
B:
if r0 == 2 goto C
r2 = 2
C:
r7 = r6
r1 = r10
r1 += r7
r0 = *(u8 *)(r1 -8)
r0 = 0
exit
"""


def test_precision_lost_on_the_way_is_found(linux, monkeypatch) -> None:
    """CVE-2023-2163: the second path looks like the first, and must not stop."""
    program = assemble(LATE, type="xdp")
    assert not linux.verify(program).accepted
    assert not verify(program).accepted
    monkeypatch.setattr(back_moves, "mov", lambda walk, step, entry: True)
    assert verify(program).accepted
    assert whole_walk(program, monkeypatch) == (False, 13)
