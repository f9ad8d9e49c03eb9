"""`python -m tests.soundness.engines`: the engines against each other and Linux.

For as long as wanted: programs of all families of the tests, and of random instructions
that no verifier would take, run in the interpreter, as Python source and as machine
code; what Linux accepts runs there too. Answers, packets, events, maps and faults must
be equal. Each range of seeds runs in a process of its own, so that a program that kills
one is found and named. Not here: the families themselves, which are the tests'.
"""

import argparse
import random
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import ebpflab as lab
from ebpflab.isa.codec import encode
from ebpflab.isa.insn import Insn
from ebpflab.isa.legal import problems
from ebpflab.isa.spellings import FORMS
from tests.engine import (
    loop_programs,
    test_vm_against_linux,
    test_vm_fuzz,
    test_vm_programs,
)

ENGINES = ("source", "jit")
PACKET = bytes(range(100))
BUDGET = 5_000
AT_ONCE = 500  # programs a process
LONG = {"loops"}  # families that Linux would verify for too long
TIMELESS = ("ktime", "prandom")  # helpers whose answer no two machines share
OFFSETS = (-8, -4, -3, -1, 0, 1, 2, 3, 8, -512, 40)
NUMBERS = (0, 1, 2, 8, 31, 63, -1, -8, 1 << 30, -(1 << 31), 0x50, 0xDB, 12, 100)


def legal_insn(chance: random.Random, pc: int, length: int) -> Insn:
    """Return a random instruction that may stand in slot `pc` of so many."""
    while True:
        form = chance.choice(FORMS)
        fields = {
            "dst": chance.choice((0, 1, 2, 3, 6, 10)),
            "src": chance.choice((0, 1, 2, 3, 6, 10)),
            "off": chance.choice(OFFSETS),
            "imm": chance.choice((*NUMBERS, 1, 2, 3, 5, 7, 181, 164)),
            "next_imm": chance.choice((0, 0, 1, 5)),
        }
        insn = Insn(form.opcode, **{**fields, **form.fixed})
        wrong = [*form.wrong(insn)]
        insn = Insn(
            insn.opcode,
            *(
                0 if name in wrong else getattr(insn, name)
                for name in ("dst", "src", "off", "imm", "next_imm")
            ),
        )
        around = [Insn(0xB7)] * length
        around[pc] = insn
        if insn.slots == 1 and not any(problems(around)):
            return insn


def unverified(seed: int) -> lab.Program:
    """Return a program that no verifier has seen: it may do anything."""
    chance = random.Random(seed)
    length = chance.randint(6, 30)
    insns = [legal_insn(chance, pc, length + 1) for pc in range(length)]
    code = encode([*insns, Insn(0x95)])
    return lab.Program(code, type=chance.choice(("raw", "xdp")), maps=test_vm_fuzz.MAPS)


PROGRAMS: dict[str, Callable[[int], lab.Program]] = {
    "arithmetic": lambda seed: lab.assemble(
        test_vm_against_linux.program_text(seed), type="xdp"
    ),
    "xdp": lambda seed: test_vm_programs.program("xdp", seed),
    "sched_cls": lambda seed: test_vm_programs.program("sched_cls", seed),
    "loops": loop_programs.program,
    "unverified": unverified,
    "calls": lambda seed: lab.Program(
        test_vm_fuzz.calls(random.Random(seed)), type="xdp", maps=test_vm_fuzz.MAPS
    ),
}


def outcome(program: lab.Program, data: Any, engine: str, **options: Any) -> object:
    """Return all that a run gives: its answers and the maps, or its error."""
    try:
        maps = lab.maps(program)
        runs = lab.run(program, data, engine=engine, maps=maps, **options)
    except lab.EbpfLabError as error:
        place = (getattr(error, name, None) for name in ("pc", "address", "region"))
        return type(error).__name__, str(error), *place
    several = isinstance(data, list)
    answers = [
        (run.retval, run.data, run.ctx, run.events)
        for run in (runs if several else [runs])
    ]
    return answers, [contents(map) for map in maps.values()]


def contents(map: lab.Map) -> object:
    """Return what a map holds, whatever its type."""
    things = (getattr(map, name, None) for name in ("slots", "waiting", "held"))
    return bytes(map.values), *(repr(thing) for thing in things)


def differences(family: str, seed: int, linux: bool) -> list[str]:
    """Run one program everywhere; return where answers differ, in words."""
    program = PROGRAMS[family](seed)
    expected = outcome(program, PACKET, "interpreter", budget=BUDGET)
    found = [
        f"{family} {seed}: {engine} {other}, interpreter {expected}"
        for engine in ENGINES
        if (other := outcome(program, PACKET, engine, budget=BUDGET)) != expected
    ]
    if linux and family not in LONG and isinstance(expected[0], list):  # type: ignore[index]
        found += against_linux(program, f"{family} {seed}")
    return found


def against_linux(program: lab.Program, name: str) -> list[str]:
    """Compare machine code with the real kernel, where that takes the program."""
    if any(word in lab.disassemble(program) for word in TIMELESS):
        return []
    try:
        there = lab.linux.run(program, PACKET)
    except lab.EbpfLabError:  # refused, or a type without a test run
        return []
    here = lab.run(program, PACKET, engine="jit")
    if (here.retval, here.data) == (there.retval, there.data):
        return []
    return [f"{name}: Linux {there.retval:#x}, machine code {here.retval:#x}"]


def look(families: list[str], seeds: range, linux: bool) -> int:
    """Run programs in this process; print what differs; return how many do."""
    found = [
        line for seed in seeds for f in families for line in differences(f, seed, linux)
    ]
    print(*found, sep="\n")
    return len(found)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="0:4000", help="from:to")
    parser.add_argument("--families", default=",".join(PROGRAMS))
    parser.add_argument("--here", action="store_true", help="in this process")
    options = parser.parse_args()
    first, last = (int(part) for part in options.seeds.split(":"))
    families = options.families.split(",")
    if options.here:
        linux = not lab.linux.available()
        return min(1, look(families, range(first, last), linux))
    failed = 0
    for start in range(first, last, AT_ONCE):
        seeds = f"{start}:{min(last, start + AT_ONCE)}"
        command = [sys.executable, "-m", "tests.soundness.engines", "--here"]
        done = subprocess.run(
            [*command, "--seeds", seeds, "--families", options.families], check=False
        )
        failed += done.returncode != 0
        print(f"seeds {seeds}: {'equal' if not done.returncode else done}", flush=True)
    return min(1, failed)


if __name__ == "__main__":
    sys.exit(main())
