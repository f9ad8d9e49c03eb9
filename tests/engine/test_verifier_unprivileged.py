"""Masks and speculative paths against Linux: loaders without CAP_PERFMON.

Random programs move pointers to a map's value or to the stack by numbers, on several
paths and in loops, and load and store through them. All must be equal: verdict, errno,
message, `processed`, and the log of level 2 with its speculative paths.
"""

import random

import pytest

from ebpflab.listing import assemble
from ebpflab.program import Program
from ebpflab.verifier import sanitize, speculation
from tests.engine.agreement import MAPS, compare
from tests.engine.test_verifier_walk import random_program as plain_program

START = (
    "r9 = 0\n*(u32 *)(r10 -4) = 1\nr2 = r10\nr2 += -4\nr1 = {map} ll\n"
    "call bpf_map_lookup_elem\nif r0 == 0 goto out\nr7 = r0\n"
    "r1 = *(u32 *)(r7 +0)\nr2 = *(u8 *)(r7 +4)\n{known}\n{pointer}"
)
KNOWN = ["r3 = 0", "r1 &= 7\nr2 &= 3", "r1 &= 3\nr2 &= 3"]
POINTERS = ["r8 = r7", "r8 = r7", "r8 = r10\nr8 += -16", "r8 = r10\nr8 += -512"]
JUMPS = ["==", "!=", "<", ">", ">=", "s<", "s>", "&"]


def step(chance: random.Random, label: int) -> str:
    """Return one step on the pointer r8 and the numbers r1, r2, r9."""
    pick = chance.choice
    a, b = pick([(1, 2), (2, 1)])
    then = pick(["r1 = 4", "r2 = 1", "r8 = r7", "r8 += 4", "r9 += 1", "r1 += r2"])
    dead = pick(["r0 = 0\nexit", "*(u64 *)(r10 -8) = r7", "r8 += 1"])
    kinds = {
        f"r{a} &= {pick([1, 3, 7, 15])}": 15,
        f"if r{a} {pick(JUMPS)} {pick(['1', '4', '8', f'r{b}'])} goto L{label}\n"
        f"{then}\nL{label}:": 15,
        f"r8 {pick(['+=', '+=', '+=', '-='])} r{a}": 30,
        f"r{a} += r8": 4,
        f"r8 {pick(['+=', '-='])} {pick([1, 4, 8])}": 6,
        f"r{a} {pick(['+=', '-=', '*=', '<<=', 's>>='])} {pick([1, 4, f'r{b}'])}": 6,
        f"r3 = *(u8 *)(r8 +{pick([0, 1, 4, 40])})": 5,
        f"*(u8 *)(r8 +{pick([0, 1, 4])}) = 1": 3,
        f"*(u64 *)(r10 -{pick([8, 16])}) = r{pick([1, 2, 7])}": 3,
        f"r3 = *(u64 *)(r10 -{pick([8, 16])})": 2,
        pick(["r1 = -4", "r1 = 4", "r2 = 0", "r1 = -r1"]): 5,
        f"if r9 == 0 goto L{label}\nr5 = *(u8 *)(r8 +{pick([0, 8, 50])})\n{dead}\n"
        f"L{label}:": 6,
        f"r5 = r7\nif r{a} > 2 goto L{label}\nr5 = 1\nL{label}:\nr5 += r{b}": 3,
        f"r4 = 0\nB{label}:\nr3 = 1\nr4 += 1\nif r4 < 2 goto B{label}": 1,
    }
    return chance.choices(list(kinds), list(kinds.values()))[0]


def random_program(seed: int) -> Program:
    chance = random.Random(seed)
    start = START.format(
        map=chance.choice("ah"),
        known=chance.choice(KNOWN),
        pointer=chance.choice(POINTERS),
    )
    if chance.random() < 0.5:
        start = f"*(u64 *)(r10 -8) = 0\n*(u64 *)(r10 -16) = 0\n{start}"
    steps = [step(chance, label) for label in range(chance.randint(2, 7))]
    text = "\n".join([start, *steps, "out:", "r0 = 0", "exit"])
    return assemble(text, type="socket_filter", maps=MAPS)


def test_masks_are_judged_alike(linux) -> None:
    for seed in range(900):
        found = compare(linux, random_program(seed), privileged=False)
        assert found == [], seed


def test_some_are_accepted_and_walked_speculatively(linux) -> None:
    programs = [random_program(seed) for seed in range(200)]
    told = [linux.verify(one, privileged=False, log_level=2) for one in programs]
    assert sum(verdict.accepted for verdict in told) > 20
    assert sum("(speculative execution)" in verdict.log for verdict in told) > 40


def test_plain_programs_are_judged_alike(linux) -> None:
    for seed in range(150):
        one = plain_program(seed, 12)
        assert compare(linux, one, privileged=False) == [], seed


PLANTED = [
    (sanitize.Mask, "commit", lambda *given: None),
    (sanitize, "sanitize_val_alu", lambda *given: None),
    (speculation.Speculation, "stop_before", lambda self, idx: None),
    (speculation.Speculation, "write_stack", lambda *given: None),
]


@pytest.mark.parametrize(("where", "name", "wrong"), PLANTED)
def test_a_planted_error_is_found(linux, monkeypatch, where, name, wrong) -> None:
    if where is sanitize:
        from ebpflab.verifier import check_alu as where
    monkeypatch.setattr(where, name, wrong)
    assert any(
        compare(linux, random_program(seed), privileged=False) for seed in range(1200)
    )
