"""A difference made small: instructions taken out as long as it stays the same."""

from collections.abc import Callable
from dataclasses import replace

import ebpflab as lab
from ebpflab.isa.codec import SLOT_BYTES
from tests.differential.compare import Difference, compare

NOTHING = bytes.fromhex("0500000000000000")  # goto pc+0: an instruction taken out

Judge = Callable[[lab.Program], Difference | None]


def smallest(found: Difference, judge: Judge = compare) -> Difference:
    """Take instructions out as long as the same difference stays."""
    for pc, insn in enumerate(found.program.insns):
        if insn is None:
            continue
        start, length = pc * SLOT_BYTES, insn.slots
        code = bytearray(found.program.code)
        code[start : start + length * SLOT_BYTES] = NOTHING * length
        again = judge(replace(found.program, code=bytes(code)))
        if again and again.kind == found.kind:
            found = again
    return found
