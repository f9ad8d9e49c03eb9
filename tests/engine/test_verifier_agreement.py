"""What our verifier says of thousands of programs is what this kernel says.

Families over all program types, mutants of them, both with and without CAP_PERFMON.
Strict on Linux 6.18, where the rules were observed; elsewhere it only reports.
"""

import platform
from collections.abc import Iterator

import pytest

from tests.differential import workers
from tests.differential.families import FAMILIES
from tests.differential.tally import Job, Tally, judge
from tests.differential.workers import each

WAYS = {  # how many seeds of each family, and how they are judged
    "as generated": (8, {}),
    "mutated": (8, {"mutate": True}),
    "without CAP_PERFMON": (2, {"privileged": False}),
}
LONGEST_S = 15  # for one program; a million processed instructions take longer
pytestmark = pytest.mark.timeout(1200)
SHARES = {"verdicts": 0.99, "everything": 0.90}


def jobs(seeds: int, **how: bool) -> Iterator[Job]:
    for seed in range(seeds):
        for family in FAMILIES:
            yield Job(family, seed, **how)


@pytest.fixture(scope="module", params=WAYS)
def counted(request, linux) -> Tally:
    total, (seeds, how) = Tally(), WAYS[request.param]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workers, "LONGEST_S", LONGEST_S)
        for job, found in each(list(jobs(seeds, **how)), judge):
            total.add(job, found)
    return total


def strict() -> bool:
    return platform.release().startswith("6.18.")


def test_enough_programs_were_judged(counted):
    print(counted.summary())
    assert counted.judged > 0.75 * counted.programs


def test_the_verdicts_are_the_same(counted):
    print(*counted.ranks(), sep="\n")
    if strict():
        assert counted.verdicts >= SHARES["verdicts"] * counted.judged
        assert counted.agreed >= SHARES["everything"] * counted.judged


def test_nothing_is_accepted_that_linux_refuses(counted):
    """Where Linux stumbles over itself ("verifier bug"), nothing can be compared."""
    wrong = [
        kind
        for kind in counted.differences
        if kind.startswith("false accept") and "verifier bug" not in kind
    ]
    print(*wrong, sep="\n")
    if strict():
        assert wrong == []


def test_no_program_breaks_the_verifier(counted):
    """A million processed instructions may take too long here; that breaks nothing."""
    broken = ("crash", "a process died")
    found = [kind for kind in counted.differences if kind.startswith(broken)]
    assert found == []
