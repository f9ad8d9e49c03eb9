"""Claims: what the verifier said of each step of a run, and that it was so.

Runs are held against our own verifier's walk and against the kernel's: whoever of the
three is wrong, a live value lies outside of its claim. Hand-made walks with a lie in
them show that each kind of claim can be violated.
"""

import random

import pytest

import ebpflab as lab
from ebpflab.claims import claims
from ebpflab.claims.places import Places
from ebpflab.claims.values import holds, is_within, slot_holds
from ebpflab.logs.states import read_slot, read_value
from ebpflab.timeline import Region
from tests.differential.families import FAMILIES
from tests.engine import test_talk
from tests.engine.test_tutorials import SOURCES as TUTORIALS
from tests.engine.test_tutorials import compiled, name_of
from tests.engine.test_verifier_switches import BUGS, exploit
from tests.soundness.examine import Case, examine_case

TABLE = lab.MapSpec("array", 4, 64, 2, name="table")
PACKET = bytes(range(64))
FORKING = """
    r2 = *(u32 *)(r1 +0)
    r3 = *(u32 *)(r1 +4)
    r4 = r2
    r4 += 14
    if r4 > r3 goto out
    r6 = *(u8 *)(r2 +0)
    r7 = *(u8 *)(r2 +1)
    if r6 > 9 goto large
    r7 = 1
    large:
    r8 = r7
    r8 += r6
    out:
    r0 = 2
    exit
"""
CALLING = """
    *(u64 *)(r10 -8) = 7
    r6 = 3
    r1 = r10
    r1 += -8
    call pc+3
    r0 += r6
    r7 = *(u64 *)(r10 -8)
    exit
    r0 = *(u64 *)(r1 +0)
    r6 = 9
    *(u64 *)(r1 +0) = 8
    *(u64 *)(r10 -16) = r1
    exit
"""


def told(text: str, data: bytes = PACKET, **options: object):
    """Return a program's run, with the verdict of every step."""
    program = lab.assemble(text, type="xdp", **options)
    verdict = lab.verify(program, log_level=2)
    assert verdict.accepted, verdict.message
    return lab.run(program, data), verdict


def after(text: str, pc: int, **options: object) -> dict[str, str]:
    """Return what is claimed of a run after the instruction in a slot."""
    run, verdict = told(text, **options)
    place = [step.pc for step in run.timeline.steps].index(pc)
    return {slot: str(claim) for slot, claim in claims(run, verdict)[place].items()}


# ---- following -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "pc", "r6"),
    [
        (5, 8, "scalar(smin=smin32=0,smax=umax=smax32=umax32=9,var_off=(0x0; 0xf))"),
        (
            *(200, 11),
            "scalar(smin=umin=smin32=umin32=10,smax=umax=smax32=umax32=255,"
            "var_off=(0x0; 0xff))",
        ),
    ],
)
def test_the_side_that_the_run_took_is_followed(first: int, pc: int, r6: str) -> None:
    text = FORKING.replace("large:", "goto out\nlarge:")
    found = after(text, pc, data=bytes([first, 77]) + PACKET)
    assert found["r6"] == r6


def test_registers_and_slots_of_a_function_are_its_own() -> None:
    inside, back = after(CALLING, 11), after(CALLING, 6)
    assert (inside["r6"], inside["r1"]) == ("9", "fp[0]-8")
    assert inside["frame1:fp-16"] == "fp[0]-8"
    assert back["r6"] == "3"
    assert back["fp-8"] == "8"
    assert not any(slot.startswith("frame1") for slot in back)


def test_what_was_never_written_claims_nothing() -> None:
    assert set(after("r3 = 1\nr0 = 2\nexit", 0)) == {"r1", "r3", "r10"}


def test_behind_a_pruning_other_values_claim_nothing() -> None:
    """Both ways meet with another r7, which never matters: the second one stops."""
    text = FORKING.replace("r7 = 1", "r7 = 1000").replace("r8 += r6", "r8 ^= 5")
    for first in (5, 200):
        run, verdict = told(text, bytes([first, 77]) + PACKET)
        assert "safe" in verdict.log
        assert lab.check_claims(run, verdict) == []
    assert "r7" not in claims(run, verdict)[-2]
    assert "r8" not in claims(run, verdict)[-2]
    assert str(claims(run, verdict)[-2]["r0"]) == "2"


SILENT = """
    *(u64 *)(r10 -8) = 0
    *(u64 *)(r10 -24) = 7
    r1 = r10
    r1 += -8
    r2 = 8
    r3 = text[0]+0 ll
    r4 = r10
    r4 += -24
    r5 = 8
    call bpf_snprintf
    r0 = *(u64 *)(r10 -8)
    exit
"""


