"""Packets against Linux, in every program type that sees them without a helper.

Random programs compare pointers into the packet, and into the metadata in front of it,
with each other and with the end, move them, and read and write through them; with
CAP_PERFMON and without, with strict alignment or not. All must be equal: verdict,
errno, message, `processed`, and the log of level 2.
"""

import random

import pytest

from ebpflab.hooks import HOOKS
from ebpflab.listing import assemble
from ebpflab.program import Program
from ebpflab.verifier import check_packet, packet_ranges
from tests.engine.agreement import compare

STRICT_ALIGNMENT = 1
PACKET, META, END = "data", "data_meta", "data_end"
FIELDS = {
    hook.type: {
        row.pointer: row for row in hook.fields if row.pointer.startswith(PACKET)
    }
    for hook in HOOKS.values()
}
TYPES = [type for type, fields in FIELDS.items() if PACKET in fields]
POINTERS = [2, 4, 5, 8, 9]  # r3 is the end, r7 a number
STEPS = [1, 2, 4, 8, 14, 34, -1, -4, 65535, 65534, 40000]
ORDERS = [">", ">=", "<", "<=", ">", "<=", "==", "!=", "s>"]


def load(number: int, type: str, pointer: str) -> str:
    row = FIELDS[type][pointer]
    return f"r{number} = *(u{row.size * 8} *)(r6 +{row.offset})"


def step(chance: random.Random, label: int) -> str:
    """Return one step on pointers into the packet."""
    pick, p, q = chance.choice, chance.choice(POINTERS), chance.choice(POINTERS)
    x, y = pick([(p, 3), (3, p), (p, 3), (p, q), (9, 2), (2, 9)])
    inside = pick(["r7 = 3", f"r0 = *(u8 *)(r{x} -1)", f"r0 = *(u8 *)(r{q} +0)"])
    size, off = pick([8, 16, 32, 64]), pick([0, 0, 1, 4, 13, -1, -14, 3])
    kinds = {
        f"r{p} += {pick(STEPS)}": 22,
        f"r{p} -= {pick(['1', '4', '14', 'r7'])}": 5,
        f"r{p} += r7": 10,
        pick(["r7 &= 15", "r7 <<= 2", "r7 = 4", "r7 += 1", "r7 -= 1", "r7 <<= 8"]): 5,
        f"r{p} = r{q}": 8,
        f"if r{x} {pick(ORDERS)} r{y} goto out": 15,
        f"if r{x} {pick(ORDERS)} r{y} goto L{label}\n{inside}\nL{label}:": 15,
        f"r0 = *(u{size} *)(r{p} {off:+d})": 12,
        f"*(u{pick([8, 32])} *)(r{p} +{pick([0, 1])}) = {pick(['0', 'r7', 'r2'])}": 3,
        f"*(u64 *)(r10 -16) = r{p}\nr{q} = *(u64 *)(r10 -16)": 3,
        f"r7 = r{p}\nr7 -= r{q}": 2,
    }
    return chance.choices(list(kinds), list(kinds.values()))[0]


def random_program(seed: int) -> Program:
    chance = random.Random(seed)
    type = chance.choice([*TYPES, "xdp", "sched_cls"])
    has_meta = META in FIELDS[type] and chance.random() < 0.5
    lines = ["r6 = r1", load(2, type, PACKET), load(3, type, END)]
    lines += [load(9, type, META) if has_meta else "r9 = r2", "r4 = r2", "r5 = r9"]
    lines += ["r8 = r2", f"r7 = *(u{chance.choice([8, 16])} *)(r10 -8)"]
    lines += [step(chance, label) for label in range(chance.randint(3, 10))]
    lines.append(f"r0 = *(u8 *)(r{chance.choice(POINTERS)} +{chance.choice([0, 2])})")
    code = assemble("\n".join([*lines, "out:", "r0 = 0", "exit"]), type=type).code
    expected = HOOKS[type].expected
    return Program(
        code,
        type=type,
        expected_attach_type=expected[-1] if expected else None,
        flags=chance.choice([0, 0, 0, STRICT_ALIGNMENT]),
    )


@pytest.mark.parametrize("privileged", [True, False])
def test_random_programs_are_judged_alike(linux, privileged: bool) -> None:
    for seed in range(900):
        found = compare(linux, random_program(seed), privileged=privileged)
        assert found == [], seed


def test_all_types_that_see_packets_are_there() -> None:
    assert {"xdp", "sched_cls", "lwt_xmit", "sk_msg", "flow_dissector"} <= {*TYPES}
    assert len(TYPES) > 12


WRITE = "r2 = *(u{bits} *)(r1 +{off})\n*(u8 *)(r2 +0) = 1\nr0 = 1\nexit"


@pytest.mark.parametrize("type", TYPES)
def test_writes_are_judged_alike(linux, type: str) -> None:
    row = FIELDS[type].get(PACKET)
    assert row
    code = assemble(WRITE.format(bits=row.size * 8, off=row.offset), type=type).code
    expected = HOOKS[type].expected
    attach = expected[-1] if expected else None
    assert compare(linux, Program(code, type=type, expected_attach_type=attach)) == []


PLANTED = [
    (packet_ranges, "AT_PKT_END", packet_ranges.BEYOND_PKT_END),
    (packet_ranges, "MAX_PACKET_OFF", 1 << 20),
    (check_packet, "inside", lambda off, size, end: True),
]


@pytest.mark.parametrize(("where", "name", "wrong"), PLANTED)
def test_a_planted_error_is_found(linux, monkeypatch, where, name, wrong) -> None:
    monkeypatch.setattr(where, name, wrong)
    assert any(compare(linux, random_program(seed)) for seed in range(1200))
