"""The real kernel's verdicts: what `ebpflab.linux.verify` reports of them."""

import errno
import importlib
import os
import struct

import pytest

from ebpflab import logs
from ebpflab.errors import (
    EncodingError,
    LinuxError,
    ProgramError,
    VerifierError,
)
from ebpflab.isa.map_types import MAP_TYPES
from ebpflab.linux import run, syscall
from ebpflab.linux.load import Answer, verdict_of
from ebpflab.linux.types import ATTACH_TYPES, PROGRAM_TYPES
from ebpflab.program import MapSpec, Program

# the module: the package's name for it is the function inside
availability = importlib.import_module("ebpflab.linux.available")


def insn(opcode: int, dst: int = 0, src: int = 0, off: int = 0, imm: int = 0) -> bytes:
    return struct.pack("<BBhi", opcode, dst | src << 4, off, imm)


EXIT = insn(0x95)
RETURN_2 = insn(0xB7, imm=2) + EXIT
RETURN_1 = insn(0xB7, imm=1) + EXIT
COUNTER = MapSpec("array", 4, 8, 1, name="counter")
LOOKUP = (
    insn(0x62, 10, off=-4)  # *(u32 *)(r10 -4) = 0
    + insn(0xBF, 2, 10)
    + insn(0x07, 2, imm=-4)
    + insn(0x18, 1, 1)  # r1 = the first map
    + insn(0)
    + insn(0x85, imm=1)  # call bpf_map_lookup_elem
)

ACCEPTED = [
    Program(RETURN_2, type="xdp"),
    Program(RETURN_1, type="socket_filter"),
    Program(RETURN_1, type="sched_cls"),
    Program(RETURN_1, type="cgroup_skb", expected_attach_type="cgroup_inet_egress"),
    Program(RETURN_1, type="kprobe"),
    Program(RETURN_1, type="tracepoint"),
    Program(
        RETURN_1, type="cgroup_sock_addr", expected_attach_type="cgroup_inet4_connect"
    ),
    Program(RETURN_1, type="sk_lookup", expected_attach_type="sk_lookup"),
    Program(RETURN_1, type="netfilter", expected_attach_type="netfilter"),
    Program(
        insn(0xB7) + EXIT,
        type="tracing",
        expected_attach_type="trace_raw_tp",
        attach_to="sched_switch",
    ),
    Program(LOOKUP + RETURN_2, type="xdp", maps=[COUNTER]),
]


@pytest.mark.parametrize("program", ACCEPTED, ids=lambda p: p.type)
def test_accepted(linux, program: Program) -> None:
    verdict = linux.verify(program)
    assert verdict.accepted, verdict.log
    assert (verdict.errno, verdict.message) == (0, "")
    assert verdict.insns_processed == sum(1 for one in program.insns if one)


REJECTED = [
    (insn(0xBF, 0, 3) + EXIT, errno.EACCES, "R3 !read_ok", 1),
    (EXIT, errno.EACCES, "R0 !read_ok", 1),
    (
        insn(0xB7) + insn(0x05, off=-2),
        errno.EINVAL,
        "infinite loop detected at insn 0",
        0,
    ),
    (insn(0xB7) + insn(0x05, off=5) + EXIT, errno.EINVAL, "", 0),
    (insn(0x61, 0, 1, off=24) + EXIT, errno.EACCES, "", 1),
    (insn(0x18), errno.EINVAL, "", 0),
    (insn(0x18, 1, 1, imm=7) + insn(0) + RETURN_2, errno.EBADF, "", 0),
]


@pytest.mark.parametrize(("code", "number", "message", "count"), REJECTED)
def test_rejected(linux, code: bytes, number: int, message: str, count: int) -> None:
    verdict = linux.verify(Program(code, type="xdp"))
    assert (verdict.accepted, verdict.errno) == (False, number), verdict.log
    assert message in verdict.message != ""
    assert verdict.message in verdict.log
    assert verdict.insns_processed >= count
    with pytest.raises(VerifierError, match="refused this program"):
        verdict.check()


@pytest.mark.parametrize("level", [1, 2, 4, 3, 7])
def test_every_log_level_tells_the_same_reason(linux, level: int) -> None:
    verdict = linux.verify(
        Program(insn(0xBF, 0, 3) + EXIT, type="xdp"), log_level=level
    )
    assert (verdict.message, verdict.insns_processed) == ("R3 !read_ok", 1)
    assert ("func#0 @0" in verdict.log) == bool(level & 2)


