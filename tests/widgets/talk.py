"""The talk's program beside its verdict, for the tests of the stepper."""

from functools import cache
from pathlib import Path

import ebpflab as lab

SOURCE = Path(__file__).parents[2] / "notebooks/en/xdp_sample.c"
PACKET = bytes.fromhex(
    "0242ac1100020242ac11000308004500003c1c46400040060a740a0000010a000002d4310050"
    "19f2c4e600000000a002faf0b2e10000020405b40402080a1f3b6ac20000000001030307"
)
SHORT = 60  # bytes: its path is pruned


@cache
def program() -> lab.Program:
    return lab.compile(SOURCE.read_text()).programs["xdp_sample_prog"]


@cache
def verdict() -> lab.Verdict:
    return lab.verify(program(), log_level=2)


def run(length: int = len(PACKET)) -> lab.Run:
    obj = lab.compile(SOURCE.read_text())
    return lab.run(obj.programs["xdp_sample_prog"], PACKET[:length], maps=lab.maps(obj))


def lying() -> lab.Verdict:
    """Return a verdict that claims 65 where the program writes 64."""
    lines = verdict().log.splitlines()
    at = next(i for i, line in enumerate(lines) if "w6 = 64" in line and ";" in line)
    lines[at] = lines[at].replace("=64", "=65")
    return lab.explain("\n".join(lines))