def test_what_a_helper_writes_where_the_log_does_not_say_so() -> None:
    text = lab.MapSpec(
        *("array", 4, 8, 1),
        name="text",
        flags=0x80,
        frozen=True,
        init={bytes(4): b"%d ok\0\0\0"},
    )
    program = lab.assemble(SILENT, type="sched_cls", maps=[text])
    run, verdict = lab.run(program, PACKET), lab.verify(program, log_level=2)
    assert verdict.accepted, verdict.message
    assert run.retval == int.from_bytes(b"7 ok", "little")
    assert lab.check_claims(run, verdict) == []
    assert str(claims(run, verdict)[-2]["fp-8"]) == "mmmmmmmm"


def test_two_ways_to_one_place_are_both_followed() -> None:
    """A jump to the next instruction: one way walks it, the other one is covered."""
    text = FORKING.replace("r7 = 1\n", "if r6 > 3 goto pc+0\n")
    for first in range(8):
        run, verdict = told(text, bytes([first, 77]) + PACKET)
        assert lab.check_claims(run, verdict) == []


INTO_CALLER = """
    r7 = *(u32 *)(r1 +16)
    *(u64 *)(r10 -8) = 0
    if r7 != 64 goto pc+1
    r6 = 0
    r1 = r10
    r1 += -8
    r2 = r7
    r3 = 0
    r4 = 0
    call pc+3
    r0 = *(u64 *)(r10 -8)
    r0 = 1
    exit
    *(u64 *)(r1 +0) = r2
    r0 = *(u64 *)(r1 +0)
    exit
"""
COPY = """
    r2 = *(u32 *)(r1 +0)
    r3 = *(u32 *)(r1 +4)
    r4 = r2
    r4 += 8
    if r4 > r3 goto out
    r7 = *(u8 *)(r2 +0)
    *(u32 *)(r10 -8) = r7
    r8 = *(u8 *)(r2 +1)
    if r7 & 1 goto meet
    r7 = *(u8 *)(r2 +2)
    meet:
    r7 = 0
    r5 = 0
    if r8 > 3 goto more
    r7 = 3
    more:
    r8 = 1
    out:
    r0 = 2
    exit
"""


@pytest.mark.parametrize(
    ("text", "where", "slot"),
    [(INTO_CALLER, 14, "r0"), (COPY, 15, "fp-8")],
    ids=["into a caller's stack", "a copy of what a branch tells of"],
)
def test_behind_a_covering_state_what_the_log_does_not_print(
    text: str, where: int, slot: str
) -> None:
    """The state that covers knew more of a slot than its log had printed by then."""
    run, verdict = told(text, bytes([3, 9]) + PACKET)
    assert "safe" in verdict.log
    assert lab.check_claims(run, verdict) == []
    slots = [step.pc for step in run.timeline.steps]
    claimed = claims(run, verdict)[slots.index(where)]
    assert claimed
    assert slot not in claimed


def test_what_a_global_function_writes_into_a_callers_stack() -> None:
    """It was judged apart: behind the call, the log does not print what it wrote."""
    case = Case("global_functions", 100_314)
    assert "is global" in lab.verify(case.program(), log_level=2).log
    assert examine_case(case).wrong == ()


@pytest.mark.parametrize("seed", [1_144, 1_432])  # 1432: covered right after a return
def test_a_path_is_covered_behind_the_same_calls_only(seed: int) -> None:
    """Two calls of one function; the log does not say which state covers a path."""
    case = Case("functions", seed)
    program = case.program()
    verdict = lab.explain(lab.verify(program, log_level=2).log)
    for seed, data in enumerate(case.inputs(), case.seed):
        run = lab.run(program, data, seed=seed)
        assert lab.check_claims(run, verdict) == []


def test_a_refused_program_claims_up_to_the_refusal() -> None:
    program = lab.assemble("r3 = 5\nr0 = r7\nr0 = 2\nexit", type="xdp")
    run, verdict = lab.run(program, PACKET), lab.verify(program)
    assert claims(run, verdict)[0]
    assert not claims(run, verdict)[-1]
    assert lab.check_claims(run, verdict) == []


def test_runs_and_verdicts_of_two_programs_are_told_apart() -> None:
    run, _ = told("r0 = 2\nexit")
    _, verdict = told("r1 = *(u32 *)(r1 +0)\nr0 = 2\nexit")
    with pytest.raises(lab.EbpfLabError, match="two programs"):
        lab.check_claims(run, verdict)


