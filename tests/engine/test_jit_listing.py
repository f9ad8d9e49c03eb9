"""Bytecode beside LLVM IR beside assembly: every byte of code has its place."""

import pytest

import ebpflab as lab
from ebpflab.jit.listing import listing
from ebpflab.jit.machine_code import missing

SUM = """r2 = *(u32 *)(r1 +0)
r3 = *(u32 *)(r1 +4)
r0 = 0
again: r4 = r2
r4 += 2
if r4 > r3 goto out
r5 = *(u16 *)(r2 +0)
r0 += r5
r2 = r4
goto again
out: exit"""
TRIPLES = ("", "x86_64-linux-gnu", "aarch64-linux-gnu")
RETURNS = {"x86_64": "c3", "aarch64": "c0035fd6"}  # of ret
LOADS = {"x86_64": "movzwl", "aarch64": "ldrh"}


@pytest.fixture(autouse=True)
def machine_code_or_skip() -> None:
    if missing():
        pytest.skip(missing())


@pytest.mark.parametrize("triple", TRIPLES)
def test_each_instruction_has_its_lines(triple: str) -> None:
    shown = listing(lab.assemble(SUM, type="xdp"), triple=triple)
    machine = shown.triple.split("-")[0]
    parts = {part.pc: part for part in shown.parts}
    assert list(parts) == [-1, *range(11)]
    load = parts[6]
    assert load.text == "r5 = *(u16 *)(r2 +0)"
    assert any("load i16" in line for line in load.written)
    assert any("load i16" in line for line in load.optimized)
    if machine in LOADS:
        assert any(LOADS[machine] in line for line in load.assembly)
        assert any(RETURNS[machine] in code.hex() for _, code in parts[-1].code)


def test_every_byte_has_one_place() -> None:
    parts = listing(lab.assemble(SUM, type="xdp")).parts
    pieces = sorted(piece for part in parts for piece in part.code)
    at = 0
    for offset, code in pieces:
        assert offset == at, "no gap and no overlap"
        at += len(code)
    assert at > 100


def test_what_llvm_takes_out_has_no_code() -> None:
    parts = {
        part.pc: part
        for part in listing(lab.assemble("r0 = 1\nr0 += 1\nexit", type="xdp")).parts
    }
    assert parts[1].written
    assert not parts[1].code


def test_it_is_text_too() -> None:
    text = str(listing(lab.assemble(SUM, type="xdp")))
    assert "   6: r5 = *(u16 *)(r2 +0)" in text


@pytest.mark.parametrize("triple", ["pdp11-unknown", "", None])
def test_an_unknown_machine_is_told(triple: str) -> None:
    if triple == "":
        broken = lab.Program(b"\xff" * 8, type="xdp")
        with pytest.raises(lab.EncodingError):
            listing(broken)
        return
    with pytest.raises(lab.RunError, match="knows no machine"):
        listing(lab.assemble("exit", type="xdp"), triple=triple or 7)  # type: ignore[arg-type]
