"""Map values, maps themselves, 64-bit loads, alignment, atomics, against Linux.

One rule a row; then each row with a field or two changed. Everything must be equal:
verdict, errno, message, `processed`, and the log of level 2.
"""

import random
from collections.abc import Mapping
from dataclasses import replace

import pytest

from ebpflab.isa.codec import encode
from ebpflab.isa.insn import Insn
from ebpflab.listing import assemble
from ebpflab.program import MapSpec, Program
from ebpflab.verifier import check_alignment, check_atomic, check_map_value
from tests.engine.agreement import MAPS, compare, mutants

RDONLY, WRONLY = 1 << 7, 1 << 8
FILLED = {bytes(4): bytes(range(200, 256)) + b"\x80" * 8}
FLAGGED = (
    *MAPS,
    MapSpec("array", 4, 64, 1, name="ro", flags=RDONLY, frozen=True, init=FILLED),
    MapSpec("array", 4, 64, 1, name="rop", flags=RDONLY),
    MapSpec("array", 4, 64, 1, name="wo", flags=WRONLY),
    MapSpec("array", 4, 8, 4, name="ro4", flags=RDONLY, frozen=True),
    MapSpec("percpu_array", 4, 64, 1, name="pc"),
    MapSpec("hash", 4, 16, 8, name="hro", flags=RDONLY),
    MapSpec("hash", 4, 16, 8, name="hwo", flags=WRONLY),
)
LOOKUP = (
    "*(u32 *)(r10 -4) = 0\nr2 = r10\nr2 += -4\nr1 = {} ll\n"
    "call bpf_map_lookup_elem\nif r0 == 0 goto +2\n"
)
PACKET = (
    "r2 = *(u32 *)(r1 +0)\nr3 = *(u32 *)(r1 +4)\nr4 = r2\nr4 += 40\n"
    "if r4 > r3 goto +1\n"
)
VALUES = {
    "bytes of a constant": "r1 = ro[0]+3 ll\nr2 = *(u8 *)(r1 +2)\n"
    "r2 = *(u16 *)(r1 +2)\nr2 = *(s8 *)(r1 +2)\nr2 = *(s32 *)(r1 +2)\n"
    "r2 = *(u64 *)(r1 +53)",
    "a constant somewhere": "r3 = *(u32 *)(r1 +12)\nr3 &= 7\nr1 = ro[0]+3 ll\n"
    "r1 += r3\nr2 = *(u8 *)(r1 +2)",
    "a constant looked up": LOOKUP.format("ro") + "r1 = *(u8 *)(r0 +4)",
    "one of several constants": LOOKUP.format("ro4") + "r1 = *(u8 *)(r0 +4)",
    "not frozen": "r1 = rop[0]+3 ll\nr2 = *(u8 *)(r1 +2)",
    "written, read-only": "r1 = ro[0]+3 ll\n*(u8 *)(r1 +2) = 1",
    "read, write-only": "r1 = wo[0]+3 ll\nr1 += 5\nr2 = *(u8 *)(r1 +2)",
    "written, write-only": "r1 = wo[0]+3 ll\nr1 += 5\n*(u8 *)(r1 +2) = 1",
    "a hash, read-only": LOOKUP.format("hro") + "*(u8 *)(r0 +4) = 1",
    "a hash, write-only": LOOKUP.format("hwo") + "r1 = *(u8 *)(r0 +4)",
    "behind a value": "r1 = ro[0]+3 ll\nr2 = *(u8 *)(r1 +62)",
    "no such place": "r1 = ro[0]+64 ll",
    "a place before it": "r1 = ro[0]+-1 ll",
    "a place far away": "r1 = ro[0]+0x20000000 ll",
    "an array of four": "r1 = a[0]+4 ll",
    "a hash's place": "r1 = h[0]+4 ll",
    "a place on each CPU": "r1 = pc[0]+4 ll",
    "a map read": "r1 = h ll\nr2 = *(u32 *)(r1 +44)\nr2 = *(u64 *)(r1 +40)\n"
    "r3 = *(u64 *)(r2 +0)",
    "a map's memory": "r1 = h ll\nr2 = *(u64 *)(r1 +56)\nr3 = *(u64 *)(r2 +999)",
    "a map written": "r1 = h ll\n*(u32 *)(r1 +0) = 1",
    "before a map": "r1 = h ll\nr2= *(u32 *)(r1 -4)",
    "behind a map": "r1 = a ll\nr2= *(u32 *)(r1 +9000)",
    "one instruction, two kinds": "r2 = *(u32 *)(r1 +12)\nif r2 > 5 goto +2\n"
    "r1 = r10\nr1 += -32\nr3 = *(u32 *)(r1 +12)",
}
STRICT = {
    "a packet": PACKET + "r5 = *(u32 *)(r2 +1)",
    "an aligned packet": PACKET + "r5 = *(u32 *)(r2 +2)",
    "a packet somewhere": "r6 = *(u32 *)(r1 +12)\nr6 &= 7\n"
    + PACKET.replace("r4 = r2", "r2 += r6\nr4 = r2")
    + "r5 = *(u32 *)(r2 +2)",
    "a value": LOOKUP.format("h") + "r1 = *(u64 *)(r0 +4)",
    "a context": "r1 = *(u32 *)(r1 +1)",
    "a number": "r1 = -3\nr1 = *(u32 *)(r1 +0)",
    "a large number": "r1 = 70000\nr1 = *(u32 *)(r1 +1)",
    "a map": "r1 = h ll\nr1 = *(u32 *)(r1 +1)",
    "a packet's end": "r2 = *(u32 *)(r1 +4)\nr1 = *(u32 *)(r2 +1)",
}
SLOTS = "*(u64 *)(r10 -8) = 5\n*(u64 *)(r10 -16) = r1\nr2 = 7\n"
ATOMICS = {
    "a slot": SLOTS + "lock *(u64 *)(r10 -8) += r2\nr3 = *(u64 *)(r10 -8)",
    "half a slot": SLOTS + "lock *(u32 *)(r10 -8) ^= r2\nr3 = *(u64 *)(r10 -8)",
    "a half number": "r2 = 7\n*(u32 *)(r10 -8) = 5\nlock *(u32 *)(r10 -8) += r2",
    "fetched": SLOTS + "r2 = atomic64_fetch_add((u64 *)(r10 -8), r2)\nr3 = r2",
    "half fetched": SLOTS + "r2 = atomic_fetch_or((u32 *)(r10 -8), r2)\nr3 = r2",
    "a pointer fetched": SLOTS + "r2 = atomic64_xchg((u64 *)(r10 -16), r2)\nr3 = r2",
    "half a pointer": SLOTS + "lock *(u32 *)(r10 -16) += r2",
    "never written": SLOTS + "lock *(u64 *)(r10 -24) += r2\nr3 = *(u64 *)(r10 -24)",
    "a pointer stored": SLOTS + "r1 = xchg_64(r10 -8, r1)\nr3 = *(u64 *)(r10 -8)",
    "compared": SLOTS + "r0 = 5\nr0 = cmpxchg_64(r10 -8, r0, r2)\nr3 = r0",
    "compared with nothing": SLOTS + "r0 = cmpxchg_64(r10 -8, r0, r2)",
    "with nothing": "lock *(u64 *)(r10 -8) += r2",
    "into fp": SLOTS + "r10 = atomic64_fetch_add((u64 *)(r10 -8), r10)",
    "with fp": SLOTS + "lock *(u64 *)(r10 -8) += r10",
    "a context": SLOTS + "lock *(u64 *)(r1 -8) += r2",
    "a packet": SLOTS + "r3 = *(u32 *)(r1 +0)\nlock *(u64 *)(r3 -8) += r2",
    "a number": SLOTS + "r3 = 8\nlock *(u64 *)(r3 -8) += r2",
    "address and value": "r0 = 8\nr0 = atomic_fetch_add((u32 *)(r0 +0), r0)",
    "misaligned": SLOTS + "lock *(u64 *)(r10 -12) += r2",
    "a value": LOOKUP.format("h")
    + "r2 = 5\nlock *(u64 *)(r0 +8) += r2\nr2 = atomic64_fetch_and((u64 *)(r0 +0), r2)",
    "behind a value": LOOKUP.format("h") + "r2 = 5\nlock *(u64 *)(r0 +16) += r2",
    "a misaligned value": LOOKUP.format("h") + "r2 = 5\nlock *(u64 *)(r0 +4) += r2",
    "perhaps null": LOOKUP.format("h").rpartition("if")[0]
    + "r2 = 5\nlock *(u32 *)(r0 +4) += r2",
    "a map": "r1 = h ll\nr2 = 5\nlock *(u32 *)(r1 +4) += r2",
    "somewhere": "r2 = *(u32 *)(r1 +12)\nr2 &= 8\nr3 = r10\nr3 += r2\n"
    "lock *(u64 *)(r3 -16) += r2",
    "acquired": SLOTS + "r3 = load_acquire((u64 *)(r10 -8))\n"
    "r4 = load_acquire((u8 *)(r10 -8))\nr4 = load_acquire((u64 *)(r10 -16))",
    "a context acquired": "r3 = load_acquire((u32 *)(r1 +12))",
    "a packet acquired": PACKET + "r3 = load_acquire((u32 *)(r2 +2))",
    "released": SLOTS + "store_release((u64 *)(r10 -24), r1)\n"
    "r3 = *(u64 *)(r10 -24)\nstore_release((u8 *)(r10 -24), r2)",
    "a packet released": PACKET + "store_release((u32 *)(r2 +2), r2)",
    "precise, fetched": "r2 = 3\n*(u64 *)(r10 -8) = r2\nr3 = 4\n"
    "r3 = atomic64_fetch_add((u64 *)(r10 -8), r3)\nr3 &= 7\nr4 = r10\nr4 += r3",
    "precise, compared": "r2 = 3\n*(u64 *)(r10 -8) = r2\nr0 = 3\nr3 = 4\n"
    "r0 = cmpxchg_64(r10 -8, r0, r3)\nr0 &= 7\nr4 = r10\nr4 += r0",
    "precise, added": "r2 = 3\n*(u64 *)(r10 -8) = r2\nlock *(u64 *)(r10 -8) += r2\n"
    "r4 = r10\nr5 = *(u64 *)(r10 -8)\nr5 &= 7\nr4 += r5",
    "precise, acquired": "r2 = 3\n*(u64 *)(r10 -8) = r2\n"
    "r3 = load_acquire((u64 *)(r10 -8))\nr4 = r10\nr4 += r3",
    "precise, released": "r2 = 3\nstore_release((u64 *)(r10 -8), r2)\n"
    "r3 = *(u64 *)(r10 -8)\nr4 = r10\nr4 += r3",
}
TABLES: Mapping[str, tuple[Mapping[str, str], int]] = {  # rows, flags of the program
    "values": (VALUES, 0),
    "strict": (STRICT, 1),
    "any alignment": (STRICT, 3),
    "atomics": (ATOMICS, 0),
}
ROWS = [(table, rule) for table, (rows, _) in TABLES.items() for rule in rows]


