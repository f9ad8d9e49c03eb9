"""The walk against Linux: verdict, message, count and the whole log, line by line.

Random programs of what is modelled (arithmetic, jumps, loops, spills, map values,
packets) are judged by both. Verdict, errno, message and `processed` must be equal,
and so must the log of level 2: every state, every pruned path, every line of
backtracking, the live registers, the loops, the counters. A planted error must show.
"""

import random
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from ebpflab.errors import EbpfLabError
from ebpflab.listing import assemble
from ebpflab.program import MapSpec, Program
from ebpflab.results import Verdict
from ebpflab.verifier import back_moves, check_region, equal, equal_regs, explored
from ebpflab.verifier.check import verify
from ebpflab.verifier.refusal import NotModelled

HASH = MapSpec("hash", 4, 16, 8, name="h")
ARRAY = MapSpec("array", 4, 48, 4, name="a")
MAPS = (HASH, ARRAY)

# ---- random programs -------------------------------------------------------------

NUMBERS = [0, 1, -1, 2, 7, 8, 15, 16, 31, 32, 63, 64, 255, 256, 0xFFFF, -2, -8, 100]
ARITHMETIC = ["+=", "-=", "*=", "|=", "&=", "^="]
SHIFTS = ["<<=", ">>=", "s>>="]
COMPARISONS = ["==", "!=", "<", "<=", ">", ">=", "s<", "s<=", "s>", "s>=", "&"]
FREE = [0, 1, 2, 3, 4, 5, 7, 8, 9]  # r6 keeps the context


