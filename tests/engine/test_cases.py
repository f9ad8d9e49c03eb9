"""Cases that were once different from Linux, one text file each, compared anew.

`python -m tests.differential` finds and stores them; how to read one stands in
tests/differential/cases.py. The harness itself is tested here: what it writes, what it
finds, that its programs are right and wrong in many ways.
"""

import dataclasses
import os
import random
import signal
from collections import Counter
from pathlib import Path

import pytest

import ebpflab as lab
from ebpflab.isa.operations import ALU_OPS
from ebpflab.vm import actions
from tests.differential.cases import CASES, read_case, store
from tests.differential.compare import compare, compare_runs, depends_on_garbage
from tests.differential.families import FAMILIES
from tests.differential.mutations import mutated
from tests.differential.smaller import smallest
from tests.differential.template import Chooser
from tests.differential.workers import DIED, each
from tests.engine.test_vm_against_linux import program_text


@pytest.mark.parametrize(
    "file", sorted(CASES.glob("*.txt")), ids=lambda file: file.stem
)
def test_linux_and_we_agree_now(linux: object, file: Path) -> None:
    found = compare(read_case(file))
    assert found is None, found and found.told


def test_a_difference_is_found_made_small_and_stored(
    linux: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A planted error: our `xor` adds."""
    xor = next(op for op in ALU_OPS if op.name == "xor")
    wrong = dataclasses.replace(xor, meaning=lambda dst, src, bits: dst + src)
    monkeypatch.setitem(actions.ALU_BY_CODE, (xor.code, xor.off), wrong)
    text = program_text(3).replace("r6 s>>= ", "r6 ^= ")
    found = compare_runs(lab.assemble(text, type="xdp"))
    assert found is not None
    small = smallest(found, compare_runs)
    kept = lab.disassemble(small.program).splitlines()
    assert sum(line != "goto pc+0" for line in kept) < len(kept)
    assert read_case(store(small, "case", tmp_path)).code == small.program.code


def test_a_case_keeps_what_the_program_is(tmp_path: Path) -> None:
    for family in ("locks", "exits", "alignment", "tp_btf"):
        program = FAMILIES[family](3)
        found = dataclasses.replace(
            read_case(_stored(program, tmp_path)), license=program.license
        )
        for part in ("code", "type", "maps", "expected_attach_type", "flags"):
            assert getattr(found, part) == getattr(program, part), part


def _stored(program: lab.Program, folder: Path) -> Path:
    from tests.differential.compare import Difference

    return store(Difference(program, "kind", "told\ntwice"), "case", folder)


GARBAGE = (
    "r1 = *(u64 *)(r10 -8)\nr1 &= 255\nr0 = 1\nif r1 == 37 goto out\nr0 = 2\nout: exit"
)


def test_what_was_on_the_stack_is_no_difference(linux: object) -> None:
    there = ("answer", 1, bytes(range(100)))
    assert depends_on_garbage(lab.assemble(GARBAGE, type="xdp"), there)
    written = "*(u64 *)(r10 -8) = 37\n" + GARBAGE
    assert not depends_on_garbage(lab.assemble(written, type="xdp"), there)


def test_choices_are_made_and_wrong_ones_only_when_they_may() -> None:
    right = Chooser(1, may_be_wrong=False)
    filled = {right.fill("r{1~2} = {0..3~~r10} @{a{b~c}~d}") for _ in range(200)}
    assert filled == {
        f"r{r} = {n} @{e}" for r in (1, 2) for n in range(4) for e in ("ab", "ac", "d")
    }
    wrong = Chooser(1, may_be_wrong=True)
    picks = Counter(wrong.fill("{x~~y~z}") for _ in range(500))
    assert picks["x"] > 300
    assert min(picks["y"], picks["z"]) > 0
    assert right.fill("a#") != right.fill("a#")


def test_programs_are_right_and_wrong_in_many_ways(linux: object) -> None:
    """At least half are accepted; those refused are refused for many reasons."""
    judged, accepted, reasons = 0, 0, set()
    jobs = [(name, seed) for name in FAMILIES for seed in range(6) if name != "walk"]
    for _, found in each(jobs, _asked):
        if isinstance(found, tuple):
            judged, accepted = judged + 1, accepted + found[0]
            reasons.add(found[1])
    assert judged > 0.9 * len(jobs)
    assert accepted > judged / 2
    assert len(reasons) > 80


def _asked(job: tuple[str, int]) -> tuple[bool, str] | str:
    try:
        verdict = lab.linux.verify(FAMILIES[job[0]](job[1]), log_level=4)
    except lab.LinuxError as error:
        return str(error)
    return verdict.accepted, verdict.message


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_makes_programs(name: str) -> None:
    made = {FAMILIES[name](seed).code for seed in range(8)}
    assert len(made) > 4


def test_the_same_seed_is_the_same_program() -> None:
    for name in ("calls_xdp", "functions", "context_sk_msg"):
        assert FAMILIES[name](5) == FAMILIES[name](5)
        assert FAMILIES[name](5) != FAMILIES[name](6)


def test_mutants_are_as_long_as_the_program() -> None:
    program = FAMILIES["stack"](0)
    mutants = [mutated(program, random.Random(seed)) for seed in range(50)]
    assert {len(mutant.code) for mutant in mutants} == {len(program.code)}
    assert sum(mutant != program for mutant in mutants) > 40


def test_a_child_that_dies_takes_nobody_with_it() -> None:
    def work(job: int) -> int:
        if job == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return job * 10

    found = dict(each(range(5), work))
    assert found == {0: 0, 1: 10, 2: DIED, 3: 30, 4: 40}