def program(table: str, rule: str) -> Program:
    rows, flags = TABLES[table]
    made = assemble(f"{rows[rule]}\nr0 = 0\nexit", type="xdp", maps=FLAGGED)
    return replace(made, flags=flags)


@pytest.mark.parametrize("privileged", [True, False])
@pytest.mark.parametrize(("table", "rule"), ROWS, ids=lambda word: word)
def test_linux_says_the_same_of_one_rule(linux, table, rule, privileged: bool) -> None:
    assert compare(linux, program(table, rule), privileged=privileged) == []


@pytest.mark.parametrize("table", ["values", "atomics"])
def test_linux_says_the_same_of_mutants(linux, table: str) -> None:
    for seed, rule in enumerate(TABLES[table][0]):
        for mutant in mutants(program(table, rule), random.Random(seed), 8):
            assert compare(linux, mutant) == [], mutant.code.hex()


# ---- maps that a program may use -------------------------------------------------

STORAGES = [
    MapSpec("cgroup_storage", 16, 8, 0, name="c1"),
    MapSpec("cgroup_storage", 16, 8, 0, name="c2"),
    MapSpec("percpu_cgroup_storage", 16, 8, 0, name="p"),
]
MANY = [MapSpec("array", 4, 8, 1, name=f"m{i}") for i in range(65)]
ARENAS = [
    MapSpec("arena", 0, 0, 4, name="ar", flags=1 << 10, extra=1 << 32),
    MapSpec("arena", 0, 0, 4, name="other", flags=1 << 10, extra=1 << 33),
    MapSpec("arena", 0, 0, 4, name="nowhere", flags=1 << 10),
]
USED = {
    "one storage twice": ("r1 = c1 ll\nr2 = c1 ll", STORAGES),
    "two storages": ("r1 = c1 ll\nr2 = c2 ll", STORAGES),
    "two kinds of storage": ("r1 = c1 ll\nr2 = p ll", STORAGES),
    "as many as may be": ("\n".join(f"r1 = m{i} ll" for i in range(64)), MANY),
    "one too many": ("\n".join(f"r1 = m{i} ll" for i in range(65)), MANY),
    "two arenas": ("r1 = ar ll\nr1 = other ll", ARENAS),
    "an arena at no address": ("r1 = nowhere ll", ARENAS),
    "a place in an arena": ("r1 = ar[0]+16384 ll\nr2 = r1", ARENAS),
    "a place behind an arena": ("r1 = ar[0]+16385 ll", ARENAS),
}


