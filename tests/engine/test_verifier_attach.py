"""What may be loaded for which place: types, attach types, flags; structures' members.

Against Linux: whether a verifier spoke at all, verdict, errno and message.
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest

import ebpflab as lab
from ebpflab.btf import Kind
from ebpflab.btf.kernel import running_btf
from ebpflab.linux.types import ATTACH_TYPES, PROGRAM_TYPES
from ebpflab.verifier.check import verify

FLAGS = (0, *(1 << bit for bit in range(9)))
SOME_FLAGS = (0, 1 << 4)  # the second: it may sleep
NOT_HERE = ("ext", "lsm")  # need a trampoline, which this kernel has not
TRAMPOLINES = ("trace_fentry", "trace_fexit", "modify_return")
ANSWERS = ("r0 = 0\nexit", "r0 = 1\nexit", "r0 = *(u64 *)(r1 +8)\nr0 = 0\nexit")
STRUCTURES = ("tcp_congestion_ops", "bpf_dummy_ops", "file_operations", "sock")
Answer = tuple[bool, int, str, int]


def linuxs(program: lab.Program, privileged: bool = True) -> Answer:
    try:
        said = lab.linux.verify(program, log_level=4, privileged=privileged)
    except lab.LinuxError as error:  # no verifier spoke
        return False, error.errno, "", 0
    return said.accepted, said.errno, said.message, said.insns_processed


def ours(program: lab.Program, unheard: bool, privileged: bool = True) -> Answer:
    said = verify(program, privileged=privileged, log_level=0)
    message = "" if unheard else said.message
    return said.accepted, said.errno, message, said.insns_processed


def differing(
    programs: Iterator[lab.Program], privileged: bool = True
) -> Iterator[str]:
    for program in programs:
        there = linuxs(program, privileged)
        unheard = not there[0] and not there[2]
        here = ours(program, unheard, privileged)
        if there != here:
            where = program.attach_to or program.expected_attach_type
            yield f"{program.type}, {where}, {program.flags}: {there}, here {here}"


def of_every_kind(type: str) -> Iterator[lab.Program]:
    code = lab.assemble("r0 = 1\nexit", type="xdp").code
    for attach_type in (None, *ATTACH_TYPES):
        if attach_type not in TRAMPOLINES:
            for flags in SOME_FLAGS if attach_type else FLAGS:
                yield lab.Program(
                    code, type=type, expected_attach_type=attach_type, flags=flags
                )


@pytest.mark.parametrize("type", [t for t in PROGRAM_TYPES if t not in NOT_HERE])
def test_places_and_flags_are_judged_as_linux_does(linux, type: str) -> None:
    assert list(differing(of_every_kind(type))) == []


@pytest.mark.parametrize("type", ["tracing", "struct_ops", "kprobe", "xdp"])
def test_without_cap_perfmon_some_types_are_not_heard(linux, type: str) -> None:
    unflagged = (p for p in of_every_kind(type) if not p.flags)
    assert list(differing(unflagged, privileged=False)) == []


def of_every_member(structure: str) -> Iterator[lab.Program]:
    btf = running_btf()
    found = btf.find(structure, Kind.STRUCT) if btf else None
    for member in found.members if found else ():
        for text in ANSWERS:
            program = lab.assemble(text, type="struct_ops")
            program = replace(program, attach_to=f"{structure}.{member.name}")
            yield program
            yield replace(program, license="Proprietary")
            yield replace(program, flags=1 << 4)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_members_of_structures_are_judged_as_linux_does(linux, structure) -> None:
    named = (p for p in of_every_member(structure) if not p.attach_to.endswith("."))
    assert list(differing(named)) == []


def test_a_replacement_of_a_function_is_not_judged_alone() -> None:
    program = lab.assemble("r0 = 0\nexit", type="ext")
    assert not verify(program).accepted