def test_without_a_log_there_is_a_verdict(linux) -> None:
    verdict = linux.verify(Program(insn(0xBF, 0, 3) + EXIT, type="xdp"), log_level=0)
    assert (verdict.accepted, verdict.errno, verdict.log) == (False, errno.EACCES, "")


def counting_to(rounds: int) -> bytes:
    """r1 counts; a loop that makes progress is walked round by round."""
    loop = insn(0x07, 1, imm=1) + insn(0xA5, 1, off=-2, imm=rounds)
    return insn(0xB7, 1) + loop + RETURN_2


def test_a_log_of_many_megabytes_is_whole(linux) -> None:
    verdict = linux.verify(Program(counting_to(20_000), type="xdp"), log_level=2)
    assert verdict.accepted
    assert len(verdict.log) > 1 << 20
    assert verdict.log.startswith("func#0 @0")
    assert verdict.insns_processed == logs.processed(verdict.log) > 40_000


def test_a_log_too_large_keeps_its_end_and_the_true_verdict(linux, monkeypatch) -> None:
    monkeypatch.setattr("ebpflab.linux.load._LARGEST_LOG", 1 << 16)
    bad = counting_to(5_000)[:-16] + insn(0xBF, 0, 3) + EXIT
    verdict = linux.verify(Program(bad, type="xdp"), log_level=2)
    assert (verdict.errno, verdict.message) == (errno.EACCES, "R3 !read_ok")
    assert len(verdict.log) <= 1 << 16


UNINITIALIZED = Program(insn(0x79, 0, 10, off=-8) + EXIT, type="socket_filter")


def test_without_privileges_the_verifier_is_stricter(linux) -> None:
    assert linux.verify(UNINITIALIZED).accepted
    verdict = linux.verify(UNINITIALIZED, privileged=False)
    assert verdict.message == "invalid read from stack R10 off=-8 size=8"
    assert linux.verify(UNINITIALIZED).accepted  # and the right came back


def test_privileges_come_back_after_an_error(linux, monkeypatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("planted")

    with monkeypatch.context() as patch:
        patch.setattr("ebpflab.linux.verdict.load", fail)
        with pytest.raises(RuntimeError, match="planted"):
            linux.verify(UNINITIALIZED, privileged=False)
    assert linux.verify(UNINITIALIZED).accepted


@pytest.mark.parametrize(
    ("program", "key"),
    [
        (Program(RETURN_2, type="raw"), "linux-raw"),
        (Program(RETURN_2, type="xpd"), "linux-program-type"),
        (
            Program(RETURN_2, type="xdp", expected_attach_type="tomorrow"),
            "linux-attach-type",
        ),
        (
            Program(RETURN_2, type="xdp", maps=[MapSpec("heap", 4, 4, 1)]),
            "linux-map-type",
        ),
        (
            Program(RETURN_2, type="xdp", maps=[MapSpec("array", 3, 4, 1)]),
            "linux-refused",
        ),
        (
            Program(
                RETURN_2,
                type="tracing",
                expected_attach_type="trace_raw_tp",
                attach_to="no_such_tracepoint",
            ),
            "linux-no-target",
        ),
    ],
)
def test_what_no_verdict_can_be_had_for(linux, program: Program, key: str) -> None:
    with pytest.raises(LinuxError) as caught:
        linux.verify(program)
    assert caught.value.key == key


def test_code_that_is_not_whole_instructions(linux) -> None:
    with pytest.raises(EncodingError):
        linux.verify(Program(RETURN_2[:-3], type="xdp"))


UNJUDGED = [
    (Program(b"", type="xdp"), errno.E2BIG),
    (Program(RETURN_2, type="xdp", flags=1 << 31), errno.EINVAL),
    (Program(RETURN_2, type="sk_lookup"), errno.EINVAL),  # without attach type
]


@pytest.mark.parametrize("level", [0, 1, 2])
@pytest.mark.parametrize(("program", "number"), UNJUDGED)
def test_what_no_verifier_looked_at_is_no_verdict(
    linux, program, number, level
) -> None:
    for ask in (lambda: linux.verify(program, log_level=level), lambda: run(program)):
        with pytest.raises(LinuxError, match="did not judge") as caught:
            ask()
        assert caught.value.errno == number
        assert syscall.errno_words(number) in caught.value.why


@pytest.mark.parametrize("level", [-1, 8, 64, 1 << 40, "x", None, 1.0])
def test_log_levels_that_are_none(linux, level) -> None:
    with pytest.raises(LinuxError, match="log_level"):
        linux.verify(Program(RETURN_2, type="xdp"), log_level=level)


@pytest.mark.parametrize("flags", [-1, 1 << 32, 1 << 40, 1 << 64, "x"])
def test_numbers_do_not_wrap(linux, flags) -> None:
    with pytest.raises(LinuxError, match="prog_flags"):
        syscall.bpf("PROG_LOAD", prog_flags=flags)


def test_only_a_descriptor_may_be_minus_one() -> None:
    names = {"map_fd": "I", "flags": "Q"}
    assert syscall._value(names, "map_fd", {"map_fd": -1}) == 0xFFFF_FFFF
    for fields in ({"map_fd": -2}, {"flags": -1}, {"flags": 1 << 64}):
        with pytest.raises(LinuxError):
            syscall._value(names, *fields, fields)


@pytest.mark.parametrize("wrong", [None, b"", "prog", 3])
def test_no_program(linux, wrong) -> None:
    for ask in (linux.verify, run):
        with pytest.raises(ProgramError, match="no program"):
            ask(wrong)


@pytest.mark.parametrize("level", [0, 1, 2, 4])
def test_a_refusal_always_has_a_message(linux, level: int) -> None:
    program = Program(insn(0xBF, 0, 3) + EXIT, type="xdp")
    assert linux.verify(program, log_level=level).message == "R3 !read_ok"
    answer = Answer(None, errno.EACCES, "0: (95) exit\n")
    assert verdict_of(answer).message == "EACCES: Permission denied"


def test_btf_and_lines_reach_the_log(linux) -> None:
    """A hand-made BTF of one function `f`; the log then quotes the source line."""
    strings = b"\0int\0f\0x.c\0return r3;\0"
    types = struct.pack("<4I", 1, 0x01000000, 4, 0x01000020)  # 1: int
    types += struct.pack("<3I", 0, 0x0D000000, 1)  # 2: int (void)
    types += struct.pack("<3I", 5, 0x0C000000, 2)  # 3: f
    header = struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 24, 0, len(types), len(types), 22)
    strings += b"\0" * (22 - len(strings))
    program = Program(
        insn(0xBF, 0, 3) + EXIT,
        type="xdp",
        btf=header + types + strings[:22],
        func_info=struct.pack("<2I", 0, 3),
        line_info=struct.pack("<4I", 0, 7, 11, 5 << 10 | 1),
    )
    assert "return r3;" in linux.verify(program).log
    assert linux.verify(Program(RETURN_2, type="xdp", btf=b"broken")).accepted


