"""Checks are left out for a proved program alone, and only in another process."""

import dataclasses

import pytest

import ebpflab as lab
from ebpflab.jit import proofs
from ebpflab.jit.machine_code import missing
from ebpflab.vm.engines import ENGINES
from tests.engine.test_jit_listing import SUM


@pytest.fixture(autouse=True)
def machine_code_or_skip() -> None:
    if missing():
        pytest.skip(missing())


def test_both_are_measured_and_answer_alike(linux: None) -> None:
    program = lab.assemble(SUM.replace("goto again", "goto out"), type="xdp")
    proof = proofs.prove(program, lab.linux.verify)
    found = proofs.worth(program, bytes(1400), proof, repeat=200)
    assert len(found.checked_ns) == len(found.unchecked_ns) == proofs.ROUNDS
    assert found.ratio > 0


def test_a_proof_is_of_one_program(linux: None) -> None:
    program = lab.assemble("r0 = 2\nexit", type="xdp")
    proof = proofs.prove(program, lab.linux.verify)
    others = (
        lab.assemble("r0 = 1\nexit", type="xdp"),
        dataclasses.replace(program, type="socket_filter"),
        dataclasses.replace(program, maps=[lab.MapSpec("array", 4, 8, 1)]),
    )
    for other in others:
        with pytest.raises(lab.RunError, match="not of the program"):
            proofs.worth(other, bytes(64), proof)


def test_nothing_refused_is_proved(linux: None) -> None:
    wild = lab.assemble("r1 = *(u32 *)(r1 +0)\nr0 = *(u8 *)(r1 +0)\nexit", type="xdp")
    with pytest.raises(lab.VerifierError):
        proofs.prove(wild, lab.linux.verify)


def test_a_wrong_proof_kills_another_process() -> None:
    """Planted: a proof that nobody gave. The child dies, this process does not."""
    text = (
        "r1 = *(u32 *)(r1 +0)\nr2 = 1\nr2 <<= 46\nr1 += r2\nr0 = *(u8 *)(r1 +0)\nexit"
    )
    wild = lab.assemble(text, type="xdp")
    with pytest.raises(lab.RunError, match="did not answer"):
        proofs.worth(wild, bytes(64), proofs.Proof(proofs.hash_of(wild)), repeat=1)
    with pytest.raises(lab.VmFault):
        lab.run(wild, bytes(64), engine="jit")


def test_no_engine_leaves_checks_out() -> None:
    assert set(ENGINES) == {"auto", "interpreter", "source", "jit"}