@pytest.mark.parametrize("wrong", [None, 7, "run", lab.MapSpec])
def test_what_is_no_run_or_verdict_is_said(wrong: object) -> None:
    run, verdict = told("r0 = 2\nexit")
    for pair in ((wrong, verdict), (run, wrong)):
        with pytest.raises(lab.EbpfLabError):
            lab.check_claims(*pair)


# ---- values ----------------------------------------------------------------------

PLACES = Places(
    {
        1: Region(1, "ctx", "ctx", 24),
        2: Region(2, "packet", "packet", 64),
        3: Region(3, "table", "map", 0),
        4: Region(4, "table", "map_value", 128),
        5: Region(5, "stack", "stack", 512),
        6: Region(6, "stack1", "stack", 512),
    }
)
SMALL = "smin=smin32=0,smax=umax=smax32=umax32=7,var_off=(0x0; 0x7)"
CLAIMS = [  # a claim, words that it takes, words that it does not
    ("5", [5], [4, 6, 5 | 1 << 32]),
    ("-1", [(1 << 64) - 1], [(1 << 32) - 1]),
    ("P0x80000000", [1 << 31], [1 << 63 | 1 << 31]),
    ("scalar()", [0, (1 << 64) - 1], []),
    (f"scalar({SMALL})", range(8), [8, 1 << 32, (1 << 64) - 1]),
    ("scalar(umin=3)", [3, 1 << 63], [2]),
    ("scalar(smin=-4,smax=3)", [0, 3, (1 << 64) - 4], [4, (1 << 64) - 5]),
    ("scalar(smax32=0x80000004)", [1 << 31, 5 << 31], [5 + (1 << 31), 0]),
    ("scalar(umin32=1,umax32=2)", [1, 2 | 7 << 32], [0, 3, 7 << 32]),
    ("scalar(var_off=(0x10; 0xff00000000000001))", [0x10, 0x11, 1 << 63 | 16], [0, 2]),
    ("ctx()", [1 << 32], [1, 1 << 32 | 4, 2 << 32]),
    ("ctx(off=4)", [1 << 32 | 4], [1 << 32]),
    ("pkt(off=14,r=20)", [2 << 32 | 14], [2 << 32, 1 << 32 | 14]),
    ("pkt(off=14,r=80)", [], [2 << 32 | 14]),
    (f"pkt(id=1,off=4,r=8,{SMALL})", [2 << 32 | 4, 2 << 32 | 11], [2 << 32 | 12]),
    ("pkt(off=-4,r=0)", [(2 << 32) - 4], [2 << 32]),
    ("pkt_end()", [2 << 32 | 64], [2 << 32 | 65, 7]),
    ("map_ptr(map=table,ks=4,vs=64)", [3 << 32], [4 << 32]),
    ("map_value(map=table,ks=4,vs=64)", [4 << 32, 4 << 32 | 64], [4 << 32 | 8, 0]),
    (f"map_value(vs=64,off=8,{SMALL})", [4 << 32 | 79], [4 << 32 | 80, 4 << 32 | 7]),
    ("map_value_or_null(id=1,vs=64)", [0, 4 << 32], [1]),
    ("fp-8", [5 << 32 | 504], [6 << 32 | 504, 5 << 32 | 505]),
    ("fp[0]-8", [5 << 32 | 504], [6 << 32 | 504]),
    (f"fp(off=-16,{SMALL})", [5 << 32 | 496, 5 << 32 | 503], [5 << 32 | 504]),
]


@pytest.mark.parametrize(("text", "right", "wrong"), CLAIMS)
def test_a_claim_takes_its_words_and_no_others(text, right, wrong) -> None:
    claim = read_value(text)
    assert [word for word in right if not holds(claim, word, PLACES, 0)] == []
    assert [word for word in wrong if holds(claim, word, PLACES, 0)] == []


def test_bounds_are_exact_on_all_64_bits() -> None:
    for bits in range(1, 65):
        top = (1 << bits) - 1
        claim = read_value(f"scalar(umax={top:#x})")
        assert is_within(claim, top)
        assert bits == 64 or not is_within(claim, top + 1)