@dataclass
class Writer:
    """Writes a random program, statement by statement."""

    random: random.Random
    type: str
    lines: list[str] = field(default_factory=lambda: ["r6 = r1"])
    labels: int = 0
    open: list[str] = field(default_factory=list)  # jumped to, not yet placed

    def any(self) -> int:
        return self.random.choice(FREE)

    def width(self) -> str:
        return self.random.choice("rrw")

    def label(self) -> str:
        """Return a new place, to be reached somewhere below."""
        self.labels += 1
        self.open.append(f"L{self.labels}")
        return self.open[-1]

    def slot(self) -> str:
        """Return a place on the stack; now and then a misaligned one."""
        size = self.random.choice([1, 2, 4, 8, 8, 8])
        off = self.random.choice([8, 16, 24, 32])
        if self.random.random() < 0.3:
            off -= size * self.random.randrange(8 // size)
        off += self.random.random() < 0.005
        return f"*(u{size * 8} *)(r10 -{off})"

    def load_all(self, registers: range | list[int]) -> None:
        """Give registers a value: a constant, or what the stack may hold."""
        for number in registers:
            if self.random.random() < 0.4:
                self.lines.append(f"r{number} = {self.random.choice(NUMBERS)}")
            else:
                self.lines.append(f"r{number} = {self.slot()}")

    def compute(self) -> None:
        w, dst = self.width(), self.any()
        if self.random.random() < 0.25:
            amount = self.random.choice([1, 3, 8, 16, 31])
            return self.lines.append(f"{w}{dst} {self.random.choice(SHIFTS)} {amount}")
        second = self.random.choice([f"{w}{self.any()}", *map(str, NUMBERS)])
        self.lines.append(f"{w}{dst} {self.random.choice(ARITHMETIC)} {second}")

    def mask(self) -> None:
        mask = self.random.choice([1, 7, 15, 255])
        self.lines.append(f"r{self.any()} &= {mask}")

    def move(self) -> None:
        w = self.width()
        odd = [10, 6] if w == "r" and self.random.random() < 0.05 else [self.any()]
        self.lines.append(f"{w}{self.any()} = {w}{self.random.choice(odd)}")

    def jump(self) -> None:
        w, symbol = self.width(), self.random.choice(COMPARISONS)
        known = [hex(n & 0xFFFFFFFF) for n in NUMBERS]
        second = self.random.choice([*known, *[f"{w}{n}" for n in FREE]])
        again = self.open and self.random.random() < 0.3
        to = self.random.choice(self.open) if again else self.label()
        self.lines.append(f"if {w}{self.any()} {symbol} {second} goto {to}")

    def spill(self) -> None:
        what = self.random.choice([f"r{self.any()}", "0", "5", f"r{self.any()}"])
        self.lines.append(f"{self.slot()} = {what}")

    def fill(self) -> None:
        self.lines.append(f"r{self.any()} = {self.slot()}")

    def call(self) -> None:
        self.lines.append("call bpf_get_prandom_u32")
        self.load_all(range(1, 6))
        self.lines.append(f"r{self.random.choice([7, 8, 9])} = r0")

    def lookup(self) -> None:
        """Look a value up; mostly check it, mostly stay inside."""
        choice = self.random.choice
        self.lines.append(f"*(u32 *)(r10 -4) = {choice(['0', '3', '4', 'r8'])}")
        self.lines += ["r2 = r10", f"r2 += {choice([-4, -4, -8])}"]
        self.lines += [f"r1 = {choice('ha')} ll", "call bpf_map_lookup_elem"]
        self.load_all(range(1, 6))
        if self.random.random() < 0.85:
            self.lines.append(
                f"if r0 {choice(['==', '==', '!='])} 0 goto {self.label()}"
            )
        self.lines.append(f"r7 = r{choice([0, 0, 0, 3])}")
        if self.random.random() < 0.4:
            self.lines += [f"r3 &= {choice([7, 15, 3, 31])}", "r7 += r3"]
        off = choice([0, 4, 8, 12])
        self.lines.append(
            choice([f"r4 = *(u8 *)(r7 +{off})", f"*(u32 *)(r7 +{off}) = r8"])
        )
        self.load_all([0, 7])

    def packet(self) -> None:
        """Compare packet pointers with the end; mostly read what was checked."""
        choice = self.random.choice
        fields = (0, 4) if self.type == "xdp" else (76, 80)
        self.lines.append(f"r2 = *(u32 *)(r6 +{fields[0]})")
        self.lines.append(f"r3 = *(u32 *)(r6 +{fields[1]})")
        if self.random.random() < 0.3:
            self.lines += ["r5 = *(u8 *)(r10 -8)", "r2 += r5"]
        self.lines += ["r4 = r2", f"r4 += {choice([1, 2, 4, 8, 14])}"]
        test = choice(["r4 > r3", "r4 >= r3", "r3 < r4", "r3 <= r4", "r3 > r4"])
        self.lines.append(f"if {test} goto {self.label()}")
        size, off = choice([8, 16, 32]), choice([0, 0, 1, 4, 7])
        self.lines.append(f"r4 = *(u{size} *)(r2 +{off})")
        self.load_all([2, 3, 4, 5])

    def loop(self) -> None:
        counter, start = self.random.choice([7, 8, 9]), self.labels + 1
        self.labels += 1
        self.lines += [f"r{counter} = 0", f"B{start}:"]
        for _ in range(self.random.randint(0, 3)):
            symbol = self.random.choice(["+=", "^=", "|="])
            self.lines.append(f"r{self.any()} {symbol} {self.random.choice(NUMBERS)}")
        if self.random.random() < 0.4:
            self.lines += [f"if r3 > 5 goto C{start}", "r2 = 1", f"C{start}:"]
        rounds = self.random.choice([3, 6, 20])
        self.lines += [f"r{counter} += 1", f"if r{counter} < {rounds} goto B{start}"]

    def place_labels(self, chance: float) -> None:
        for name in list(self.open):
            if self.random.random() < chance:
                self.lines.append(f"{name}:")
                self.open.remove(name)


STATEMENTS = {  # how often each is written
    Writer.compute: 20,
    Writer.mask: 15,
    Writer.move: 12,
    Writer.jump: 17,
    Writer.spill: 9,
    Writer.fill: 8,
    Writer.call: 3,
    Writer.lookup: 4,
    Writer.packet: 4,
    Writer.loop: 3,
}


def random_program(seed: int, length: int) -> Program:
    """Write a random program of so many statements."""
    r = random.Random(seed)
    writer = Writer(r, r.choice(["xdp", "xdp", "sched_cls"]))
    writer.load_all(FREE)
    kinds, weights = list(STATEMENTS), list(STATEMENTS.values())
    for kind in r.choices(kinds, weights, k=length):
        kind(writer)
        writer.place_labels(0.25)
    writer.place_labels(1.0)
    text = "\n".join([*writer.lines, "r0 = 0", "exit"])
    return assemble(text, type=writer.type, maps=MAPS)


# ---- both verdicts ---------------------------------------------------------------

MAP_ADDRESS = re.compile(r"(\(18\) r\d = )0x[0-9a-f]+ *(;|$)")


def lines(log: str) -> list[str]:
    """Return a log's lines without map addresses."""
    return [MAP_ADDRESS.sub(r"\1N \2", line) for line in log.splitlines()]


def answer(verdict: Verdict) -> tuple[bool, int, str, int]:
    return verdict.accepted, verdict.errno, verdict.message, verdict.insns_processed


def differences(linux, program: Program, level: int = 2) -> Iterator[str]:
    """Yield what Linux says otherwise."""
    ours = verify(program, log_level=level)
    theirs = linux.verify(program, log_level=level)
    told = linux.verify(program, log_level=2) if level == 1 else theirs
    if answer(ours) != answer(told):  # level 1 may cut the line of the reason
        yield f"Linux {answer(told)}, here {answer(ours)}"
    for a, b in zip(lines(theirs.log), lines(ours.log), strict=False):
        if a != b:
            yield f"Linux: {a}\nhere:  {b}"


@dataclass
class Tally:
    """What was compared."""

    judged: int = 0
    accepted: int = 0
    insns: int = 0
    unknown: int = 0  # no verdict was given
    wrong: list[str] = field(default_factory=list)


def tally(linux, seeds: range, length: int, judge=differences) -> Tally:
    """Compare many random programs."""
    total = Tally()
    for seed in seeds:
        program = random_program(seed, length)
        try:
            verdict = verify(program, log_level=0)
            found = next(iter(judge(linux, program)), None)
        except NotModelled:
            total.unknown += 1
            continue
        total.judged += 1
        total.accepted += verdict.accepted
        total.insns += verdict.insns_processed
        total.wrong += [f"seed {seed}: {found}"] if found else []
    return total


def counters_differ(linux, program: Program) -> Iterator[str]:
    """Compare without the log, but with all counters."""
    theirs = linux.verify(program, log_level=4)
    ours = verify(program, log_level=4)
    a, b = theirs.log.splitlines()[-1], ours.log.splitlines()[-1]
    if answer(ours) != answer(theirs) or a != b:
        yield f"{answer(theirs)} {a}\nhere: {answer(ours)} {b}"


@pytest.mark.parametrize(("seeds", "length"), [(range(240), 12), (range(80), 30)])
def test_linux_says_the_same_of_random_programs(linux, seeds, length: int) -> None:
    total = tally(linux, seeds, length)
    assert total.wrong == []
    assert total.judged > 0.9 * len(seeds)
    assert total.accepted > 0.15 * len(seeds)


def test_linux_counts_the_same_for_larger_programs(linux) -> None:
    total = tally(linux, range(9000, 9040), 80, counters_differ)
    assert total.wrong == []
    assert total.insns > 3_000


# ---- planted errors --------------------------------------------------------------


def first_difference(linux, seeds: range, length: int) -> str | None:
    for seed in seeds:
        program = random_program(seed, length)
        try:
            found = next(iter(differences(linux, program)), None)
        except NotModelled:
            continue
        if found:
            return found
    return None


def always(*_: object) -> bool:
    return True


def forget_source(walk, step, entry) -> bool:
    """CVE-2023-2163: precision not carried back to where a value came from."""
    walk.regs &= ~step.dst
    return True


PLANTED: list[tuple[object, str, Callable[..., object]]] = [
    (check_region, "inside", always),  # no access is outside
    (equal_regs, "_within", always),  # any number is covered by any other
    (equal, "stacksafe", always),  # the stack does not matter
    (back_moves, "mov", forget_source),
    (explored.Explored, "is_young", lambda self: False),  # keeps too many states
]


@pytest.mark.parametrize(("where", "name", "wrong"), PLANTED, ids=lambda v: str(v)[:40])
def test_a_planted_error_is_found(linux, monkeypatch, where, name, wrong) -> None:
    monkeypatch.setattr(where, name, wrong)
    assert first_difference(linux, range(200), 25)


# ---- small programs, one rule each -----------------------------------------------

LOOKUP = """*(u32 *)(r10 -4) = 9
r2 = r10
r2 += -4
r1 = {map} ll
call bpf_map_lookup_elem
"""
PACKET = "r2 = *(u32 *)(r1 +0)\nr3 = *(u32 *)(r1 +4)\n"
RULES = {
    "a pointer that may be null": LOOKUP.format(map="h") + "r1 = *(u8 *)(r0 +0)",
    "an array index that is there": LOOKUP.replace("9", "3").format(map="a")
    + "r1 = *(u8 *)(r0 +47)",
    "an array index that is not": LOOKUP.format(map="a") + "r1 = *(u8 *)(r0 +47)",
    "all copies are checked": LOOKUP.format(map="h")
    + "r7 = r0\n*(u64 *)(r10 -16) = r0\nif r7 == 0 goto X\nr8 = *(u64 *)(r10 -16)\n"
    "r1 = *(u64 *)(r8 +8)\nr1 = *(u64 *)(r8 +9)\nX:",
    "a half does not check": LOOKUP.format(map="h")
    + "if w0 == 0 goto X\nr1 = *(u8 *)(r0 +0)\nX:",
    "a packet's end": PACKET
    + "r4 = r2\nr4 += 8\nif r4 > r3 goto X\nr1 = *(u64 *)(r2 +0)\n"
    "r1 = *(u8 *)(r2 +8)\nX:",
    "beyond a packet's end": PACKET
    + "r4 = r2\nr4 += 8\nif r4 > r3 goto Y\nr0 = 0\nexit\nY:\nif r3 < r4 goto X\n"
    "r1 = *(u8 *)(r2 +0)\nX:",
    "a read-only context field": "*(u32 *)(r1 +12) = 1",
    "a context field that is none": "r2 = *(u32 *)(r1 +24)",
    "part of a pointer field": "r2 = *(u8 *)(r1 +0)",
    "a moved context": "r1 += 4\nr2 = *(u32 *)(r1 +0)",
    "a context at a variable offset": "r2 = *(u8 *)(r10 -8)\nr1 += r2\n"
    "r2 = *(u32 *)(r1 +0)",
    "a misaligned stack": "r2 = *(u64 *)(r10 -12)",
    "above the stack": "r2 = *(u64 *)(r10 +0)",
    "below the stack": "*(u64 *)(r10 -520) = 1",
    "half a pointer spilled": "*(u32 *)(r10 -8) = r1",
    "half a pointer filled": "*(u64 *)(r10 -8) = r1\nr2 = *(u32 *)(r10 -8)",
    "a pointer overwritten": "*(u64 *)(r10 -8) = r1\n*(u8 *)(r10 -8) = 1\n"
    "r2 = *(u64 *)(r10 -8)",
    "narrow fills": "r2 = *(u32 *)(r10 -8)\n*(u64 *)(r10 -16) = r2\n"
    "r3 = *(u32 *)(r10 -16)\nr4 = *(u32 *)(r10 -12)\nr4 = *(u8 *)(r10 -15)",
    "a map moved": "r2 = h ll\nr2 += 1",
    "a map moved by nothing": "r2 = h ll\nr2 += 0",
    "the stack subtracted from": "r2 = r10\nr2 -= 4",
    "a pointer subtracted": "r2 = 4\nr2 -= r10",
    "two pointers": "r2 = r10\nr2 -= r1\nr3 = r10\nr3 += r1",
    "a pointer's half": "w2 = w10\nr2 = r10\nw2 -= 4\nr2 = r10\nw2 += 4",
    "bits of a pointer": "r2 = r10\nr2 ^= 4",
    "a far pointer": "r2 = r10\nr2 += 0x10000000\nr2 += 0x10000000",
    "a farther pointer": "r2 = r10\nr2 += 0x7fffffff",
    "an unbounded distance": LOOKUP.replace("9", "3").format(map="a")
    + "r1 = *(u64 *)(r10 -16)\nr0 += r1",
    "division by 0": "r2 = 1\nr2 /= 0",
    "a shift too far": "r2 = 1\nw2 <<= 32",
    "the frame pointer": "r10 = 1",
    "no such helper": "call 9999",
    "a lost register": "call bpf_get_prandom_u32\nr2 = r1",
    "a linked copy": "r2 = *(u8 *)(r10 -8)\nr3 = r2\nr3 += 5\nr4 = r2\nw4 -= 3\n"
    "if r3 > 9 goto X\nr5 = r2\nr5 = r4\nX:\nr5 = r4",
    "a sign spread": "r2 = *(u64 *)(r10 -8)\nr2 s>>= 63\nr2 &= -8\nr3 = r2",
    "a loop without progress": "r2 = 5\nX:\nif r2 != 0 goto X",
    "a loop that ends": "r2 = 0\nX:\nr2 += 1\nif r2 < 70 goto X",
    "a loop that may end": "X:\ncall bpf_get_prandom_u32\nif r0 != 0 goto X",
    "nothing after it": "exit\nr0 = 1",
}


@pytest.mark.parametrize("type", ["xdp", "socket_filter", "sched_cls", "cgroup_skb"])
@pytest.mark.parametrize("level", [1, 2])
@pytest.mark.parametrize("rule", RULES)
def test_linux_says_the_same_of_one_rule(linux, rule: str, level: int, type) -> None:
    text = f"{RULES[rule]}\nr0 = 0\nexit"
    program = assemble(text, type=type, maps=MAPS)
    try:
        assert list(differences(linux, program, level)) == []
    except NotModelled:
        assert type != "xdp", "the first slice is modelled for xdp"


@pytest.mark.parametrize("value", [-1, 0, 1, 2, 3, 4])
@pytest.mark.parametrize("attach", [None, "cgroup_inet_ingress", "cgroup_inet_egress"])
def test_what_a_cgroup_program_may_return(linux, value: int, attach) -> None:
    program = assemble(f"r0 = {value}\nexit", type="cgroup_skb")
    program = Program(program.code, type="cgroup_skb", expected_attach_type=attach)
    assert list(differences(linux, program)) == []


@pytest.mark.parametrize(
    "text",
    [
        "goto +5\nexit",
        "r0 = 0\nif r0 == 0 goto -9\nexit",
        "r0 = 0",
        "goto +1\nr1 = 1 ll\nr0 = 0\nexit",
        "goto +2\nr1 = 1 ll\nr0 = 0\nexit",
    ],
)
def test_programs_that_are_no_graph(linux, text: str) -> None:
    program = assemble(text, type="xdp")
    assert list(differences(linux, program)) == []


# ---- what is not modelled --------------------------------------------------------


def test_no_verdict_on_what_no_verifier_judges() -> None:
    with pytest.raises(NotModelled, match="not modelled yet") as caught:
        verify(assemble("r0 = 0\nexit", type="raw"))
    assert isinstance(caught.value, EbpfLabError)
    assert caught.value.key == "not-modelled"


def test_nothing_else_is_raised_for_any_bytes() -> None:
    """Whatever the bytes are: a verdict, or an error of the kit's own."""
    r = random.Random(6)
    for _ in range(3000):
        code = bytes(r.choice([r.randrange(256), 0xB7, 0]) for _ in range(16))
        program = Program(code + b"\x95" + bytes(7), type="xdp")
        with suppress(EbpfLabError):
            assert isinstance(verify(program), Verdict)
