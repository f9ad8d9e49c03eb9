"""Bytecode beside LLVM IR beside assembly: every byte of code has its place."""

import io
import re

import pytest
from elftools.elf.elffile import ELFFile

import ebpflab as lab
from ebpflab.jit import machine_code
from ebpflab.jit.listing import listing
from ebpflab.jit.machine_code import missing
from ebpflab.jit.module import module_of
from ebpflab.jit.tables import order_of
from ebpflab.vm.loaded import Library

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
LONG = (
    "r6 = r1\nr7 = 1\nr8 = 2\nr9 = 3\n"
    + "\n".join(
        f"r7 *= r8\nr8 ^= {n}\nr9 += r7\n*(u64 *)(r10 -{8 * n + 8}) = r9\n"
        f"call bpf_get_prandom_u32\nif r0 > {n} goto l{n}\nr7 /= r9\nr0 = r8\n"
        f"r1 = *(u32 *)(r6 +{4 * (n % 2)})\nr8 += r1\nl{n}: r9 <<= r0"
        for n in range(12)
    )
    + "\nr0 = r7\nr0 += r8\nr0 += r9\nexit"
)  # more values than registers: where they go, LLVM decides anew each time
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


def test_assembly_and_bytes_are_of_the_same_code() -> None:
    """LLVM itself assembles the text that is shown: the bytes are those shown."""
    parts = listing(lab.assemble(LONG, type="xdp")).parts
    shown = sorted(piece for part in parts for piece in part.code)
    order = order_of(
        Library.around(lab.assemble(LONG, type="xdp"), {}).first, debug=True
    )
    machine = machine_code.machine()
    module = machine_code.optimized(module_of(order).text)
    text = machine.emit_assembly(module)
    lines = [line.strip() for part in parts for line in part.assembly]
    there = [line.strip() for line in text.splitlines()]
    assert not [line for line in lines if line not in there]
    assert assembled(text) == b"".join(code for _, code in shown)


def assembled(text: str) -> bytes:
    """Return the code that LLVM's own assembler makes of assembly for this machine."""
    import llvmlite.binding as llvm

    llvm.initialize_native_asmparser()
    lines = (
        line.replace("\\", "\\5c").replace('"', "\\22") for line in text.splitlines()
    )
    module = "\n".join(f'module asm "{line}"' for line in lines)
    machine, made = machine_code.machine(), llvm.parse_assembly(module)
    made.triple, made.data_layout = machine.triple, str(machine.target_data)
    object_ = machine.emit_object(made)
    sections = ELFFile(io.BytesIO(object_)).iter_sections()
    return b"".join(s.data() for s in sections if s.name in (".text", ".ltext"))


@pytest.mark.parametrize("text", [SUM, LONG])
def test_arm64_instructions_are_four_bytes_each(text: str) -> None:
    """Nothing of a line is cut, nothing is shown twice, each line has its bytes."""
    parts = listing(lab.assemble(text, type="xdp"), triple="aarch64-linux-gnu").parts
    for part in parts:
        lines = [line for line in part.assembly if not line.endswith(":")]
        assert 4 * len(lines) == sum(len(code) for _, code in part.code), part.pc
    shown = "\n".join(line for part in parts for line in part.assembly)
    assert "#" in shown, "an immediate is written behind it"
    assert not re.search(r"[,\s]$", shown, re.MULTILINE)


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


@pytest.mark.parametrize("triple", ["pdp11-unknown", "bpf", "i686-linux-gnu", "", None])
def test_an_unknown_machine_is_told(triple: str) -> None:
    if triple == "":
        broken = lab.Program(b"\xff" * 8, type="xdp")
        with pytest.raises(lab.EncodingError):
            listing(broken)
        return
    with pytest.raises(lab.RunError, match="knows no machine"):
        listing(lab.assemble("exit", type="xdp"), triple=triple or 7)  # type: ignore[arg-type]
