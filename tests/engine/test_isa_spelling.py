"""Our spelling against the real verifier's: its log shows every instruction.

At log level 2 Linux lists a program's instructions before it judges them, so even those
that it goes on to refuse can be compared.
"""

import platform
import random
import re
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from ebpflab.isa.assembler import assemble_insns
from ebpflab.isa.codec import encode
from ebpflab.isa.disassembler import disassemble_insn
from ebpflab.isa.forms import KINDS, Form, operands
from ebpflab.isa.helper_ids import HELPER_NAMES
from ebpflab.isa.insn import Insn
from ebpflab.isa.spellings import FORMS
from ebpflab.isa.words import signed
from ebpflab.program import MapSpec, Program

LISTED = re.compile(r"^ +(?:\d+ +)?(\d+): [.0-9]{10} (.*)$", re.MULTILINE)
SOMEWHERE = (0, 1)  # where a jump may go in the programs below
PLACE_KINDS = ("near", "far", "step", "local")


@pytest.fixture(scope="module")
def linux(linux: Any) -> Any:
    """Return the real kernel, if it is the one whose spelling we have."""
    if not platform.release().startswith("6.18."):
        pytest.skip(f"Linux 6.18 is compared with; this is {platform.release()}")
    return linux


def listed(linux: Any, program: Program) -> dict[int, str]:
    """Return Linux's text of each instruction, by slot."""
    log = linux.verify(program, log_level=2).log
    return {int(pc): text for pc, text in LISTED.findall(log)}


def our_listing(program: Program) -> dict[int, str]:
    """Return our text of each instruction, as the log shows it."""
    rows = ((pc, insn) for pc, insn in enumerate(program.insns) if insn)
    return {
        pc: f"({insn.opcode:02x}) {disassemble_insn(insn, as_log=True)}"
        for pc, insn in rows
    }


def random_insn(form: Form, rnd: random.Random) -> Insn:
    """Return an instruction of a form; places are such that a program is connected."""
    fields: dict[str, int] = {}
    for name, kind in operands(form.text).items():
        value = rnd.randint(KINDS[kind].least, KINDS[kind].most)
        fields[name] = signed(value, 32 if KINDS[kind].most > 10 else 8)
        if kind in PLACE_KINDS:
            fields[name] = rnd.choice(SOMEWHERE)
        elif kind == "off":
            fields[name] = rnd.randint(-(1 << 15), (1 << 15) - 1)
    if "imm64" in fields:
        fields["next_imm"] = signed(fields["imm64"] ^ rnd.getrandbits(32), 32)
        fields["imm"] = fields.pop("imm64")
    return Insn(form.opcode, **{**form.fixed, **fields})


def programs_of(form: Form, count: int = 8, seed: int = 9669) -> Iterable[Program]:
    """Yield small programs in which each instruction can be reached."""
    rnd = random.Random(seed)
    for _ in range(count):
        insn = random_insn(form, rnd)
        start = assemble_insns(f"if r1 == 0 goto pc+{insn.slots}")
        end = assemble_insns("r0 = 0\nr0 = 1\nexit")
        yield Program(encode([*start, insn, *end]), type="socket_filter")


def differences(
    linux: Any,
    programs: Iterable[Program],
    ours: Callable[[Program], dict[int, str]] = our_listing,
) -> list[tuple[str, str]]:
    """Return (our text, Linux's text) wherever they are not the same."""
    wrong = []
    for program in programs:
        theirs, mine = listed(linux, program), ours(program)
        wrong += [
            (mine.get(pc, ""), theirs.get(pc, ""))
            for pc in sorted({*theirs, *mine})
            if mine.get(pc) != theirs.get(pc)
        ]
    return wrong


NEEDS_MORE = ("map", "btf", "kfunc", "subprog", "local")  # than instructions: BTF, maps
FORMS_ALONE = [f for f in FORMS if not any(word in f.text for word in NEEDS_MORE)]


@pytest.mark.parametrize("form", FORMS_ALONE, ids=lambda form: form.text)
def test_linux_spells_it_so(linux: Any, form: Form) -> None:
    assert differences(linux, programs_of(form)) == []


def test_linux_spells_every_helper_so(linux: Any) -> None:
    ids = [-1, 0, *HELPER_NAMES, max(HELPER_NAMES) + 1, 9999]
    calls = [Insn(0x85, imm=id) for id in ids]
    program = Program(encode([*calls, *assemble_insns("exit")]), type="socket_filter")
    assert differences(linux, [program]) == []


FUNCTIONS = """
call pc+3
r2 = subprog[+2] ll
exit
r0 = 1
exit
"""


def test_linux_spells_functions_so(linux: Any) -> None:
    program = Program(encode(assemble_insns(FUNCTIONS)), type="socket_filter")
    theirs = listed(linux, program)
    assert theirs == our_listing(program)
    assert theirs[0] == "(85) call pc+3"


def test_linux_shows_a_map_as_its_address(linux: Any) -> None:
    text = "r2 = one ll\nr3 = one[0]+4 ll\nr0 = 0\nexit"
    code = encode(assemble_insns(text, ["one"]))
    maps = [MapSpec("array", 4, 8, 1, name="one")]
    theirs = listed(linux, Program(code, type="socket_filter", maps=maps))
    assert re.fullmatch(r"\(18\) r2 = 0x[0-9a-f]{16}", theirs[0])
    assert re.fullmatch(r"\(18\) r3 = 0x[0-9a-f]{16}", theirs[2])


ILLEGAL = [
    Insn(0x07, 1, 1, 0, 10),
    Insn(0x0F, 1, 1, 0, 10),
    Insn(0x3F, 1, 1, 2),
    Insn(0xDC, 1, imm=5),
    Insn(0xD4, 1, imm=-5),
    Insn(0xD7, 1, imm=8),
    Insn(0xDB, 1, 1, 0, 0x77),
    Insn(0xC3, 1, 1, 0, 0x02),
    Insn(0x95, off=7),
    Insn(0x85, 1, 0, 3, 5),
    Insn(0xE5, 3, off=1),
]


@pytest.mark.parametrize("insn", ILLEGAL, ids=repr)
def test_linux_spells_what_it_refuses_so(linux: Any, insn: Insn) -> None:
    end = assemble_insns("r0 = 0\nr0 = 1\nexit")
    start = assemble_insns("if r1 == 0 goto pc+1")
    program = Program(encode([*start, insn, *end]), type="socket_filter")
    ours = disassemble_insn(insn, as_log=True)
    if not ours.startswith("BUG"):
        ours = f"({insn.opcode:02x}) {ours}"
    assert listed(linux, program)[1] == ours


PLANTED = {
    "a sign is lost": lambda text: text.replace("-", "+"),
    "a register is another": lambda text: text.replace("r1", "r2"),
    "a half is whole": lambda text: re.sub(r"\bw(\d)", r"r\1", text),
    "hex is decimal": lambda text: re.sub(
        r"0x[0-9a-f]+", lambda found: str(int(found[0], 16)), text
    ),
    "ll is shown": lambda text: text + " ll" if text.startswith("(18)") else text,
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_wrong_spelling_is_found(linux: Any, name: str) -> None:
    def wrong(program: Program) -> dict[int, str]:
        return {pc: PLANTED[name](text) for pc, text in our_listing(program).items()}

    programs = [next(iter(programs_of(form, 1))) for form in FORMS_ALONE]
    assert differences(linux, programs, wrong)
