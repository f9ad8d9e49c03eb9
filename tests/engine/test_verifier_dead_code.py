"""Addresses of functions that no path goes into, against Linux.

What stands where such an address leads once the dead code is gone decides: another
function, or none.
"""

import pytest

from ebpflab.verifier.check import verify
from tests.engine.functions import program_of
from tests.engine.test_vm_programs import program

END = "r0 = 0\nexit\n"
F, G, H = (f"{name}:\nr0 = 1\nexit\n" for name in "FGH")
SKIPPED = "r1 = 0\nif r1 == 1 goto D\n"
EARLIER = f"{SKIPPED}goto E\nD:\nr0 = 7\nr0 = 8\nE:\n"
ADDRESS = "r2 = F ll\ncall G\n"
INSIDE = "G:\nr2 = F ll\nr0 = 0\nexit\n"
PLACES = {
    "nothing else": "r2 = F ll\n" + END + F,
    "at the end": ADDRESS + END + G + F,
    "before another": ADDRESS + END + F + G,
    "two, the second is followed": "r2 = F ll\nr3 = H ll\ncall G\n" + END + F + H + G,
    "dead code right before": f"{ADDRESS}{SKIPPED}{END}D:\n{END}{F}{G}",
    "a wide load in it": f"{ADDRESS}{SKIPPED}{END}D:\nr1 = 5 ll\nr0 = 0\nexit\n{F}{G}",
    "dead code earlier": EARLIER + ADDRESS + END + F + G,
    "dead code earlier, at the end": EARLIER + ADDRESS + END + G + F,
    "jumps to the next": "goto +0\ngoto +0\n" + ADDRESS + END + G + F,
    "a number that another gets": ADDRESS + END + "G:\ngoto +0\ngoto +0\n" + END + F,
    "from behind": "call G\n" + END + F + INSIDE,
    "from behind, dead before": f"call G\n{SKIPPED}{END}D:\n{END}{F}{INSIDE}",
    "from behind, the second": f"call G\n{SKIPPED}{END}D:\ncall H\n{END}{H}{F}{INSIDE}",
    "a dead address": f"call G\n{SKIPPED}{END}D:\nr2 = F ll\n{END}{G}{F}",
}


@pytest.mark.parametrize("privileged", [True, False])
@pytest.mark.parametrize("place", PLACES)
def test_linux_says_the_same_of_an_address(linux, place: str, privileged: bool) -> None:
    whole = program_of(PLACES[place])
    theirs = linux.verify(whole, log_level=4, privileged=privileged)
    ours = verify(whole, log_level=4, privileged=privileged)
    assert (ours.accepted, ours.message) == (theirs.accepted, theirs.message)


def test_both_answers_are_there() -> None:
    answers = {place: verify(program_of(PLACES[place])).accepted for place in PLACES}
    assert answers["before another"]
    assert not answers["at the end"]


@pytest.mark.parametrize("seed", [0, 3, 13, 83])
def test_linux_says_the_same_of_whole_programs(linux, seed: int) -> None:
    whole = program("xdp", seed)
    theirs, ours = linux.verify(whole, log_level=4), verify(whole)
    assert (ours.accepted, ours.errno) == (theirs.accepted, theirs.errno)
