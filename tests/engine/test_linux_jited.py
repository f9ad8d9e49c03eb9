"""The kernel's machine code: it is there, and it is the program's."""

import platform
import sys

import pytest

import ebpflab as lab
from ebpflab.linux.jited import jited


def test_the_kernel_shows_its_code(linux: None) -> None:
    constant = 0x1234_5678
    code = jited(lab.assemble(f"r0 = {constant}\nexit", type="xdp"))
    assert len(code) > 8
    if platform.machine() == "x86_64":
        assert constant.to_bytes(4, sys.byteorder) in code
    longer = lab.assemble(f"r0 = {constant}\n" + "r0 ^= 77\n" * 50 + "exit", type="xdp")
    assert len(jited(longer)) > len(code)


def test_functions_and_maps_are_part_of_it(linux: None) -> None:
    spec = lab.MapSpec("array", 4, 8, 1, name="values")
    text = "call f\nexit\nf: r1 = values ll\nr0 = 1\nexit"
    alone = lab.assemble("r0 = 1\nexit", type="xdp")
    assert len(jited(lab.assemble(text, type="xdp", maps=[spec]))) > len(jited(alone))


def test_a_refused_program_has_none(linux: None) -> None:
    with pytest.raises(lab.VerifierError):
        jited(lab.assemble("r0 = r9\nexit", type="xdp"))