@pytest.mark.parametrize("privileged", [True, False])
@pytest.mark.parametrize("rule", USED)
def test_which_maps_a_program_may_use(linux, rule: str, privileged: bool) -> None:
    text, maps = USED[rule]
    made = assemble(f"{text}\nr0 = 1\nexit", type="cgroup_skb", maps=maps)
    assert compare(linux, made, privileged=privileged) == []


def cast(dst: int, src: int, imm: int) -> Insn:
    """Make an addr_space_cast, which the assembler does not know."""
    return Insn(0xBF, dst, src, 1, imm)


IN_ARENA = {
    "loads": "r4 = *(u64 *)(r3 +5)\nr5 = *(s8 *)(r3 +0)",
    "stores": "*(u64 *)(r3 +5) = 7\n*(u64 *)(r3 +5) = r10",
    "arithmetic": "r3 <<= 3\nr3 *= r3\nr2 -= r3\nw3 += 1\nr4 = r10\nr4 += r3\n"
    "r3 += r10\nr3 = -r3",
    "atomics": "r4 = 5\nlock *(u64 *)(r3 +8) += r4\n"
    "r4 = atomic64_fetch_add((u64 *)(r3 +4), r4)\nr4 = load_acquire((u32 *)(r3 +0))",
    "comparisons": "if r3 == 0 goto +1\nr4 = *(u8 *)(r3 +0)\nif r3 > r2 goto +0",
    "a slot": "*(u64 *)(r10 -8) = r3\nr4 = *(u64 *)(r10 -8)\nw5 = w4",
}


