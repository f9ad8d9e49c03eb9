"""Instructions from text, in any of the spellings that learners meet.

Read are our own spelling, the verifier log's lines, LLVM's and the dumps of bpftool
and llvm-objdump; which words make an instruction stands in `spellings.py`. A word
that is neither known there nor a name is an error that points at it.

    labels      loop: ... goto loop
    helpers     call 5, call bpf_ktime_get_ns, call ktime_get_ns#7684912 (by name)
    maps        r1 = my_map ll, map[0], map[name:my_map], map[id:218] (ids are numbered
                in the order in which they appear)
    bytes       .8byte 0x95
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ebpflab.errors import AssemblyError, EncodingError
from ebpflab.isa.codec import decode
from ebpflab.isa.disassembler import BYTES
from ebpflab.isa.forms import KINDS
from ebpflab.isa.grammar import Reading, first_wrong, readings, shape_of
from ebpflab.isa.helper_ids import HELPER_IDS
from ebpflab.isa.insn import Insn
from ebpflab.isa.mnemonics import how_to_write
from ebpflab.isa.operands import (
    Label,
    Scope,
    described,
    possible_words,
    read_operand,
    suggestion,
)
from ebpflab.isa.tokens import Line, lines
from ebpflab.isa.words import WORD32, WORD64, signed


@dataclass(frozen=True, slots=True)
class Draft:
    """An instruction that may still lack a distance: to a label, in one field."""

    insn: Insn
    pc: int
    field: str = ""
    label: Label | None = None


def assemble_insns(
    text: str, maps: Sequence[str] = (), helpers: Mapping[str, int] = HELPER_IDS
) -> list[Insn]:
    """Return the instructions that a text says, in order; a 64-bit load is one.

    Nothing is checked but the text: programs that Linux refuses can be written, too.

    Args:    maps: the names of the program's maps; a map is its index among them.
             helpers: helper numbers by name, without `bpf_`.
    Raises:  AssemblyError: what cannot be read, with its line, column and a caret.
    """
    rows = list(lines(text))
    scope = Scope(maps, helpers, _label_names(rows))
    drafts: list[Draft] = []
    pc = 0
    for line in rows:
        scope.labels.update(dict.fromkeys(line.labels, pc))
        _follow_listing(line, pc, scope)
        for insn_draft in _drafts(line, pc, scope):
            drafts.append(insn_draft)
            pc += insn_draft.insn.slots
    return [_finished(draft, scope) for draft in drafts]


def _label_names(rows: Sequence[Line]) -> dict[str, int]:
    """Return all labels; where they stand is found out later."""
    names: dict[str, int] = {}
    for line in rows:
        for name in line.labels:
            if name in names:
                at = line.place(line.text.index(name))
                raise AssemblyError.of("label-twice", at=at, name=name)
            names[name] = 0
    return names


def _follow_listing(line: Line, pc: int, scope: Scope) -> None:
    """Refuse a listing that jumps: it shows a path, which is not the program."""
    if line.pc is None:
        return
    if scope.listed_from is None:
        scope.listed_from = line.pc - pc
    expected = scope.listed_from + pc
    if line.pc != expected:
        at = line.place(line.text.index(str(line.pc)))
        raise AssemblyError.of("listing-jumps", at=at, found=line.pc, pc=expected)


def _drafts(line: Line, pc: int, scope: Scope) -> Iterator[Draft]:
    """Yield the instructions of one line."""
    if line.tokens and line.tokens[0].text == BYTES.strip():
        for insn in _from_bytes(line):
            yield Draft(insn, pc)
    elif line.tokens:
        yield _read(line, pc, scope)


def _from_bytes(line: Line) -> tuple[Insn, ...]:
    """Read `.8byte 0x95, ...`: slots as numbers."""
    numbers, commas = line.tokens[1::2], line.tokens[2::2]
    wrong = [t for t in numbers if t.kind != "NUMBER" or not 0 <= t.number <= WORD64]
    wrong += [token for token in commas if token.text != ","]
    if wrong or len(numbers) == len(commas):
        token = (wrong or line.tokens)[0]
        raise AssemblyError.of("bytes-unclear", at=line.place(token.column))
    code = b"".join(token.number.to_bytes(8, "little") for token in numbers)
    try:
        return tuple(insn for insn in decode(code) if insn)
    except EncodingError as error:
        at = line.place(line.tokens[0].column)
        raise AssemblyError(
            error.problem, at, error.why, error.hint, error.key
        ) from error


def _read(line: Line, pc: int, scope: Scope) -> Draft:
    """Read one instruction by the first template that takes its operands."""
    shape = shape_of(line.tokens)
    found = readings().get(shape)
    if found is None:
        raise _unexpected(line)
    meant = [r for r in found if line.opcode in (None, r.form.opcode)]
    if not meant:
        at = line.place(line.text.index("("))
        opcodes = ", ".join(sorted({f"{r.form.opcode:02x}" for r in found}))
        raise AssemblyError.of("opcode-differs", at=at, expected=opcodes)
    problem = None
    for reading in meant:
        try:
            if draft := _bind(reading, line, pc, scope):
                return draft
        except AssemblyError as error:
            problem = error
    raise problem or _unexpected(line)


def _bind(reading: Reading, line: Line, pc: int, scope: Scope) -> Draft | None:
    """Give the operands of a line to the fields of a template; None: not its own."""
    values, missing = dict(reading.form.fixed), {}
    for operand in reading.operands:
        token = line.tokens[operand.index]
        value = read_operand(operand, token, line, scope)
        if value is None:
            return None
        if isinstance(value, Label):
            missing[operand.field] = value
        elif values.setdefault(operand.field, value) != value:
            at = line.place(token.column)
            expected = f"{operand.kind}{values[operand.field]}"
            raise AssemblyError.of(
                "register-is-fixed", at=at, found=token.text, expected=expected
            )
    field, label = next(iter(missing.items()), ("", None))
    return Draft(_insn(reading.form.opcode, values), pc, field, label)


def _insn(opcode: int, values: dict[str, int]) -> Insn:
    """Make an instruction from its fields, as they were written."""
    values.pop("", None)  # registers that are part of the spelling
    if "imm64" in values:
        wide = values.pop("imm64") & WORD64
        values |= {"imm": wide & WORD32, "next_imm": wide >> 32}
    for name in values.keys() & {"imm", "next_imm"}:
        values[name] = signed(values[name], 32)
    return Insn(opcode, **values)


def _finished(draft: Draft, scope: Scope) -> Insn:
    """Write the distance to a label into the instruction."""
    if draft.label is None:
        return draft.insn
    distance = scope.labels[draft.label.name] - (draft.pc + 1)
    kind = KINDS[draft.label.kind]
    if not kind.least <= distance <= kind.most:
        raise AssemblyError.of(
            "number-out-of-range",
            at=draft.label.at,
            value=f"{distance:+d}",
            least=kind.least,
            most=kind.most,
        )
    return replace(draft.insn, **{draft.field: distance})


def _unexpected(line: Line) -> AssemblyError:
    """Point at the first token with which no instruction goes on."""
    index, symbols = first_wrong(shape_of(line.tokens))
    expected = described(symbols)
    if index >= len(line.tokens):
        at = line.place(len(line.text.rstrip()))
        return AssemblyError.of("insn-incomplete", at=at, expected=expected)
    token = line.tokens[index]
    return AssemblyError.of(
        "unexpected-word",
        at=line.place(token.column),
        found=token.text,
        expected=expected,
        suggestion=suggestion(token.text, possible_words(symbols))
        or how_to_write(token.text),
    )
