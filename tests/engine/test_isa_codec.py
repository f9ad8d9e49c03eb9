"""Bytes to instructions and back: nothing is lost, whatever the bytes say."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebpflab.errors import EncodingError
from ebpflab.isa.codec import decode, encode
from ebpflab.isa.insn import Insn
from tests.engine.test_isa_cases import any_slots, legal_insns


@given(any_slots)
def test_any_slots_survive(code: bytes) -> None:
    whole = code + bytes(8)  # so that no load can be cut
    insns = decode(whole)
    assert encode(insns) == whole
    assert len(insns) == len(whole) // 8


@given(st.lists(legal_insns))
def test_instructions_survive(insns: list[Insn]) -> None:
    assert [insn for insn in decode(encode(insns)) if insn] == insns


def test_the_rfc_example_of_a_layout() -> None:
    (insn,) = decode(bytes.fromhex("07 01 00 00 11 22 33 44"))
    assert insn == Insn(opcode=0x07, dst=1, imm=0x44332211)


def test_the_second_slot_keeps_all_its_bits() -> None:
    code = bytes.fromhex("18 11 02 00 78 56 34 12  99 ab cd ef f0 de bc 9a")
    insn, none = decode(code)
    assert none is None
    assert insn is not None
    assert (insn.next_head, insn.imm64) == (0xEFCDAB99, 0x9ABCDEF012345678)
    assert encode([insn, none]) == code


@given(st.binary())
def test_bytes_that_are_not_whole(code: bytes) -> None:
    with suppress(EncodingError):
        insns = decode(code)
        assert encode(insns) == code


@pytest.mark.parametrize(
    ("code", "key"), [("95", "code-not-whole"), ("18" + "00" * 7, "wide-load-cut")]
)
def test_a_program_that_is_cut(code: str, key: str) -> None:
    with pytest.raises(EncodingError) as caught:
        decode(bytes.fromhex(code))
    assert caught.value.key == key


@pytest.mark.parametrize(
    "insn",
    [
        Insn(0x100),
        Insn(-1),
        Insn(0x07, dst=16),
        Insn(0x07, src=16),
        Insn(0x07, dst=-1),
        Insn(0x07, off=1 << 15),
        Insn(0x07, imm=1 << 31),
        Insn(0x18, next_imm=1 << 31),
        Insn(0x18, next_head=1 << 32),
    ],
    ids=repr,
)
def test_a_field_that_does_not_fit(insn: Insn) -> None:
    with pytest.raises(EncodingError) as caught:
        encode([Insn(0x95), insn])
    assert (caught.value.key, caught.value.at) == ("field-too-big", "insn 1")