@pytest.mark.parametrize("into", [1, 1 << 16, 7])
@pytest.mark.parametrize("rule", IN_ARENA)
def test_pointers_into_an_arena(linux, rule: str, into: int) -> None:
    made = assemble(
        f"r1 = ar ll\nr2 = ar[0]+8 ll\n{IN_ARENA[rule]}\nr0 = 0\nexit",
        type="xdp",
        maps=ARENAS,
    )
    insns = [insn for insn in made.insns if insn]
    code = encode([*insns[:2], cast(3, 2, into), *insns[2:]])
    assert compare(linux, replace(made, code=code)) == []


def test_a_cast_without_an_arena(linux) -> None:
    code = encode([cast(3, 1, 1), Insn(0xB7), Insn(0x95)])
    assert compare(linux, Program(code, type="xdp")) == []


# ---- planted errors --------------------------------------------------------------

PLANTED = [
    (check_map_value, "check_map_access_type", "values", "written, read-only"),
    (check_map_value, "check_map_access", "values", "behind a value"),
    (check_atomic, "_check_kind", "atomics", "a context"),
    (check_alignment, "_NAMES", "strict", "a value"),
]


@pytest.mark.parametrize(("where", "name", "table", "rule"), PLANTED)
def test_a_planted_error_is_found(linux, monkeypatch, where, name, table, rule) -> None:
    wrong = {} if name == "_NAMES" else lambda *_, **__: None
    monkeypatch.setattr(where, name, wrong)
    assert compare(linux, program(table, rule), 0)
