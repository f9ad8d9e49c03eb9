"""Contexts, sockets, attach types and answers against Linux, for every program type.

What a load of a context's field gives, how wide it may be, where it is written; which
attach types and flags a program is loaded with, and what it may answer.
"""

import random
from collections.abc import Iterator

import pytest

from ebpflab.errors import LinuxError
from ebpflab.hooks import HOOKS, Hook
from ebpflab.isa.codec import encode
from ebpflab.isa.insn import Insn
from ebpflab.linux.types import ATTACH_TYPES
from ebpflab.listing import assemble
from ebpflab.program import Program
from ebpflab.results import Verdict
from ebpflab.verifier import check_ctx, check_sock
from ebpflab.verifier.check import verify
from tests.engine.agreement import answer, compare

TYPED = ("tracing", "lsm", "struct_ops", "ext", "raw")  # theirs is not a table
HOOKED = sorted(name for name in HOOKS if name not in TYPED)
SLEEPABLE = 16
SIZES = {1: 0x10, 2: 0x08, 4: 0x00, 8: 0x18}  # bytes: the opcode's bits
LDX, STX, LDSX = 0x61, 0x63, 0x81


def program(text: str, type: str, attach: str | None = None, flags: int = 0) -> Program:
    code = assemble(text, type=type).code
    return Program(code, type=type, expected_attach_type=attach, flags=flags)


# ---- fields --------------------------------------------------------------------


def accesses(hook: Hook, chance: random.Random) -> Iterator[Program]:
    """Yield programs of one access each: a sample of all that there could be."""
    end = [Insn(0xB7, 0, imm=1), Insn(0x95)]
    flags = SLEEPABLE if hook.must_sleep else 0
    last = min(hook.context_size + 9, 250)
    for off in (*range(-2, last), 8191, 8192, 32767):
        size, opcode = chance.choice((1, 2, 4, 4, 8, 8)), chance.choice((LDX, STX))
        if size < 8 and chance.random() < 0.2:
            opcode = LDSX
        bits = opcode & ~0x18 | SIZES[size]
        ways = {LDX: (2, 1), LDSX: (2, 1), STX: (1, 3)}
        insns = [Insn(0xB7, 3), Insn(bits, *ways[opcode], off=off), *end]
        attach = chance.choice(hook.expected or hook.attach_types or (None,))
        yield Program(
            encode(insns), type=hook.type, expected_attach_type=attach, flags=flags
        )


@pytest.mark.parametrize("type", HOOKED)
def test_context_accesses_are_judged_alike(linux, type: str) -> None:
    chance = random.Random(type)
    for one in accesses(HOOKS[type], chance):
        assert compare(linux, one) == []


MOVED = {
    "forward": "r1 += 8\nr2 = *(u32 *)(r1 +0)",
    "back": "r1 += -8\nr2 = *(u32 *)(r1 +8)",
    "there and back": "r1 += 8\nr1 += -8\nr2 = *(u32 *)(r1 +0)",
    "somewhere": "r2 = *(u8 *)(r10 -8)\nr1 += r2\nr2 = *(u32 *)(r1 +0)",
    "an atomic": "r2 = 1\nlock *(u32 *)(r1 +8) += r2",
    "a pointer stored": "*(u64 *)(r1 +48) = r10",
    "two kinds": "r2 = *(u64 *)(r10 -8)\nif r2 == 0 goto a\nr1 = r10\nr1 += -8\n"
    "a:\nr3 = *(u32 *)(r1 +0)",
}


@pytest.mark.parametrize("privileged", [True, False])
@pytest.mark.parametrize("name", MOVED)
def test_a_moved_context_is_refused_alike(linux, name: str, privileged: bool) -> None:
    for type in ("sched_cls", "socket_filter"):
        one = program(f"{MOVED[name]}\nr0 = 0\nexit", type)
        assert compare(linux, one, privileged=privileged) == []


# ---- sockets -------------------------------------------------------------------

SOCKETS = {  # type, attach type: where the context has one
    ("cgroup_sock_addr", "cgroup_inet4_connect"): 64,
    ("sk_lookup", "sk_lookup"): 0,
    ("sk_msg", None): 72,
    ("sk_reuseport", None): 48,
    ("sched_cls", None): 168,
    ("cgroup_skb", None): 168,
}
USES = (
    "r3 = *(u{bits} *)(r2 {off:+d})",
    "if r2 == 0 goto out\nr3 = *(u{bits} *)(r2 {off:+d})",
    "if r2 != 0 goto a\nr3 = *(u{bits} *)(r2 {off:+d})\na:",
    "if r2 == 0 goto out\n*(u{bits} *)(r2 {off:+d}) = 1",
    "r2 += {off}",
    "r2 = -r2",
    "if r2 > r1 goto out",
)


