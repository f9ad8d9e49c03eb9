"""Programs whose context is a kernel function's arguments, and walks from there.

Every argument of every tracepoint and iterator of this kernel, loads at random places
of random structures, chains of loads: verdict, errno, message and log are Linux's.
"""

import random
from collections.abc import Iterator

import pytest

import ebpflab as lab
from ebpflab.btf import Btf, Kind, Type
from ebpflab.btf.access import COMPOSITE
from ebpflab.btf.kernel import kernel_btf
from ebpflab.verifier.nullable_arguments import ITERATORS, NULLABLE
from tests.engine.test_verifier_calls import difference

PREFIX = "btf_trace_"
FAVORITES = (
    *("task_struct", "file", "sk_buff", "sock", "inode", "mm_struct"),
    *("linux_binprm", "dentry"),
)
WORDS = {1: "u8", 2: "u16", 4: "u32", 8: "u64"}
EXIT = "r0 = 0\nexit"
MEMBERS = (
    *("ssthresh", "cong_avoid", "set_state", "cwnd_event", "pkts_acked"),
    *("undo_cwnd", "init"),
)


@pytest.fixture(scope="module")
def btf(linux) -> Btf:
    return kernel_btf() or pytest.skip("this kernel has no BTF")


def traced(text: str, to: str, attach: str = "trace_raw_tp") -> lab.Program:
    code = lab.assemble(text, type="tracing").code
    return lab.Program(code, type="tracing", expected_attach_type=attach, attach_to=to)


def tracepoints(btf: Btf) -> Iterator[tuple[str, Type]]:
    """Yield every tracepoint with the prototype of what it calls."""
    for type in btf:
        if type.kind is Kind.TYPEDEF and type.name.startswith(PREFIX):
            pointer = btf.resolve(type.type)
            yield type.name.removeprefix(PREFIX), btf.resolve(pointer.type)


def wrong(programs: Iterator[lab.Program]) -> list[str]:
    return [what for what in map(difference, programs) if what]


def arguments(to: str, attach: str, count: int) -> Iterator[lab.Program]:
    for number in range(count):
        yield traced(f"r2 = *(u64 *)(r1 +{8 * number})\n{EXIT}", to, attach)


def test_arguments_of_tracepoints(btf: Btf) -> None:
    for number, (name, proto) in enumerate(tracepoints(btf)):
        if number % 20 == 0 or name in NULLABLE:
            count = len(proto.members) + 1
            assert wrong(arguments(name, "trace_raw_tp", count)) == [], name


@pytest.mark.parametrize("name", ITERATORS)
def test_arguments_of_iterators(btf: Btf, name: str) -> None:
    assert wrong(arguments(name, "trace_iter", 6)) == []


def test_places_in_a_context(btf: Btf) -> None:
    programs = (
        traced(f"{text}\n{EXIT}", "sched_switch")
        for off in range(-8, 104, 4)
        for word in WORDS.values()
        for text in (
            f"r2 = *({word} *)(r1 +{off})",
            f"*({word} *)(r1 +{off}) = 1",
        )
    )
    assert wrong(programs) == []


@pytest.mark.parametrize("member", MEMBERS)
def test_functions_of_a_structure(linux, member: str) -> None:
    to = f"tcp_congestion_ops.{member}"
    for number in range(4):
        code = lab.assemble(f"r2 = *(u64 *)(r1 +{8 * number})\n{EXIT}", type="xdp").code
        assert difference(lab.Program(code, type="struct_ops", attach_to=to)) == ""


# ---- walks ---------------------------------------------------------------------


def entries(btf: Btf) -> dict[str, tuple[str, int, Type]]:
    """Return a way to each structure: tracepoint, argument, type."""
    found = {}
    for name, proto in tracepoints(btf):
        for index, member in enumerate(proto.members[1:]):
            pointer = btf.resolve(member.type)
            target = btf.resolve(pointer.type)
            if pointer.kind is Kind.PTR and target.kind in COMPOSITE:
                found.setdefault(target.name, (name, index, target))
    return found


def pointers(btf: Btf, owner: Type) -> list[tuple[int, Type]]:
    return [
        (member.offset, btf.resolve(pointer.type))
        for member in owner.members
        if (pointer := btf.resolve(member.type)).kind is Kind.PTR
        and member.offset < 1 << 15
    ]


def walk(btf: Btf, chance: random.Random, start: tuple[str, int, Type]) -> lab.Program:
    """Return a program that follows pointers, mostly where there are some."""
    name, index, here = start
    lines, reg = [f"r2 = *(u64 *)(r1 +{8 * index})"], 2
    if chance.random() < 0.3:
        lines.append("if r2 == 0 goto OUT")
    for _ in range(chance.randrange(1, 5)):
        there = pointers(btf, here)
        size = chance.choice([8, 8, 8, 4, 2, 1])
        off = min(chance.randrange(-8, max(16, here.size + 8)), 32000) // size * size
        if there and chance.random() < 0.8:
            size, (off, here) = 8, chance.choice(there)
        lines += _odd(chance, reg, off)
        following = chance.choice([2, 3, 4, 5])
        lines.append(f"r{following} = *({WORDS[size]} *)(r{reg} +{off})")
        if chance.random() < 0.25:
            lines.append(f"if r{following} == 0 goto OUT")
        reg = following
    return traced("\n".join([*lines, f"OUT: {EXIT}"]), name)


def _odd(chance: random.Random, reg: int, off: int) -> list[str]:
    """Return something else that a program might do with the pointer."""
    return chance.choice(
        [
            *([[]] * 12),
            [f"*(u64 *)(r{reg} +{off}) = 1"],
            [f"r{reg} += {chance.choice([8, 16, -8, 100000])}"],
            [f"r{reg} &= 7"],
            [f"*(u64 *)(r10 -8) = r{reg}", f"r{reg} = *(u64 *)(r10 -8)"],
            [f"r4 = r{reg}"],
        ]
    )


def test_walks_through_structures(btf: Btf) -> None:
    ways, chance = entries(btf), random.Random(618)
    for _ in range(250):
        names = FAVORITES if chance.random() < 0.6 else sorted(ways)
        start = ways.get(chance.choice(names))
        if start:
            assert difference(walk(btf, chance, start)) == ""


def test_only_compatible_licenses_read_structures(btf: Btf) -> None:
    text = f"r2 = *(u64 *)(r1 +8)\nr2 = *(u64 *)(r2 +8)\n{EXIT}"
    program = traced(text, "sched_switch")
    for license in ("GPL", "MIT", "Dual MIT/GPL"):
        judged = lab.Program(**{**vars(program), "license": license})
        assert difference(judged) == ""


def test_answers_of_programs(btf: Btf) -> None:
    for attach, to in (("trace_raw_tp", "sched_switch"), ("trace_iter", "task")):
        for answer in (-1, 0, 1, 2):
            assert difference(traced(f"r0 = {answer}\nexit", to, attach)) == ""


def test_a_forgotten_null_is_noticed(btf: Btf, monkeypatch) -> None:
    text = f"r2 = *(u64 *)(r1 +24)\nr2 = *(u64 *)(r2 +8)\n{EXIT}"
    program = traced(text, "kfree_skb")
    assert difference(program) == ""
    monkeypatch.delitem(NULLABLE, "kfree_skb")
    assert difference(program) != ""
