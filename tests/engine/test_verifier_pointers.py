"""Pointers and numbers of every kind against Linux: arithmetic, comparisons, leaks.

Random programs of a few steps on two registers, each of a random kind, then a use of
one of them; judged with CAP_PERFMON and without, and so are mutants of them. All must
be equal: verdict, errno, message, `processed`, and the log of level 2.
"""

import random

import pytest

from ebpflab.errors import EbpfLabError
from ebpflab.listing import assemble
from ebpflab.program import Program
from ebpflab.verifier import check_pointer, null_checks, sanitize
from tests.engine.agreement import MAPS, compare, mutants

LOOKUP = (
    "*(u32 *)(r10 -4) = 1\nr2 = r10\nr2 += -4\n"
    "r1 = {map} ll\ncall bpf_map_lookup_elem\n"
)
RANDOM = "call bpf_get_prandom_u32\nr{n} = r0\n"
KINDS = {  # of a register n: how it is made; r6 is the context
    "ctx": "r{n} = r6",
    "fp": "r{n} = r10",
    "fp-16": "r{n} = r10\nr{n} += -16",
    "map_ptr": "r{n} = h ll",
    "map_value": LOOKUP.format(map="h") + "if r0 == 0 goto out\nr{n} = r0",
    "map_value_or_null": LOOKUP.format(map="h") + "r{n} = r0",
    "pkt": "r{n} = *(u32 *)(r6 +{data})",
    "pkt_end": "r{n} = *(u32 *)(r6 +{end})",
    "pkt_meta": "r{n} = *(u32 *)(r6 +{meta})",
    "some of pkt": "r{n} = *(u32 *)(r6 +{data})\nr0 = *(u32 *)(r6 +{end})\nr1 = r{n}\n"
    "r1 += 14\nif r1 > r0 goto out",
    "flow_keys": "r{n} = *(u64 *)(r6 +144)",
    "sock": "r{n} = *(u64 *)(r6 +64)",
    "sock_or_null": "r{n} = *(u64 *)(r6 +0)",
    "sock_common_or_null": "r{n} = *(u64 *)(r6 +168)",
    "tp_buffer": "r{n} = *(u64 *)(r6 +0)",
    **{str(number): f"r{{n}} = {number}" for number in (0, 4, -8, 1 << 29, 1 << 30)},
    "0 to 3": RANDOM + "r{n} &= 3",
    "-4 to 3": RANDOM + "r{n} &= 7\nr{n} -= 4",
    "below 0": RANDOM + "r{n} &= 3\nr{n} -= 8",
    "u32": "call bpf_get_prandom_u32\nw{n} = w0",
}
ONLY_IN = {  # program type and attach type
    "flow_keys": ("flow_dissector", None),
    "sock": ("cgroup_sock_addr", "cgroup_inet4_connect"),
    "sock_or_null": ("sk_lookup", "sk_lookup"),
    "sock_common_or_null": ("sched_cls", None),
    "tp_buffer": ("raw_tracepoint_writable", None),
}
XDP = {"data": 0, "end": 4, "meta": 8}
SKB = {"data": 76, "end": 80, "meta": 140}
ALU = ["+=", "-=", "&=", "|=", "^=", "*=", "<<=", ">>=", "s>>=", "/=", "%="]
JUMPS = ["==", "!=", "<", "<=", ">", ">=", "s<", "s<=", "s>", "s>=", "&"]
NUMBERS = [0, 1, 4, 8, -8, 14, 1 << 28, (1 << 29) - 1, 1 << 29]


def step(chance: random.Random, label: int) -> str:
    """Return one step on r8 and r9."""
    pick = chance.choice
    w, (a, b) = pick("rrrw"), pick([(8, 9), (8, 9), (9, 8), (8, 8)])
    size, off = pick([8, 16, 32, 64]), pick([0, 0, 0, 4, 8, -8, 13, -1, 12, 72])
    kinds = {
        f"{w}{a} {pick(ALU[:2] * 6 + ALU)} {w}{b}": 30,
        f"{w}{a} {pick(ALU[:2] * 4 + ALU)} {pick(NUMBERS)}": 15,
        f"if {w}{a} {pick(JUMPS)} {w}{b} goto out": 15,
        f"if {w}{a} {pick(JUMPS)} {w}{b} goto L{label}\nr7 = 1\nL{label}:": 10,
        f"if {w}{a} {pick(JUMPS)} {pick([0, 0, 0, 1, -1])} goto out": 10,
        pick([f"{w}{a} = -{w}{a}", f"r{a} = be16 r{a}", f"r{a} = bswap32 r{a}"]): 3,
        pick([f"w{a} = w{b}", f"r{a} = (s8)r{b}", f"w{a} = (s16)w{b}"]): 3,
        f"r5 = *(u{size} *)(r{a} {off:+d})": 6,
        f"*(u{size} *)(r{a} {off:+d}) = {pick([f'r{b}', '5'])}": 6,
        f"*(u64 *)(r10 -32) = r{a}\nr7 = *(u64 *)(r10 -32)": 3,
    }
    return chance.choices(list(kinds), list(kinds.values()))[0]


