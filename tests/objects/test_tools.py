"""Every program in Debian's eBPF tools: opened, relocated, spelled, judged by Linux.

Linux is the oracle twice. At log level 2 its verifier lists every instruction of a
program as it was handed over: our text of our relocated program must be that text,
addresses apart. And its verdict on each program must be "accepted", or a reason that
lies in the machine: no trampolines, no such function in this kernel.
"""

import errno
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import pytest

import ebpflab as lab
from ebpflab.errors import LinuxError
from ebpflab.isa.disassembler import disassemble_insn
from ebpflab.isa.insn import Insn
from ebpflab.program import Program
from tests.objects.tools import (
    REFUSED,
    TOOLS,
    as_the_tool_loads,
    installed,
    opened,
)

pytestmark = pytest.mark.skipif(bool(installed()), reason=installed())

LISTED = (
    re.compile(  # "  1  13: 01....67.. (bf) r2 = r1": 1 is the loop, where there is one
        r"^ *(?:\d+ +)?(\d+): [0-9.]{10,} \([0-9a-f]{2}\) (.*)$", re.MULTILINE
    )
)
ADDRESS = re.compile(r"0xffff[0-9a-f]{12}$")
TRAMPOLINES = ("trace_fentry", "trace_fexit", "modify_return")
LEVEL = 2
ACCEPTED, NO_TRAMPOLINE, NO_TARGET, NO_MEMBER = range(4)


@pytest.fixture(params=TOOLS)
def tool(request: pytest.FixtureRequest) -> str:
    return request.param


def programs(tool: str) -> Iterator[tuple[str, Program]]:
    for name, program in opened(tool).programs.items():
        yield f"{tool}:{name}", as_the_tool_loads(program)


def listed(program: Program) -> dict[int, str]:
    """Return Linux's own text of a program, by slot.

    It is made before types are looked at, so that programs whose hook is not in this
    kernel are told too: as programs of another type.
    """
    from ebpflab import linux

    bare = {"expected_attach_type": None, "attach_to": None, "btf": None, "flags": 0}
    for candidate in (program, replace(program, type="raw_tracepoint", **bare)):
        with suppress(LinuxError):
            log = linux.verify(candidate, log_level=LEVEL).log
            if found := LISTED.findall(log):
                return {int(slot): text for slot, text in found}
    return {}


def spelled(insn: Insn) -> str:
    """Return our text, as the log has it; a map is an address there."""
    text = disassemble_insn(insn, as_log=True)
    return text.rpartition("0x")[0] + "ADDRESS" if insn.is_wide and insn.src else text


def without_address(text: str, insn: Insn) -> str:
    return ADDRESS.sub("ADDRESS", text) if insn.is_wide and insn.src else text


def outcome(name: str, program: Program) -> int:
    """Ask Linux; return how it went. An unexpected refusal fails the test."""
    from ebpflab import linux

    try:
        verdict = linux.verify(program)
    except LinuxError as error:
        if error.errno == errno.EPERM and program.expected_attach_type in TRAMPOLINES:
            return NO_TRAMPOLINE
        if error.key == "linux-no-target":
            return NO_TARGET
        raise
    if verdict.errno:
        assert verdict.message == REFUSED.get(name), f"{name}: {verdict.log[-800:]}"
        return NO_MEMBER
    return ACCEPTED


def test_a_tool_opens(tool: str) -> None:
    obj = opened(tool)
    first, *_ = obj.notices
    assert first.startswith(f"this executable carries {TOOLS[tool]} eBPF object")
    assert obj.programs
    assert obj.license
    assert {spec.name for spec in obj.maps.values()} == set(obj.maps)
    for name, program in obj.programs.items():
        assert program.name == name
        assert {spec.name for spec in program.maps} <= set(obj.maps)


def test_its_text_reads_back(tool: str) -> None:
    for name, program in programs(tool):
        text = lab.disassemble(program)
        assert ".8byte" not in text, name
        again = lab.assemble(text, type=program.type, maps=program.maps)
        assert again.code == program.code, name


def test_its_text_is_linuxs(tool: str, linux) -> None:
    for name, program in programs(tool):
        theirs, ours = listed(program), program.insns
        assert len(theirs) == sum(insn is not None for insn in ours), name
        for slot, text in theirs.items():
            insn = ours[slot]
            assert insn, f"{name}, {slot}"
            assert without_address(text, insn) == spelled(insn), f"{name}, {slot}"


def test_another_program_has_another_text(linux) -> None:
    (_, program), *_ = programs("execsnoop")
    code = bytearray(program.code)
    code[0] ^= 0x08  # a move of a number instead of one of a register, or back
    theirs = listed(program)
    changed = replace(program, code=bytes(code)).insns[0]
    assert changed
    assert spelled(changed) != theirs[0]


def test_linux_takes_it(tool: str, linux) -> None:
    for name, program in programs(tool):
        outcome(name, program)


def test_most_are_taken(linux) -> None:
    """When this was written, by Linux 6.18: 359 accepted, 3 refused for a member.

    41 wanted a trampoline; 111 name a function of another kernel, or one that the
    tool chooses when it starts.
    """
    count: Counter[int] = Counter()
    for tool in TOOLS:
        count.update(outcome(name, program) for name, program in programs(tool))
    assert count.total() == 514
    assert count[ACCEPTED] > 0.6 * count.total()
