"""Which instructions are legal: every field against the form that may write it.

The rules are the forms (`spellings.py`): an instruction is legal when some form of its
opcode allows all its fields; a field that no template mentions must be 0. On top of
that, a place that an instruction names must be the start of an instruction.

Not here: what only a verifier can tell (r10 is written, a path runs off the end, a
constant divisor is 0). Linux 6.18 refuses those with other messages, on some paths.
Source: RFC 9669, sections 3 to 5; Linux 6.18, which the tests ask.

Kernel differs: addr_space_cast (a move with off = 1, for arenas) is refused here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ebpflab.errors import EncodingError
from ebpflab.isa.forms import KINDS, Form, operands
from ebpflab.isa.insn import Insn, is_memory_class
from ebpflab.isa.spellings import FORMS, FORMS_BY_OPCODE, jump_target

OPCODE = "opcode"
TARGET = "target"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that makes an instruction illegal."""

    pc: int  # slot
    field: str  # opcode, dst, src, off, imm, next_imm, next_head; or target: a slot
    value: int
    expected: str  # the values that are allowed: "0, 8, 16" or "0 ... 10"
    insn: Insn


def problems(insns: Sequence[Insn | None]) -> Iterator[Problem]:
    """Yield what is wrong with a program's instructions, in order.

    Args:    insns: one entry a slot, None in the second slot of a 64-bit load.
    """
    for pc, insn in enumerate(insns):
        if insn:
            yield from _field_problems(pc, insn)
            yield from _target_problems(pc, insn, insns)


def check(insns: Sequence[Insn | None]) -> None:
    """Return if every instruction is legal.

    Raises:  EncodingError: the first one that is not, with field and value.
    Kernel differs: Linux looks at the fields of an instruction when its verifier gets
             there, so one that no path reaches may hold anything.
    """
    for problem in problems(insns):
        raise _error(problem)


def _field_problems(pc: int, insn: Insn) -> Iterator[Problem]:
    forms = FORMS_BY_OPCODE.get(insn.opcode, [])
    if not forms:
        yield Problem(pc, OPCODE, insn.opcode, _opcodes_like(insn), insn)
        return
    nearest = _nearest(forms, insn)
    for field in sorted({*nearest.wrong(insn)} - {*nearest.unchecked}):
        expected = _expected(field, nearest, forms)
        yield Problem(pc, field, getattr(insn, field), expected, insn)


def _nearest(forms: list[Form], insn: Insn) -> Form:
    """Return the form that is meant, or the one that the instruction is closest to."""
    return min(forms, key=lambda f: (not f.is_meant(insn), len(f.wrong(insn))))


def _opcodes_like(insn: Insn) -> str:
    """List the opcodes that exist in this instruction's class."""
    opcodes = sorted({f.opcode for f in FORMS if f.opcode & 7 == insn.insn_class})
    return " ".join(f"{opcode:#04x}" for opcode in opcodes)


def _expected(field: str, nearest: Form, forms: list[Form]) -> str:
    """List what a field may be, in this form and in those that it tells apart."""
    free = operands(nearest.text)
    if field in free:
        return f"{KINDS[free[field]].least} ... {KINDS[free[field]].most}"
    values = {f.fixed[field] for f in forms if field in f.fixed} or {0}
    return ", ".join(_number(value, field) for value in sorted(values))


def _number(value: int, field: str) -> str:
    """Write a number; one that is a pattern of bits in hex, as the RFC does."""
    is_pattern = field in (OPCODE, "imm", "next_head") and not -64 <= value <= 64
    return f"{value:#x}" if is_pattern else f"{value}"


def _target_problems(
    pc: int, insn: Insn, insns: Sequence[Insn | None]
) -> Iterator[Problem]:
    """Find a place that is outside the program or inside a 64-bit load."""
    target = jump_target(insn, pc)
    if target is None:
        return
    if not 0 <= target < len(insns):
        yield Problem(pc, TARGET, target, f"0 ... {len(insns) - 1}", insn)
    elif insns[target] is None:
        yield Problem(pc, TARGET, target, f"{target - 1}, {target + 1}", insn)


def _error(problem: Problem) -> EncodingError:
    """Say one problem in a sentence."""
    insn = problem.insn
    values: dict[str, Any] = {
        "field": problem.field,
        "value": _number(problem.value, problem.field),
        "expected": problem.expected,
        "opcode": f"{insn.opcode:#04x}",
        "insn_class": insn.insn_class.name,
        "parts": _parts(insn),
    }
    key = {OPCODE: "unknown-opcode", TARGET: "bad-target"}.get(problem.field)
    at = f"insn {problem.pc}"
    return EncodingError.of(key or "illegal-field", at=at, **values)


def _parts(insn: Insn) -> str:
    """Name the parts of an opcode, apart from its class."""
    if is_memory_class(insn):
        return f"mode {insn.mode:#04x}, size {insn.size_code:#04x}"
    return f"code {insn.code:#x}, source {insn.source.name}"
