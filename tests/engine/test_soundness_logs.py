"""Stored logs of Linux 6.18: of each of their programs, ours is the same, line by line.

States, their order, the last line and the counts are compared at all levels. Masked is
what two loads do not share: addresses, ids, and the time it took.
"""

import errno
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import ebpflab as lab
from ebpflab.isa.codec import decode, encode
from ebpflab.logs import masked

STORED = (Path(__file__).parent / "logs" / "linux-6.18.txt").read_text()
MAPS = (
    lab.MapSpec("hash", 4, 8, 4, name="gt"),
    lab.MapSpec("array", 4, 48, 4, name="gt"),
)
FIRST_FD = 3  # of the first of these, in the stored programs
TIME = re.compile(r"time \d+ usec")
LOADED = re.compile(r"(\(18\) r\d = )(?:0x[0-9a-f]+|ADDRESS) *")  # a map's address


def stored() -> Iterator[tuple[str, lab.Program, list[str]]]:
    """Yield title, program and logs, each with its heading."""
    for part in re.split(r"^=+\n", STORED, flags=re.MULTILINE)[1:]:
        title, code, rest = part.split("\n", 2)
        logs = re.split(r"^--- ", rest, flags=re.MULTILINE)[1:]
        yield title, program(title, bytes.fromhex(code.removeprefix("hex: "))), logs


def program(title: str, code: bytes) -> lab.Program:
    """Return a program whose map loads name maps by index."""
    insns = [
        replace(insn, imm=insn.imm - FIRST_FD) if insn.is_wide else insn
        for insn in decode(code)
        if insn
    ]
    type = title.rpartition("[")[2].partition(",")[0].lower()
    return lab.Program(encode(insns), type=type, maps=MAPS)


def comparable(log: str) -> list[str]:
    text = TIME.sub("time T usec", LOADED.sub(r"\1ADDRESS ", masked(log)))
    return [line.rstrip() for line in text.strip().splitlines()]


CASES = [(title, program, log) for title, program, logs in stored() for log in logs]


def difference(program: lab.Program, stored: str) -> str:
    """Return the first line that differs; "" if none does."""
    heading, _, log = stored.partition("\n")
    how = re.match(r"log_level (\d)", heading)
    assert how
    privileged = "without CAP_PERFMON" not in heading
    verdict = lab.verify(program, log_level=int(how[1]), privileged=privileged)
    answer = heading.rpartition(": ")[2]
    name = f"REJECTED errno={errno.errorcode.get(verdict.errno)}"
    ours = ["ACCEPTED" if verdict.accepted else name, *comparable(verdict.log)]
    theirs = [answer, *comparable(log)]
    if len(ours) != len(theirs):
        return f"{len(ours)} lines, Linux {len(theirs)}"
    pairs = zip(ours, theirs, strict=True)
    return next((f"{a!r}, Linux {b!r}" for a, b in pairs if a != b), "")


def test_there_are_27_programs_at_all_levels() -> None:
    assert len(list(stored())) == 27
    assert len(CASES) == 3 * 27 + 6


@pytest.mark.parametrize(
    ("program", "log"),
    [(program, log) for _, program, log in CASES],
    ids=[f"{title.split('.')[0]}-{log[10]}" for title, _, log in CASES],
)
def test_a_log_is_that_of_linux(program: lab.Program, log: str) -> None:
    assert difference(program, log) == ""


@pytest.mark.parametrize(
    ("truth", "lie"),
    [
        ("fp-8=0000????", "fp-8=mmmm????"),
        ("processed 6 insns", "processed 7 insns"),
        ("map_value_or_null'", "map_value'"),
        ("errno=EACCES", "errno=EINVAL"),
        ("..2....... (07)", ".12....... (07)"),
    ],
)
def test_a_planted_difference_is_found(truth: str, lie: str) -> None:
    _, program, log = CASES[1]
    assert truth in log
    assert difference(program, log.replace(truth, lie))
