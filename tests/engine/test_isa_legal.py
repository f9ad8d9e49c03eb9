"""What is legal: each rule by itself, and all of them against the real kernel."""

import platform
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from ebpflab.errors import EncodingError
from ebpflab.isa import legal
from ebpflab.isa.assembler import assemble_insns
from ebpflab.isa.codec import decode, encode
from ebpflab.isa.forms import FIELDS, Form, operands
from ebpflab.isa.insn import Insn
from ebpflab.isa.legal import check, problems
from ebpflab.isa.spellings import FORMS
from ebpflab.language import LANGUAGES
from ebpflab.program import Program
from tests.engine.test_isa_cases import any_slots, sample

# ---- by itself -----------------------------------------------------------------


def problems_of(insn: Insn) -> list[tuple[str, int]]:
    return [(p.field, p.value) for p in problems([insn])]


@pytest.mark.parametrize("opcode", range(256))
def test_every_opcode_is_legal_or_refused(opcode: int) -> None:
    forms = [form for form in FORMS if form.opcode == opcode]
    if forms:
        assert all(form.wrong(sample(form)) == () for form in forms)
    else:
        assert problems_of(Insn(opcode)) == [("opcode", opcode)]


ILLEGAL = [  # instruction, field, its value, what was expected
    (Insn(0x07, dst=11), "dst", 11, "0 ... 10"),
    (Insn(0x0F, src=15), "src", 15, "0 ... 10"),
    (Insn(0x07, src=1), "src", 1, "0"),
    (Insn(0x07, off=1), "off", 1, "0"),
    (Insn(0x0F, imm=1), "imm", 1, "0"),
    (Insn(0x37, off=2), "off", 2, "0, 1"),
    (Insn(0xBF, off=1), "off", 1, "0, 8, 16, 32"),
    (Insn(0xBC, off=32), "off", 32, "0, 8, 16"),
    (Insn(0xD4, imm=8), "imm", 8, "16, 32, 64"),
    (Insn(0x87, imm=1), "imm", 1, "0"),
    (Insn(0x05, imm=1), "imm", 1, "0"),
    (Insn(0x06, off=1), "off", 1, "0"),
    (Insn(0x95, dst=1), "dst", 1, "0"),
    (Insn(0x85, src=3), "src", 3, "0, 1, 2"),
    (Insn(0x61, imm=4), "imm", 4, "0"),
    (Insn(0x62, src=4), "src", 4, "0"),
    (Insn(0x20, dst=1), "dst", 1, "0"),
    (Insn(0x18, src=7), "src", 7, "0, 1, 2, 3, 4, 5, 6"),
    (Insn(0x18, off=1), "off", 1, "0"),
    (Insn(0x18, next_head=0x95), "next_head", 0x95, "0"),
    (Insn(0x18, src=1, next_imm=8), "next_imm", 8, "0"),
]


