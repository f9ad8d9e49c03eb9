"""How long a record was when the program sent it: a witness beside perf_event_output.

Linux pads what goes into a perf buffer (record and its length field together fill
whole 8 bytes) and keeps only the padded length. So a program that sends records runs
with each `call bpf_perf_event_output` turned into a call of a function appended to it,
which makes that same call and writes down the length. Verdicts never come from the
witnessed program. Source: bpf-helpers(7); padding as observed on Linux 6.18.
"""

import struct
from collections.abc import Iterator
from dataclasses import replace

from ebpflab.isa.codec import SLOT_BYTES, encode
from ebpflab.isa.helper_ids import HELPER_IDS
from ebpflab.isa.insn import Insn
from ebpflab.isa.operations import CallKind, Wide
from ebpflab.program import MapSpec, Program

_CALL, _EXIT = 0x85, 0x95
_OUTPUT = struct.pack("<BBhi", _CALL, 0, 0, HELPER_IDS["perf_event_output"])
CAPACITY = 1 << 15  # records whose length can be written down
_ENTRY = struct.Struct("<QQ")  # the helper's flags and size arguments
_COUNT_BYTES = 8  # in front of the entries: how many there are
_CONTEXT_LENGTH = 0xFFFFF << 32  # flags: how many bytes of the packet to append

NOTEBOOK = MapSpec(
    "array", 4, _COUNT_BYTES + CAPACITY * _ENTRY.size, 1, name="ebpflab.witness"
)


def witnessed(program: Program) -> Program | None:
    """Return the program that also writes down lengths; None if it sends no records.

    Its last map is `NOTEBOOK`. Debug information is left out, since it would have to
    name the added function.
    """
    code = bytearray(program.code)
    calls = [at for at in _slots(program) if code[at : at + SLOT_BYTES] == _OUTPUT]
    if not calls:
        return None
    for at in calls:
        distance = (len(code) - at) // SLOT_BYTES - 1
        call = struct.pack("<BBhi", _CALL, CallKind.LOCAL << 4, 0, distance)
        code[at : at + SLOT_BYTES] = call
    maps = (*program.maps, NOTEBOOK)
    function = encode(_function(len(program.maps)))
    return replace(
        program,
        code=bytes(code) + function,
        maps=maps,
        btf=None,
        func_info=None,
        line_info=None,
    )


def lengths(notebook: bytes) -> list[int]:
    """Return the length of each record that was sent, oldest first, up to CAPACITY."""
    count = min(sent(notebook), CAPACITY)
    entries = notebook[_COUNT_BYTES : _COUNT_BYTES + count * _ENTRY.size]
    return [
        size + ((flags & _CONTEXT_LENGTH) >> 32)
        for flags, size in _ENTRY.iter_unpack(entries)
    ]


def sent(notebook: bytes) -> int:
    """Return how many records were sent, written down or not."""
    return int.from_bytes(notebook[:_COUNT_BYTES], "little")


def _slots(program: Program) -> Iterator[int]:
    """Yield the byte at which each instruction starts."""
    return (i * SLOT_BYTES for i, insn in enumerate(program.insns) if insn)


def _function(notebook: int) -> list[Insn]:
    """Return the appended function: make the call, write down flags and size."""
    return [
        Insn(0xBF, 6, 3),  # r6 = r3, the flags
        Insn(0xBF, 7, 5),  # r7 = r5, the size
        Insn(_CALL, imm=HELPER_IDS["perf_event_output"]),
        Insn(0x55, 0, off=11),  # if r0 != 0 goto exit: nothing was sent
        Insn(0x18, 1, Wide.MAP_VALUE, imm=notebook),  # r1 = the notebook
        Insn(0x79, 2, 1),  # r2 = the count
        Insn(0xBF, 3, 2),  # r3 = r2
        Insn(0x07, 3, imm=1),  # r3 += 1
        Insn(0x7B, 1, 3),  # the count = r3
        Insn(0x35, 2, off=4, imm=CAPACITY),  # if r2 >= capacity goto exit
        Insn(0x67, 2, imm=4),  # r2 <<= 4: bytes
        Insn(0x0F, 1, 2),  # r1 += r2
        Insn(0x7B, 1, 6, off=8),  # the entry's flags = r6
        Insn(0x7B, 1, 7, off=16),  # the entry's size = r7
        Insn(_EXIT),
    ]
