"""How much work a verification is, in units that no busy machine changes.

What grows faster than the program is a bug: each kind of work is counted for a small
and a large program, by processed instruction.
"""

import tracemalloc
from collections.abc import Callable

import pytest

from ebpflab.listing import assemble
from ebpflab.verifier import blocks, equal, equal_stack
from ebpflab.verifier.backtrack import Backtrack
from ebpflab.verifier.check import verify
from tests.bench_verifier import arithmetic, branches, calls, stack, unrolled

SMALL, LARGE = 1, 6
COMPARISONS = ((equal, "regsafe"), (equal_stack, "slot_safe"), (equal, "slot_safe"))


def counted(monkeypatch, text: str, places) -> float:
    """Return how often functions are called, by processed instruction."""
    count = 0

    def counting(function: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object, **rest: object) -> object:
            nonlocal count
            count += 1
            return function(*args, **rest)

        return call

    for where, name in places:
        monkeypatch.setattr(where, name, counting(getattr(where, name)))
    verdict = verify(assemble(text, type="xdp"), log_level=0)
    monkeypatch.undo()
    assert verdict.accepted, verdict.message
    return count / verdict.insns_processed


@pytest.mark.parametrize("kind", [arithmetic, stack, branches, unrolled, calls])
@pytest.mark.parametrize(
    ("places", "most"),
    [
        (COMPARISONS, 1.5),  # of registers and slots
        ([(Backtrack, "_is_traced")], 1.5),  # steps back over a jump's target
        ([(blocks, "heappop")], 1.0),  # blocks whose liveness is solved
    ],
    ids=["comparisons", "backtracking", "liveness"],
)
def test_work_grows_as_the_program_does(monkeypatch, kind, places, most) -> None:
    small = counted(monkeypatch, kind(SMALL), places)
    large = counted(monkeypatch, kind(LARGE), places)
    print(f"{kind.__name__}: {small:.2f}, {large:.2f}")
    assert large <= most
    assert large <= small * 1.5 + 0.1


@pytest.mark.parametrize("kind", [arithmetic, stack, branches, calls])
def test_a_million_instructions_fit_into_memory(kind) -> None:
    """Less than 1 KiB by processed instruction: under 1 GiB for all there may be."""
    program = assemble(kind(3), type="xdp")
    verify(program, log_level=0)  # what is kept for later programs, too
    tracemalloc.start()
    verdict = verify(program, log_level=0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak / verdict.insns_processed < 600