@pytest.mark.parametrize(
    "row", ILLEGAL, ids=lambda row: f"{row[0].opcode:02x}-{row[1]}"
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_wrong_field(
    row: tuple[Insn, str, int, str], language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    insn, field, value, expected = row
    program = [Insn(0xB7), insn, *[None] * (insn.slots - 1), Insn(0x95)]
    (problem,) = problems(program)
    assert (problem.pc, problem.insn) == (1, insn)
    assert (problem.field, problem.value, problem.expected) == (field, value, expected)
    monkeypatch.setenv("EBPFLAB_LANG", language)
    with pytest.raises(EncodingError) as caught:
        check(program)
    assert caught.value.at == "insn 1"
    assert field in caught.value.problem
    assert expected in caught.value.why


def test_an_atomic_that_does_not_exist() -> None:
    (problem,) = problems([Insn(0xDB, imm=0x77)])
    assert (problem.field, problem.value) == ("imm", 0x77)
    assert "0xe1, 0xf1, 0x100, 0x110" in problem.expected
    assert problems_of(Insn(0xD3, imm=0xE1)) == [("imm", 0xE1)], "bytes: load, store"


TARGETS = [
    ("goto pc+1\nexit", 2, "0 ... 1"),
    ("goto pc-2\nexit", -1, "0 ... 1"),
    ("if r1 == r2 goto pc+5\nexit", 6, "0 ... 1"),
    ("gotol pc+100000\nexit", 100001, "0 ... 1"),
    ("may_goto pc+9\nexit", 10, "0 ... 1"),
    ("call pc+1\nexit", 2, "0 ... 1"),
    ("r1 = subprog[+7] ll\nexit", 8, "0 ... 2"),
    ("goto pc+1\nr1 = 0 ll\nexit", 2, "1, 3"),
    ("call pc+1\nr1 = 0 ll\nexit", 2, "1, 3"),
]


@pytest.mark.parametrize(("text", "target", "expected"), TARGETS)
def test_a_place_where_no_instruction_starts(
    text: str, target: int, expected: str
) -> None:
    insns = decode(encode(assemble_insns(text)))
    (problem,) = problems(insns)
    assert (problem.pc, problem.field) == (0, "target")
    assert (problem.value, problem.expected) == (target, expected)
    with pytest.raises(EncodingError, match=str(target)):
        check(insns)


def test_a_legal_program() -> None:
    check(
        decode(encode(assemble_insns("again: r1 = 1 ll\nif r1 > 2 goto again\nexit")))
    )


@given(any_slots)
def test_any_slots_are_judged(code: bytes) -> None:
    for problem in problems(decode(code + bytes(8))):
        assert problem.expected


# ---- against the real kernel ---------------------------------------------------

START = [f"r{n} = 1" for n in (2, 3, 4, 5, 7, 8, 9)]
START += ["r6 = r1", "*(u64 *)(r10 -8) = r2", "r0 = *(u32 *)(r1 +0)"]
START += ["if r0 == 0x7 goto pc+{}"]  # so that an exit leaves something to reach
END = "r0 = 0\nexit"
REFUSED = re.compile(
    r"""unknown\ opcode | reserved\ fields | invalid\ atomic\ o | invalid\ bpf_ld_imm64
    | unrecognized\ bpf_ld_imm64 | ^R1[1-5]\ is\ invalid | invalid\ may_goto
    | invalid\ atomic\ operand\ size | address\ space | jump\ out\ of\ range
    | invalid\ destination""",
    re.VERBOSE | re.MULTILINE,
)
CHOICES = {"near": 0, "far": 0, "helper": 7, "off": -8}  # by kind; others are 2
VALUES = (0, 1, 2, 3, 7, 8, 11, 15, 16, 24, 32, 64, 255, 256)
NEEDS_MORE = ("map", "btf", "kfunc", "subprog", "local")  # than instructions: BTF, maps


@pytest.fixture(scope="module")
def linux(linux: Any) -> Any:
    """Return the real kernel, if it is the one whose rules we have."""
    if not platform.release().startswith("6.18."):
        pytest.skip(f"Linux 6.18 is compared with; this is {platform.release()}")
    return linux


def base(form: Form) -> Insn:
    """Return an instruction of this form that the verifier takes."""
    free = operands(form.text)
    insn = sample(form, **{name: CHOICES.get(kind, 2) for name, kind in free.items()})
    if free.get("off") != "off":
        return insn
    pointer = "src" if "({src:r} {off" in form.text else "dst"
    return replace(insn, **{pointer: 10})


def variants(insn: Insn) -> Iterable[Insn]:
    """Yield the instruction with one field changed, in all ways that are tried."""
    yield insn
    for name in FIELDS:
        if insn.is_wide or not name.startswith("next"):
            limit = 16 if name in ("dst", "src") else 1 << 15
            yield from (replace(insn, **{name: v}) for v in VALUES if v < limit)


def surrounded(insn: Insn) -> Program:
    """Put an instruction where all registers and some stack are readable."""
    start = encode(assemble_insns("\n".join(START).format(insn.slots)))
    code = start + encode([insn]) + encode(assemble_insns(END))
    return Program(code, type="socket_filter")


def differences(linux: Any, insns: Iterable[Insn]) -> list[tuple[Insn, str]]:
    """Return the instructions on which we and Linux differ, and what Linux said."""
    wrong = []
    for insn in insns:
        program = surrounded(insn)
        log = linux.verify(program).log
        if bool(REFUSED.search(log)) != bool(list(problems(program.insns))):
            wrong.append((insn, log))
    return wrong


FORMS_ALONE = [f for f in FORMS if not any(word in f.text for word in NEEDS_MORE)]


@pytest.mark.parametrize("form", FORMS_ALONE, ids=lambda form: form.text)
def test_linux_refuses_the_same_fields(linux: Any, form: Form) -> None:
    assert differences(linux, variants(base(form))) == []


def test_linux_refuses_the_same_opcodes(linux: Any) -> None:
    known = {form.opcode for form in FORMS}
    assert differences(linux, [Insn(op) for op in range(256) if op not in known]) == []


DIVIDE = 0x37  # by a constant; off tells unsigned from signed
PLANTED: dict[str, Callable[[list[Form]], list[Form]]] = {
    "a form is missing": lambda forms: forms[1:],
    "forms are not told apart": lambda forms: [replace(f, fixed={}) for f in forms],
    "a field is reserved": lambda forms: [
        replace(f, text=f.text.replace("{imm:", "{off:")) for f in forms
    ],
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_wrong_rule_is_found(
    linux: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    forms = [form for form in FORMS if form.opcode == DIVIDE]
    insns = [insn for form in forms for insn in variants(base(form))]
    assert differences(linux, insns) == []
    table = {**legal.FORMS_BY_OPCODE, DIVIDE: PLANTED[name](forms)}
    monkeypatch.setattr(legal, "FORMS_BY_OPCODE", table)
    assert differences(linux, insns)
