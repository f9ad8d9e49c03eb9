"""Cases that were once different from Linux, one text file each, compared anew.

`python -m tests.differential` finds and stores them; how to read one stands there.
"""

import dataclasses
from pathlib import Path

import pytest

import ebpflab as lab
from ebpflab.isa.operations import ALU_OPS
from ebpflab.vm import actions
from tests import differential
from tests.differential import CASES, compare, read_case, store
from tests.engine.test_vm_against_linux import program_text


@pytest.mark.parametrize(
    "file", sorted(CASES.glob("*.txt")), ids=lambda file: file.stem
)
def test_linux_and_we_agree_now(linux: object, file: Path) -> None:
    found = compare(read_case(file))
    assert found is None, found and found.told


def test_a_difference_is_found_made_small_and_stored(
    linux: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A planted error: our `xor` adds."""
    xor = next(op for op in ALU_OPS if op.name == "xor")
    wrong = dataclasses.replace(xor, meaning=lambda dst, src, bits: dst + src)
    monkeypatch.setitem(actions.ALU_BY_CODE, (xor.code, xor.off), wrong)
    monkeypatch.setattr(differential, "FOUND", tmp_path)
    text = program_text(3).replace("r6 s>>= ", "r6 ^= ")
    found = compare(lab.assemble(text, type="xdp"))
    assert found is not None
    small = differential.smallest(found)
    kept = lab.disassemble(small.program).splitlines()
    assert sum(line != "goto pc+0" for line in kept) < len(kept)
    store(small, "case")
    assert read_case(tmp_path / "case.txt").code == small.program.code