USES = ("r5 = *(u8 *)(r8 +3)", "r5 = *(u8 *)(r9 +0)", "r0 = r8\nexit", "r0 = 1\nexit")


def random_program(seed: int) -> Program:
    """Write a program on two registers of random kinds that go together."""
    chance = random.Random(seed)
    while True:
        kinds = chance.sample(list(KINDS), 2)
        types = {ONLY_IN[kind] for kind in kinds if kind in ONLY_IN}
        plain = ("xdp", None) if chance.random() < 0.5 else ("sched_cls", None)
        type, attach = types.pop() if types else plain
        has_packet = type in ("xdp", "sched_cls")
        if not types and (has_packet or not any("pkt" in kind for kind in kinds)):
            break
    places = XDP if type == "xdp" else SKB
    made = [KINDS[kind].format(n=n, **places) for n, kind in zip((8, 9), kinds)]  # noqa: B905
    steps = [step(chance, label) for label in range(chance.randint(1, 3))]
    parts = ["r6 = r1", "r7 = 0", *made, *steps, chance.choice(USES), "out:"]
    text = "\n".join([*parts, "r0 = 0", "exit"])
    code = assemble(text, type=type, maps=MAPS).code
    return Program(code, type=type, expected_attach_type=attach, maps=MAPS)


@pytest.mark.parametrize("privileged", [True, False])
def test_random_programs_are_judged_alike(linux, privileged: bool) -> None:
    for seed in range(900):
        found = compare(linux, random_program(seed), privileged=privileged)
        assert found == [], seed


def test_mutants_are_judged_alike(linux) -> None:
    for seed in range(5000, 5400):
        chance = random.Random(seed)
        try:
            (one,) = mutants(random_program(seed), chance, 1)
        except EbpfLabError:  # a field that does not fit
            continue
        assert compare(linux, one, privileged=seed % 2 == 0) == [], seed


def test_many_are_accepted(linux) -> None:
    verdicts = [linux.verify(random_program(seed)).accepted for seed in range(200)]
    assert sum(verdicts) > 40


# ---- frames --------------------------------------------------------------------

FRAMES = {
    "a number plus fp, in a function": "*(u64 *)(r10 -8) = 0\ncall f\nr0 = 0\nexit\n"
    "f:\nr2 = -8\nr2 += r10\n*(u64 *)(r2 +0) = 5\nr0 = *(u64 *)(r10 -8)\nexit",
    "a packet checked in a function": "r7 = *(u32 *)(r1 +0)\nr2 = *(u32 *)(r1 +4)\n"
    "r1 = r7\ncall f\nif r0 == 0 goto out\nr0 = *(u8 *)(r7 +3)\nout:\nr0 = 0\nexit\n"
    "f:\nr1 += 4\nr0 = 0\nif r1 > r2 goto g\nr0 = 1\ng:\nexit",
    "a number checked in a function": "call bpf_get_prandom_u32\nr7 = r0\nr1 = r0\n"
    "call f\nr9 = r10\nr9 += r7\nr0 = *(u8 *)(r9 -16)\nr0 = 0\nexit\n"
    "f:\nr0 = 0\nif r1 > 7 goto g\nr0 = 1\ng:\nexit",
    "null checked in a function": LOOKUP.format(map="h") + "r6 = r0\nr1 = r0\ncall f\n"
    "if r0 == 0 goto out\nr0 = *(u8 *)(r6 +3)\nout:\nr0 = 0\nexit\n"
    "f:\nr0 = 0\nif r1 == 0 goto g\nr0 = 1\ng:\nexit",
}


@pytest.mark.parametrize("privileged", [True, False])
@pytest.mark.parametrize("name", FRAMES)
def test_frames_are_judged_alike(linux, name: str, privileged: bool) -> None:
    one = assemble(FRAMES[name], type="xdp", maps=MAPS)
    assert compare(linux, one, privileged=privileged) == []


# ---- planted errors --------------------------------------------------------------

PLANTED = [
    (check_pointer, "_check_least", lambda name, b: None, True),
    (null_checks, "NOT_NULL", (), True),
    (sanitize, "_check_stack", lambda number, moved: None, False),
]


@pytest.mark.parametrize(("where", "name", "wrong", "privileged"), PLANTED)
def test_a_planted_error_is_found(
    linux, monkeypatch, where, name, wrong, privileged
) -> None:
    monkeypatch.setattr(where, name, wrong)
    assert any(
        compare(linux, random_program(seed), privileged=privileged)
        for seed in range(900)
    )