@pytest.mark.parametrize("type", SOCKETS, ids=lambda pair: pair[0])
def test_sockets_are_judged_alike(linux, type: tuple[str, str | None]) -> None:
    chance = random.Random(type[0])
    load = f"r2 = *(u64 *)(r1 +{SOCKETS[type]})\n"
    for off in range(-4, 92):
        use = chance.choice((*USES, *USES[1:2] * 6))
        text = load + use.format(off=off, bits=chance.choice((8, 16, 32, 32, 64)))
        one = program(f"{text}\nout:\nr0 = 1\nexit", *type)
        assert compare(linux, one, privileged=chance.random() < 0.7) == []


NETFILTER = "r2 = *(u64 *)(r1 +{})\n{}\nr0 = 0\nexit"


def test_netfilter_gives_structures_of_the_kernel(linux) -> None:
    for off in (0, 8):
        for use in ("r3 = *(u64 *)(r2 +8)", "*(u8 *)(r2 +0) = 1", "r2 += 1"):
            one = program(NETFILTER.format(off, use), "netfilter", "netfilter")
            assert compare(linux, one) == []


# ---- loading, and the end --------------------------------------------------------

ENDS = ("r0 = 0", "r0 = 1", "r0 = 2", "r0 = 3", "r0 = 4", "r0 = -1", "r0 = r1")
ENDS += ("r0 = *(u64 *)(r10 -8)", "*(u64 *)(r10 -8) = 1\nr0 = *(u64 *)(r10 -8)")
ENDS += ("r2 = 0", "r0 = *(u8 *)(r10 -8)\nr0 &= 3", "w0 = -1")


def judged(linux, one: Program, privileged: bool) -> tuple[int, str]:
    """Return Linux's errno and message, where it looked at the program or not."""
    try:
        told = linux.verify(one, privileged=privileged, log_level=2)
    except LinuxError as error:
        return error.errno, ""
    return told.errno, told.message


def ours(verdict: Verdict) -> tuple[int, str]:
    return verdict.errno, verdict.message if verdict.log else ""


@pytest.mark.parametrize("privileged", [True, False])
@pytest.mark.parametrize("type", HOOKED)
def test_loads_and_answers_are_judged_alike(linux, type: str, privileged: bool) -> None:
    chance = random.Random(type)
    for attach in (None, *ATTACH_TYPES):
        flags = chance.choice((0, 0, SLEEPABLE))
        for end in chance.sample(ENDS, 3):
            one = program(f"{end}\nexit", type, attach, flags)
            here = verify(one, privileged=privileged, log_level=2)
            assert ours(here) == judged(linux, one, privileged), (attach, end)


@pytest.mark.parametrize("flags", [1 << bit for bit in range(9)])
def test_flags_are_judged_alike(linux, flags: int) -> None:
    one = program("r2 = *(u32 *)(r1 +0)\nr0 = 0\nexit", "kprobe", flags=flags)
    assert ours(verify(one, log_level=2)) == judged(linux, one, True)


# ---- planted errors --------------------------------------------------------------


def test_a_field_of_the_wrong_kind_is_found(linux, monkeypatch) -> None:
    monkeypatch.setattr(check_ctx, "OF_DATA", {})
    one = program("r2 = *(u32 *)(r1 +0)\nr0 = 0\nexit", "xdp")
    with pytest.raises(Exception, match="data"):
        compare(linux, one)


def test_a_socket_with_a_field_too_many_is_found(linux, monkeypatch) -> None:
    monkeypatch.setattr(check_sock, "ONLY_FULL", ())
    text = "r2 = *(u64 *)(r1 +168)\nif r2 == 0 goto out\nr3 = *(u32 *)(r2 +8)\nout:"
    assert compare(linux, program(f"{text}\nr0 = 0\nexit", "sched_cls"))


def test_no_log_means_that_nobody_looked(linux) -> None:
    told = verify(program("r0 = 0\nexit", "sk_lookup"))
    assert answer(told) == (False, 22, "EINVAL: Invalid argument", 0)
    assert told.log == ""
