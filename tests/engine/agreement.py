"""Is what the verifier says what Linux says? Asked by the tests of every feature.

Compared are verdict, errno, message and the number of processed instructions, and at
levels 1 and 2 the log, line by line. A program that is not modelled agrees with
nothing: NotModelled goes through.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import replace

from ebpflab.errors import LinuxError
from ebpflab.isa.codec import encode
from ebpflab.isa.insn import Insn
from ebpflab.program import MapSpec, Program
from ebpflab.results import Verdict
from ebpflab.verifier.check import verify

HASH = MapSpec("hash", 4, 16, 8, name="h")
ARRAY = MapSpec("array", 4, 48, 4, name="a")
GLOBALS = MapSpec("array", 4, 64, 1, name="g")
MAPS = (HASH, ARRAY, GLOBALS)

MAP_ADDRESS = re.compile(r"(\(18\) r\d+ = )0x[0-9a-f]+ *(;|$)")


def compare(
    linux, program: Program, level: int = 2, *, privileged: bool = True
) -> list[str]:
    """Return what Linux says otherwise; [] = nothing, or it did not look at it."""
    try:
        theirs = linux.verify(program, log_level=level, privileged=privileged)
        told = theirs
        if level < 2:  # without the whole log a message's line may be cut off
            told = linux.verify(program, log_level=2, privileged=privileged)
    except LinuxError:
        return []
    ours = verify(program, log_level=level, privileged=privileged)
    found = []
    if answer(ours) != answer(told):
        found.append(f"Linux {answer(told)}, here {answer(ours)}")
    for a, b in zip(lines(theirs.log), lines(ours.log), strict=False):
        if a != b:
            found.append(f"Linux: {a}\nhere:  {b}")
    return found


def answer(verdict: Verdict) -> tuple[bool, int, str, int]:
    return verdict.accepted, verdict.errno, verdict.message, verdict.insns_processed


def lines(log: str) -> list[str]:
    """Return a log's lines without map addresses."""
    return [MAP_ADDRESS.sub(r"\1N \2", line) for line in log.splitlines()]


def mutants(program: Program, chance: random.Random, count: int) -> Iterator[Program]:
    """Yield a program with one or two fields of its instructions changed."""
    for _ in range(count):
        insns = [insn for insn in program.insns if insn]
        for _ in range(chance.choice((1, 1, 2))):
            place = chance.randrange(len(insns))
            insns[place] = changed(insns[place], chance)
        yield replace(program, code=encode(insns))


def changed(insn: Insn, chance: random.Random) -> Insn:
    """Return an instruction with one field changed."""
    match chance.randrange(6):
        case 0:
            return replace(insn, dst=chance.randrange(12))
        case 1:
            return replace(insn, src=chance.randrange(12))
        case 2:
            return replace(insn, off=insn.off + chance.choice((-8, -4, -1, 1, 4, 8)))
        case 3:
            off = chance.choice((0, 1, -1, -512, 513, 8))
            return replace(insn, off=off)
        case 4:
            imm = chance.choice((0, 1, -1, insn.imm ^ 64, insn.imm + 1, 1 << 30))
            return replace(insn, imm=imm)
        case _:
            return insn if insn.is_wide else replace(insn, opcode=_near(insn, chance))


def _near(insn: Insn, chance: random.Random) -> int:
    """Return another opcode, mostly of the same class, never a 64-bit load."""
    opcode = insn.opcode ^ chance.choice((0x08, 0x10, 0x18, 0x01, 0x20, 0x80, 0x03))
    return insn.opcode if opcode == 0x18 else opcode
