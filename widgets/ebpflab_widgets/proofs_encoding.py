"""Proofs about how a program is written down: fields of an instruction, places of it.

What a field may be is what the instruction tables say (`ebpflab.isa.legal`). Not here:
what a program does when it runs (the other `proofs_*.py`).
"""

from collections.abc import Iterator

from ebpflab.errors import EbpfLabError
from ebpflab.isa.insn import Insn
from ebpflab.isa.legal import OPCODE, TARGET, Problem, problems
from ebpflab.isa.operations import Wide
from ebpflab.isa.spellings import jump_target
from ebpflab.isa.uses import is_local_call
from ebpflab.program import MapSpec
from ebpflab_widgets.rejection_case import Case, Picture

FIELDS = (("opcode", 8), ("dst", 4), ("src", 4), ("off", 16), ("imm", 32))  # bits
SECOND = (("next_head", 32), ("next_imm", 32))
NONZERO = "≠ 0"


def encoding(case: Case) -> Picture | None:
    """The fields of the refused instruction, and what the wrong ones may be."""
    insns = _insns(case)
    found = [one for one in problems(insns) if one.field != TARGET]
    at = case.rejection.at.pc
    if at < 0:
        at = found[0].pc if found else -1
    insn = insns[at] if 0 <= at < len(insns) else None
    if insn is None:
        return None
    wrong = {one.field: _allowed(one) for one in found if one.pc == at}
    if case.rejection.kind == "division-by-zero":
        wrong["imm"] = NONZERO
    if not wrong:
        return None
    fields = FIELDS + (SECOND if insn.is_wide else ())
    return {
        "picture": "encoding",
        "pc": at,
        "rows": [
            [name, bits, _spelled(insn, name), name in wrong, wrong.get(name, "")]
            for name, bits in fields
        ],
    }


def _insns(case: Case) -> tuple[Insn | None, ...]:
    try:
        return case.program.insns if case.program else ()
    except EbpfLabError:  # no whole instructions
        return ()


def _spelled(insn: Insn, name: str) -> str:
    value = getattr(insn, name)
    return f"{value:#04x}" if name == OPCODE else str(value)


def _allowed(problem: Problem) -> str:
    """Return what a field may be, in a few words; of an opcode, "": too many."""
    return "" if problem.field == OPCODE else problem.expected.replace("...", "…")


def call_target(case: Case) -> tuple[int, int] | None:
    """Return the first call of a function that is not there: its slot, its target."""
    insns = _insns(case)
    for pc, insn in enumerate(insns):
        target = jump_target(insn, pc) if insn and is_local_call(insn) else None
        if target is not None and not _is_start(insns, target):
            return pc, target
    return None


def _is_start(insns: tuple[Insn | None, ...], slot: int) -> bool:
    return 0 <= slot < len(insns) and insns[slot] is not None


def functions(case: Case) -> Iterator[int]:
    """Yield the slots where functions of the program begin."""
    insns = _insns(case)
    called = (
        jump_target(insn, pc)
        for pc, insn in enumerate(insns)
        if insn and is_local_call(insn)
    )
    yield from sorted({0, *(slot for slot in called if slot is not None)})


def used_maps(case: Case) -> list[MapSpec]:
    """Return the maps that the program's instructions name."""
    maps = case.program.maps if case.program else ()
    by_map = (Wide.MAP_FD, Wide.MAP_VALUE)
    named = {i.imm for i in _insns(case) if i and i.is_wide and i.src in by_map}
    return [spec for index, spec in enumerate(maps) if index in named]
