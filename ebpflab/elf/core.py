"""CO-RE, second half: instructions get the numbers of the kernel that is there.

    field   offset, size, exists, signed, left and right shift of a bit-field
    type    id here, id there, exists, size, matches
    enum    exists, value

Each relocation names an instruction and one of these questions. Where the kernel has
no answer, the instruction becomes a call that no verifier accepts, as libbpf does it:
code that checks with `bpf_core_field_exists` never reaches it. Source:
Documentation/bpf/llvm_reloc.rst, "CO-RE Relocations".
"""

from collections.abc import Iterator, MutableSequence
from dataclasses import dataclass, replace
from enum import IntEnum

from ebpflab.broken import reading
from ebpflab.btf import Btf, Type
from ebpflab.elf.btf_ext import Record
from ebpflab.elf.core_access import Access, by_names, by_positions
from ebpflab.elf.core_match import compatible, essential, kinds_alike, matching
from ebpflab.elf.relocations import CALL_OPCODE
from ebpflab.errors import ObjectError
from ebpflab.isa.insn import Insn, is_memory_class
from ebpflab.isa.words import WORD32, signed

POISON = 0xBAD2310  # libbpf's: "bad relo"
SIZE_CODES = {1: 0x10, 2: 0x08, 4: 0x00, 8: 0x18}
SIZE_BITS = 0x18


class Ask(IntEnum):
    """What a relocation asks (kernel: enum bpf_core_relo_kind)."""

    FIELD_BYTE_OFFSET = 0
    FIELD_BYTE_SIZE = 1
    FIELD_EXISTS = 2
    FIELD_SIGNED = 3
    FIELD_LSHIFT_U64 = 4
    FIELD_RSHIFT_U64 = 5
    TYPE_ID_LOCAL = 6
    TYPE_ID_TARGET = 7
    TYPE_EXISTS = 8
    TYPE_SIZE = 9
    ENUMVAL_EXISTS = 10
    ENUMVAL_VALUE = 11
    TYPE_MATCHES = 12


EXISTENCE = (Ask.FIELD_EXISTS, Ask.TYPE_EXISTS, Ask.ENUMVAL_EXISTS, Ask.TYPE_MATCHES)
ABOUT_TYPE = (Ask.TYPE_ID_TARGET, Ask.TYPE_EXISTS, Ask.TYPE_SIZE, Ask.TYPE_MATCHES)
ABOUT_ENUM = (Ask.ENUMVAL_EXISTS, Ask.ENUMVAL_VALUE)


@dataclass(frozen=True, slots=True)
class Answer:
    """The number that the instruction gets; `size` of the bytes that it reads."""

    number: int
    size: int = 0


def relocate(
    code: MutableSequence[Insn | None], record: Record, local: Btf, kernel: Btf
) -> str:
    """Fill in one instruction; return what was not found, or "".

    Raises:  ObjectError: the relocation is broken, or the kernel answers twice.
    """
    place = f"section {record.section}, slot {record.slot}"
    with reading(place):
        type_id, text, kind = record.values
        ask, root = Ask(kind), local.type(type_id)
        positions = [int(p) for p in local.string(text).split(":")]
        answers = set(_answers(ask, root, positions, local, kernel))
        insn = code[record.slot]
        if len(answers) > 1 or insn is None:
            raise ObjectError.of("core-ambiguous", at=place, name=root.name)
        if not answers and ask in EXISTENCE:
            answers = {Answer(0)}
        for answer in answers:
            code[record.slot] = _patched(insn, answer)
        if answers:
            return ""
        for slot in range(record.slot, record.slot + insn.slots):
            code[slot] = Insn(CALL_OPCODE, imm=POISON)
        return _spelled(local, root, ask, positions)


def _spelled(local: Btf, root: Type, ask: Ask, positions: list[int]) -> str:
    if ask in ABOUT_TYPE or ask in ABOUT_ENUM:
        return root.name
    _, *steps = by_positions(local, root.id, positions).steps
    return ".".join([root.name, *map(str, steps)])


def _answers(
    ask: Ask, root: Type, positions: list[int], local: Btf, kernel: Btf
) -> Iterator[Answer]:
    """Yield what each type of the kernel that may be meant answers."""
    if ask is Ask.TYPE_ID_LOCAL:
        yield Answer(root.id)
        return
    for candidate in kernel.find_all(essential(root.name)):
        if not kinds_alike(candidate.kind, root.kind):
            continue
        if ask in ABOUT_TYPE:
            if _is_the_type(ask, root, candidate, local, kernel):
                yield Answer(_about_type(ask, candidate, kernel))
        elif ask in ABOUT_ENUM:
            name = essential(local.resolve(root.id).members[positions[0]].name)
            for member in kernel.resolve(candidate.id).members:
                if member.name == name:
                    yield Answer(1 if ask is Ask.ENUMVAL_EXISTS else member.value)
        else:
            wanted = by_positions(local, root.id, positions)
            if found := by_names(kernel, candidate.id, wanted, local):
                yield _about_field(ask, found, kernel)


def _is_the_type(
    ask: Ask, root: Type, candidate: Type, local: Btf, kernel: Btf
) -> bool:
    same = matching if ask is Ask.TYPE_MATCHES else compatible
    return same(local, root.id, kernel, candidate.id)


def _about_type(ask: Ask, type: Type, kernel: Btf) -> int:
    numbers = {Ask.TYPE_ID_TARGET: type.id, Ask.TYPE_SIZE: kernel.size_of(type.id)}
    return numbers.get(ask, 1)


def _about_field(ask: Ask, found: Access, kernel: Btf) -> Answer:
    size = kernel.size_of(found.type)
    bits = found.bit_size or 8 * size
    byte = found.bit_offset // 8
    if found.bit_size:  # it is read as the whole word (or words) that it lies in
        while True:
            byte = found.bit_offset // 8 // size * size
            if found.bit_offset + bits <= 8 * (byte + size) or size >= 8:
                break
            size *= 2
    numbers = {
        Ask.FIELD_BYTE_OFFSET: byte,
        Ask.FIELD_BYTE_SIZE: size,
        Ask.FIELD_EXISTS: 1,
        Ask.FIELD_SIGNED: int(kernel.resolve(found.type).signed),
        Ask.FIELD_LSHIFT_U64: 64 - (found.bit_offset + bits - 8 * byte),
        Ask.FIELD_RSHIFT_U64: 64 - bits,
    }
    return Answer(numbers[ask], size if ask is Ask.FIELD_BYTE_OFFSET else 0)


def _patched(insn: Insn, answer: Answer) -> Insn:
    """Put the number where the instruction keeps it: off, imm, or both imms."""
    low = signed(answer.number & WORD32, 32)
    if insn.is_wide:
        high = signed(answer.number >> 32 & WORD32, 32)
        return replace(insn, imm=low, next_imm=high)
    if not is_memory_class(insn):
        return replace(insn, imm=low)
    code = SIZE_CODES.get(answer.size, insn.size_code)
    opcode = insn.opcode & ~SIZE_BITS | code
    return replace(insn, opcode=opcode, off=answer.number)
