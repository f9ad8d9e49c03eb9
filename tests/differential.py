"""The differential harness, by hand: programs in, where Linux and we differ out.

    python -m tests.differential --seeds 0:500
    python -m tests.differential --seeds 900000:900500 --mutate

Random programs of every family (arithmetic, whole programs of two types, programs for
the verifier) go to Linux and to us. Compared are the verdict with its message, where
ours is known, and what a run answers. A difference is made as small as it gets,
counted with those like it, and stored as a text case in build/differences; a case that
stands in tests/engine/cases is compared in every test run from then on. Needs root.
Not here: the families themselves, which are the tests'.
"""

import argparse
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import ebpflab as lab
from ebpflab.isa.codec import SLOT_BYTES, encode
from ebpflab.isa.insn import Insn
from ebpflab.logs import masked
from ebpflab.verifier.check import verify
from ebpflab.verifier.refusal import NotModelled
from tests.engine import test_verifier_walk, test_vm_against_linux, test_vm_programs

ROOT = Path(__file__).parents[1]
FOUND = ROOT / "build" / "differences"
CASES = ROOT / "tests" / "engine" / "cases"
PACKET = bytes(range(100))
NOTHING = bytes.fromhex("0500000000000000")  # goto pc+0: an instruction taken out
NEVER_REACHED = "EncodingError"  # Linux overlooks it where no path leads: legal.py
TIMELESS = ("ktime", "prandom")  # helpers whose answer no two machines share

FAMILIES: dict[str, Callable[[int], lab.Program]] = {
    "arithmetic": lambda seed: lab.assemble(
        test_vm_against_linux.program_text(seed), type="xdp"
    ),
    "xdp": lambda seed: test_vm_programs.program("xdp", seed),
    "sched_cls": lambda seed: test_vm_programs.program("sched_cls", seed),
    "verifier": lambda seed: test_verifier_walk.random_program(seed, 14),
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One program on which Linux and we do not agree."""

    program: lab.Program
    kind: str  # what differs, without what two loads do not share
    told: str  # both sides' words


def compare(program: lab.Program) -> Difference | None:
    """Ask both sides; return where they differ first, or None."""
    try:
        theirs = lab.linux.verify(program)
    except lab.LinuxError:  # the kernel did not judge it
        return None
    try:
        ours = verify(program)
    except NotModelled:
        return _compare_runs(program) if theirs.accepted else None
    pair = masked(theirs.message), masked(ours.message)
    if ours.accepted != theirs.accepted:
        which = "false accept" if ours.accepted else "false reject"
        return Difference(program, f"{which}: {max(pair)}", f"{pair}")
    if pair[0] != pair[1]:
        return Difference(program, f"message: {pair[0]}", f"{pair}")
    return _compare_runs(program) if theirs.accepted else None


def _compare_runs(program: lab.Program) -> Difference | None:
    if any(name in lab.disassemble(program) for name in TIMELESS):
        return None
    there = _answer(lab.linux.run, program)
    here = _answer(lab.run, program)
    if there == here or here[0] == NEVER_REACHED:
        return None
    return Difference(program, f"run: {here[0]}", f"Linux {there}, here {here}")


def _answer(
    run: Callable[..., lab.Run], program: lab.Program
) -> tuple[str, int, bytes]:
    try:
        answer = run(program, PACKET)
    except lab.EbpfLabError as error:
        return type(error).__name__, 0, b""
    return "answer", answer.retval, answer.data


def mutated(program: lab.Program, chance: random.Random) -> lab.Program:
    """Change one or two fields of instructions."""
    insns = [insn for insn in program.insns if insn]
    for _ in range(chance.randint(1, 2)):
        place = chance.randrange(len(insns))
        insns[place] = _changed(insns[place], chance)
    return replace(program, code=encode(insns))


def _changed(insn: Insn, chance: random.Random) -> Insn:
    match chance.randrange(4):
        case 0:
            return replace(insn, dst=chance.randrange(11))
        case 1:
            return replace(insn, src=chance.randrange(11))
        case 2:
            return replace(insn, off=insn.off + chance.choice((-8, -1, 1, 8)))
        case _:
            return replace(insn, imm=chance.choice((0, 1, -1, insn.imm ^ 64, 1 << 30)))


def smallest(found: Difference) -> Difference:
    """Take instructions out as long as the same difference stays."""
    for pc, insn in enumerate(found.program.insns):
        if insn is None:
            continue
        start, length = pc * SLOT_BYTES, insn.slots
        code = bytearray(found.program.code)
        code[start : start + length * SLOT_BYTES] = NOTHING * length
        again = compare(replace(found.program, code=bytes(code)))
        if again and again.kind == found.kind:
            found = again
    return found


def programs(seeds: range, mutate: bool) -> Iterator[tuple[str, lab.Program]]:
    for seed in seeds:
        for family, make in FAMILIES.items():
            program = make(seed)
            if mutate:
                program = mutated(program, random.Random(f"{family} {seed}"))
            yield f"{family}-{seed}", program


def store(found: Difference, name: str) -> None:
    """Write a difference as text: what differs, then the program, one slot a line."""
    FOUND.mkdir(parents=True, exist_ok=True)
    slots = [
        found.program.code[i : i + SLOT_BYTES].hex()
        for i in range(0, len(found.program.code), SLOT_BYTES)
    ]
    head = [f"# {found.kind}", f"# {found.told}", f"type {found.program.type}"]
    (FOUND / f"{name}.txt").write_text("\n".join([*head, *slots]) + "\n")


def read_case(file: Path) -> lab.Program:
    """Read what `store` wrote; its maps are those of the families."""
    rows = [r for r in file.read_text().splitlines() if r and not r.startswith("#")]
    code = bytes.fromhex("".join(rows[1:]))
    type = rows[0].removeprefix("type ")
    return lab.Program(code, type=type, maps=test_vm_programs.MAPS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="0:200", help="from:to")
    parser.add_argument("--mutate", action="store_true")
    options = parser.parse_args()
    first, last = (int(part) for part in options.seeds.split(":"))
    ranked: Counter[str] = Counter()
    count = 0
    for name, program in programs(range(first, last), options.mutate):
        count += 1
        found = compare(program)
        if found:
            if not ranked[found.kind]:
                store(smallest(found), name)
            ranked[found.kind] += 1
        if count % 500 == 0:
            print(f"{count} programs, {ranked.total()} differ", flush=True)
    print(f"{count} programs, {ranked.total()} differ; stored in {FOUND}")
    for kind, times in ranked.most_common():
        print(f"{times:6}  {kind}")


if __name__ == "__main__":
    main()