SLOTS = [  # a claim, bytes from the lowest address that it takes, that it does not
    ("0000????", "ffffffff00000000", "0000000000000001"),
    ("mmmmmmmm", "0102030405060708", None),
    ("7", "0700000000000000", "0700000001000000"),
    ("????-2", "feffffff01020304", "fdffffff01020304"),
    ("??????0xbcee5e2c", "2c5e000000000000", "2d5e000000000000"),
    ("mmmmmmm0", "0011111111111111", "0111111111111111"),
    ("????0xf3e935eda2298000", "008029a200000000", "018029a200000000"),
    (f"????scalar({SMALL})", "0700000099999999", "0800000099999999"),
    ("map_value(vs=64)", "4000000004000000", "4100000004000000"),
    ("fp-8", "f801000005000000", "f801000006000000"),
]


@pytest.mark.parametrize(("text", "right", "wrong"), SLOTS)
def test_a_stack_slot_is_what_was_claimed(text, right, wrong) -> None:
    for raw, expected in ((right, True), (wrong, False)):
        if raw:
            pairs = [raw[i : i + 2] for i in range(0, 16, 2)]
            assert slot_holds(read_slot(text), pairs, PLACES, 0) is expected


# ---- lies ------------------------------------------------------------------------

LIES = [  # what the log says, what it is made to say, the slot that is then wrong
    ("R6=scalar(smin=smin32=0,smax=umax=smax32=umax32=255", "R6=scalar(umin=100", "r6"),
    ("R3=pkt_end()", "R3=pkt(r=0)", "r3"),
    ("R4=pkt(off=14,r=14)", "R4=pkt(off=14,r=140)", "r4"),
    ("R0=2", "R0=3", "r0"),
]


@pytest.mark.parametrize(("truth", "lie", "slot"), LIES)
def test_a_lie_in_a_log_is_found(truth: str, lie: str, slot: str) -> None:
    run, verdict = told(FORKING, bytes([5, 77]) + PACKET)
    assert truth in verdict.log
    found = lab.check_claims(run, lab.explain(verdict.log.replace(truth, lie)))
    assert {violation.slot for violation in found} == {slot}


def test_a_way_that_no_path_goes_is_found() -> None:
    """The log without the other side: the run goes where nothing was walked."""
    run, verdict = told(FORKING, bytes([200, 77]) + PACKET)
    start = verdict.log.index("\nfrom 7 to 9")
    end = verdict.log.index("\nfrom ", start + 1)
    cut = verdict.log[:start] + verdict.log[end:]
    assert [v.slot for v in lab.check_claims(run, lab.explain(cut))] == ["pc"]


@pytest.mark.parametrize("cve", BUGS)
def test_a_bug_of_history_is_found(cve: str) -> None:
    program, packet = exploit(cve)
    believed = lab.verify(program, cve=cve, log_level=2)
    with pytest.raises(lab.VmFault) as fault:
        lab.run(program, packet)
    assert lab.check_claims(fault.value, believed)


# ---- many programs ---------------------------------------------------------------


def violations(program: lab.Program, inputs: list[bytes], judge) -> list[str]:
    """Return what does not hold of some runs of an accepted program."""
    try:
        verdict = judge(program, log_level=2)
    except lab.EbpfLabError:
        return []
    runs = []
    for seed, data in enumerate(inputs):
        try:
            runs.append(lab.run(program, data, budget=2_000, seed=seed))
        except lab.VmFault as fault:
            runs.append(fault)
        except lab.EbpfLabError:
            continue
    return [str(v) for run in runs for v in lab.check_claims(run, verdict)]


def inputs_of(name: str) -> list[bytes]:
    chance = random.Random(name)
    return [chance.randbytes(size) for size in (40, 300)]


@pytest.mark.parametrize("family", FAMILIES)
def test_the_kernel_claims_what_is_so(linux, family: str) -> None:
    for seed in (1_000, 1_002):
        program = FAMILIES[family](seed)
        assert violations(program, inputs_of(family), linux.verify) == []


@pytest.mark.parametrize("ask", ["here", "linux"])
@pytest.mark.parametrize("source", test_talk.SOURCES)
def test_of_the_talk_what_is_claimed_is_so(linux, source: str, ask: str) -> None:
    judge = linux.verify if ask == "linux" else lab.verify
    program = test_talk.program(source)
    verdict = judge(program, log_level=2)
    for packet in test_talk.PACKETS[:20]:
        run = lab.run(program, packet)
        assert lab.check_claims(run, verdict) == []
        assert claims(run, verdict)[-2], "it is followed to the end"


@pytest.mark.parametrize("path", TUTORIALS, ids=name_of)
def test_of_the_tutorials_what_is_claimed_is_so(path) -> None:
    _, program = compiled(path)
    assert violations(program, inputs_of(path.name), lab.verify) == []