# ---- no kernel -----------------------------------------------------------------------


def refuse_with(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulate a kernel that refuses every bpf(2)."""
    real = syscall.call

    def call(name: str, *arguments: object) -> tuple[int, int]:
        return (-1, number) if name == "bpf" else real(name, *arguments)

    monkeypatch.setattr(syscall, "call", call)


@pytest.mark.parametrize(
    ("number", "user", "seccomp", "words"),
    [
        (errno.EPERM, 1000, "0", "not root"),
        (errno.EPERM, 0, "0", "CAP_BPF is missing"),
        (errno.EPERM, 0, "2", "seccomp"),
        (errno.ENOSYS, 0, "0", "without bpf"),
        (errno.EINVAL, 0, "0", "refuses even"),
    ],
)
def test_why_not(linux, number, user, seccomp, words, monkeypatch) -> None:
    refuse_with(number, monkeypatch)
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(availability, "_seccomp", lambda: seccomp)
    assert words in linux.available()
    with pytest.raises(LinuxError, match="cannot be asked here") as caught:
        linux.verify(Program(RETURN_2, type="xdp"))
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("machine", "words"),
    [(("darwin", "arm64"), "not Linux"), (("linux", "s390x"), "architecture")],
)
def test_elsewhere(machine, words, monkeypatch) -> None:
    monkeypatch.setattr(availability, "this_machine", lambda: machine)
    monkeypatch.setattr(syscall, "this_machine", lambda: machine)
    assert words in availability.available()
    with pytest.raises(LinuxError):
        syscall.bpf("MAP_FREEZE", map_fd=-1)


def test_the_type_tables_are_those_of_linux_6_18() -> None:
    assert (PROGRAM_TYPES["netfilter"], len(PROGRAM_TYPES)) == (32, 33)
    assert (MAP_TYPES["arena"], len(MAP_TYPES)) == (33, 34)
    assert (ATTACH_TYPES["trace_uprobe_session"], len(ATTACH_TYPES)) == (57, 58)
