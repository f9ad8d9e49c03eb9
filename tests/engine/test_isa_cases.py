"""Instructions to test with: of every form, and any at all. And that none is missing.

The other isa tests import from here. A row added to the operation tables has its cases
from that moment on.
"""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ebpflab.isa.forms import FIELDS, KINDS, Form, operands
from ebpflab.isa.insn import Insn
from ebpflab.isa.operations import (
    ALU_BY_CODE,
    ALU_OPS,
    ATOMIC_BY_IMM,
    ATOMIC_OPS,
    JUMP_BY_CODE,
    JUMP_OPS,
    SWAP_BY_KIND,
    SWAP_OPS,
)
from ebpflab.isa.spellings import FORMS, form_of
from ebpflab.isa.words import signed

EDGES = [0, 1, 2, 7, 8, 31, 32, 63, 64, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF]
EDGES += [0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x7FFFFFFFFFFFFFFF]
EDGES += [0x8000000000000000, 0xFFFFFFFFFFFFFFFF, 0x0123456789ABCDEF, 1 << 32]
"""Words at which operations go wrong: ends of ranges, widths, signs."""

by_form = pytest.mark.parametrize("form", FORMS, ids=lambda form: form.text)


def values_of(kind: str) -> st.SearchStrategy[int]:
    """Return the numbers that a field of this kind may hold."""
    least, most = KINDS[kind].least, KINDS[kind].most
    numbers = st.integers(least, most)
    return numbers.map(lambda n: signed(n, 32)) if most >= 1 << 31 else numbers


def insns_of(form: Form) -> st.SearchStrategy[Insn]:
    """Return the instructions that a form writes."""
    free: dict[str, Any] = dict(operands(form.text))
    if free.pop("imm64", None):
        free |= dict.fromkeys(("imm", "next_imm"), "imm")
    fixed = {name: st.just(value) for name, value in form.fixed.items()}
    chosen = {name: values_of(kind) for name, kind in free.items()}
    return st.builds(Insn, st.just(form.opcode), **fixed, **chosen)


legal_insns = st.sampled_from(FORMS).flatmap(insns_of)
any_slots = st.binary(max_size=80).map(lambda code: code[: len(code) // 8 * 8])


def sample(form: Form, **choices: int) -> Insn:
    """Return one instruction of a form; fields that are not chosen are 0."""
    fields = {name: v for name, v in choices.items() if name in FIELDS}
    return Insn(form.opcode, **{**form.fixed, **fields})


@by_form
def test_a_form_allows_what_it_writes(form: Form) -> None:
    @settings(max_examples=20)
    @given(insns_of(form))
    def allowed(insn: Insn) -> None:
        assert not form.wrong(insn)

    allowed()


@by_form
def test_a_form_is_found_again(form: Form) -> None:
    assert form_of(sample(form)).opcode == form.opcode
    assert set(form.fixed) <= set(FIELDS)


@pytest.mark.parametrize(
    ("table", "key"),
    [
        (ALU_OPS, lambda op: ALU_BY_CODE[op.code, op.off]),
        (SWAP_OPS, lambda op: SWAP_BY_KIND[op.insn_class, op.source]),
        (JUMP_OPS, lambda op: JUMP_BY_CODE[op.code]),
        (ATOMIC_OPS, lambda op: ATOMIC_BY_IMM[op.imm]),
    ],
    ids=["alu", "swap", "jump", "atomic"],
)
def test_no_row_hides_another(table: tuple[Any, ...], key: Callable[..., Any]) -> None:
    assert [key(op) for op in table] == list(table)
    assert len({op.name for op in table}) == len(table)
