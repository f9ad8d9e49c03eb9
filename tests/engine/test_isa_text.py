"""Text to instructions and back, in all spellings; errors point at what is wrong."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ebpflab.errors import AssemblyError
from ebpflab.isa.assembler import assemble_insns
from ebpflab.isa.codec import decode, encode
from ebpflab.isa.disassembler import (
    Names,
    disassemble,
    disassemble_insn,
    filled,
    listing,
)
from ebpflab.isa.forms import Form, operands
from ebpflab.isa.helper_ids import HELPER_IDS, HELPER_NAMES
from ebpflab.isa.insn import Insn
from ebpflab.language import LANGUAGES, catalogue
from tests.engine.test_isa_cases import any_slots, by_form, insns_of, legal_insns

# ---- there and back ------------------------------------------------------------


@by_form
def test_every_form_reads_back(form: Form) -> None:
    @settings(max_examples=20)
    @given(insns_of(form))
    def reads_back(insn: Insn) -> None:
        assert assemble_insns(disassemble_insn(insn)) == [insn]

    reads_back()


@by_form
def test_every_other_spelling_reads_back(form: Form) -> None:
    @settings(max_examples=20)
    @given(insns_of(form))
    def reads_back(insn: Insn) -> None:
        for template in form.others:
            absent = operands(form.text).keys() - operands(template).keys()
            meant = replace(insn, **dict.fromkeys(absent, 0))
            text = f"({insn.opcode:02x}) {filled(template, meant)}"
            assert assemble_insns(text) == [meant]

    reads_back()


@given(any_slots)
def test_any_slots_read_back(code: bytes) -> None:
    whole = code + bytes(8)  # so that no load can be cut
    assert encode(assemble_insns(disassemble(decode(whole)))) == whole


map_names = st.lists(st.text() | st.from_regex(r"[a-z.$]\w{0,3}", fullmatch=True))


@given(st.lists(legal_insns), map_names)
def test_any_names_of_maps_read_back(insns: list[Insn], maps: list[str]) -> None:
    text = disassemble(insns, Names(maps=maps))
    assert assemble_insns(text, maps) == insns


@pytest.mark.parametrize("name", HELPER_IDS)
def test_every_helper_reads_back(name: str) -> None:
    insn = Insn(0x85, imm=HELPER_IDS[name])
    assert disassemble_insn(insn) == f"call bpf_{name}#{insn.imm}"
    assert HELPER_NAMES[insn.imm] == name
    for text in (f"call bpf_{name}", f"call {name}", f"call {name}#7684912"):
        assert assemble_insns(text) == [insn]


# ---- spellings -----------------------------------------------------------------

LOOP = [
    Insn(0xB7, 1, imm=3),
    Insn(0x07, 1, imm=-1),
    Insn(0x55, 1, off=-2),
    Insn(0x95),
]
SPELLINGS = {
    "ours": ("r1 = 3\nr1 += -1\nif r1 != 0x0 goto pc-2\nexit", LOOP),
    "labels": ("r1 = 3\nagain: r1 += -1\nif r1 != 0 goto again\nexit", LOOP),
    "labels on lines of their own": (
        "r1 = 3\nLBB0_1:\nother:\n\tr1 += -1\n\tif r1 != 0 goto LBB0_1\n\texit\n",
        LOOP,
    ),
    "the verifier's log": (
        "0: R1=ctx() R10=fp0\n"
        "0: (b7) r1 = 3                        ; R1=3\n"
        "1: (07) r1 += -1                      ; R1=2\n"
        "2: (55) if r1 != 0x0 goto pc-2 1: R1=scalar(umin=1) R10=fp0\n"
        "3: (95) exit",
        LOOP,
    ),
    "its live registers": (
        "      0: .......... (b7) r1 = 3\n"
        "      1: .1........ (07) r1 += -1\n"
        "      2: .1........ (55) if r1 != 0x0 goto pc-2\n"
        "      3: 0......... (95) exit\n",
        LOOP,
    ),
    "llvm-objdump": (
        "       0:\tb7 01 00 00 03 00 00 00\tr1 = 3\n"
        "       1:\t07 01 00 00 ff ff ff ff\tr1 += -1\n"
        "       2:\t55 01 fe ff 00 00 00 00\tif r1 != 0 goto -2 <LBB0_1>\n"
        "       3:\t95 00 00 00 00 00 00 00\texit\n",
        LOOP,
    ),
    "comments": (
        "# one\nr1 = 3 // two\nr1 += -1 /* three\nfour */ ; five\n"
        "if r1 != 0 goto -2 # six\n; seven\nexit",
        LOOP,
    ),
    "bytes": (
        ".8byte 0x00000003000001b7, 0xffffffff00000107\n"
        ".8byte 0x00000000fffe0155\n.8byte 0x95",
        LOOP,
    ),
    "a 64-bit number": ("r1 = 1 ll", [Insn(0x18, 1, imm=1)]),
    "a 64-bit number without a sign for it": (
        "r1 = 0xffffffff",
        [Insn(0x18, 1, imm=-1)],
    ),
    "a 64-bit number, told by its opcode": ("(18) r1 = 0x0", [Insn(0x18, 1)]),
    "a negative 64-bit number": ("r1 = -1 ll", [Insn(0x18, 1, imm=-1, next_imm=-1)]),
    "the largest move": ("r1 = 0x7fffffff", [Insn(0xB7, 1, imm=0x7FFFFFFF)]),
    "the lower half": ("w1 = 0xffffffff", [Insn(0xB4, 1, imm=-1)]),
    "spaces": ("r1=*( u32* )( r2 - 4 )", [Insn(0x61, 1, 2, -4)]),
    "LLVM's 32-bit load": ("w1 = *(u32 *)(r2 + 4)", [Insn(0x61, 1, 2, 4)]),
    "LLVM's exchange": ("r2 = xchg_64(r1 + 8, r2)", [Insn(0xDB, 1, 2, 8, 0xE1)]),
    "LLVM's compare and exchange": (
        "w0 = cmpxchg32_32(r1 + 0, w0, w2)",
        [Insn(0xC3, 1, 2, 0, 0xF1)],
    ),
    "LLVM's packet load": ("r0 = *(u8 *)skb[r7]", [Insn(0x50, src=7)]),
    "a helper's number": ("call 5", [Insn(0x85, imm=5)]),
    "no helper's number": ("call unknown#9999", [Insn(0x85, imm=9999)]),
    "no helper": ("call bpf_unspec#0", [Insn(0x85)]),
    "a function": (
        "call f\nexit\nf: exit",
        [Insn(0x85, 0, 1, 0, 1)] + [Insn(0x95)] * 2,
    ),
    "a function's address": (
        "r2 = f ll\nexit\nf: exit",
        [Insn(0x18, 2, 4, imm=2)] + [Insn(0x95)] * 2,
    ),
    "a far jump over a wide load": (
        "gotol end\nr1 = 0 ll\nend: exit",
        [Insn(0x06, imm=2), Insn(0x18, 1), Insn(0x95)],
    ),
    "labels that are words": (
        "exit: goto exit\ncall: goto call",
        [Insn(0x05, off=-1)] * 2,
    ),
    "maps by name": ("r1 = two ll", [Insn(0x18, 1, 1, imm=1)]),
    "maps by name, in brackets": ("r1 = map[name:two]", [Insn(0x18, 1, 1, imm=1)]),
    "maps by index": ("r1 = map[1] ll", [Insn(0x18, 1, 1, imm=1)]),
    "maps by id, in order": (
        "r1 = map[id:218]\nr2 = map[id:7][0]+4\nr3 = map[id:218]",
        [
            Insn(0x18, 1, 1),
            Insn(0x18, 2, 2, imm=1, next_imm=4),
            Insn(0x18, 3, 1),
        ],
    ),
    "a place in a map's value": (
        "r1 = two[0]+8 ll",
        [Insn(0x18, 1, 2, imm=1, next_imm=8)],
    ),
    "a place in the value of a map called map": (
        "r1 = map[0]+8 ll",
        [Insn(0x18, 1, 2, imm=2, next_imm=8)],
    ),
    "nothing": ("\n ; nothing\n\n", []),
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_a_spelling(name: str) -> None:
    text, insns = SPELLINGS[name]
    assert assemble_insns(text, ["one", "two", "map"]) == insns


def test_the_slides_listing() -> None:
    """The talk's listing names a helper by a name and an offset in the kernel."""
    text = """
      0: (bf) r6 = r1
      1: (69) r7 = *(u16 *)(r6 +176)
      2: (b4) w8 = 0
      3: (55) if r7 != 0x8 goto pc+14
      4: (bf) r1 = r6
      5: (b4) w2 = 12
      6: (bf) r3 = r10
      7: (07) r3 += -4
      8: (b4) w4 = 4
      9: (85) call ktime_get_ns#7684912
     10: (18) r1 = map[id:218]
     12: (bf) r2 = r10
     13: (07) r2 += -8
     14: (62) *(u32 *)(r2 +0) = 32
    """
    insns = assemble_insns(text, ["addresses"])
    assert [insn.opcode for insn in insns] == [
        int(line.split("(")[1][:2], 16) for line in text.strip().splitlines()
    ]
    assert insns[9].imm == HELPER_IDS["ktime_get_ns"]
    assert disassemble_insn(insns[10], Names(["addresses"])) == "r1 = addresses ll"


def test_a_listing_has_the_slots() -> None:
    insns = decode(encode(assemble_insns("r1 = 1 ll\nexit")))
    assert listing(insns) == ((0, "r1 = 0x1 ll"), (2, "exit"))


def test_a_map_whose_name_would_not_read_back() -> None:
    for name in ("r1", "two words", "", "ü"):
        assert disassemble_insn(Insn(0x18, 1, 1), Names([name])) == "r1 = map[0] ll"
    twice = Names(["same", "same"])
    assert disassemble_insn(Insn(0x18, 1, 1, imm=1), twice) == "r1 = map[1] ll"


# ---- errors --------------------------------------------------------------------

ERRORS = [  # text, row of the catalogue, line, column, a word that must be suggested
    ("r1 = 1\nmov r1, 5", "unexpected-word", 2, 1, "r1 = r2"),
    ("jsgt r1, r2, +3", "unexpected-word", 1, 1, "if r1 s> r2 goto pc+3"),
    ("add32 r1, r2", "unexpected-word", 1, 1, "r1 += r2"),
    ("exitt", "unexpected-word", 1, 1, "exit"),
    ("r1 = rr2", "unexpected-word", 1, 6, "r2"),
    ("r1 = *(u33 *)(r1 + 4)", "unexpected-word", 1, 8, "u32"),
    ("R1 = 5", "unexpected-word", 1, 1, "r1"),
    ("*(u64 *)(r1 +0) = w2", "unexpected-word", 1, 19, ""),
    ("lock *(u64 *)(r1 +0) += w2", "unexpected-word", 1, 25, ""),
    ("r1 = 5 6", "unexpected-word", 1, 8, ""),
    ("r1 =", "insn-incomplete", 1, 5, ""),
    ("r11 = 5", "unknown-register", 1, 1, "r1"),
    ("  goto foo\nfooo: exit", "unknown-label", 1, 8, "fooo"),
    ("call bpf_ktime_get_nss", "unknown-helper", 1, 6, "bpf_ktime_get_ns"),
    ("call ktime_get_nss#12", "unknown-helper", 1, 6, "ktime_get_ns"),
    ("r1 = my_mpa ll", "unknown-map", 1, 6, "my_map"),
    ("r1 = map[name:my_mpa]", "unknown-map", 1, 6, "my_map"),
    ("r1 += 0x80000000", "number-out-of-range", 1, 7, ""),
    ("w1 += 0x1ffffffff", "number-out-of-range", 1, 7, ""),
    ("r1 = 0x1ffffffffffffffff ll", "number-out-of-range", 1, 6, ""),
    ("r1 = *(u8 *)(r2 + 70000)", "number-out-of-range", 1, 17, ""),
    ("a: goto b\n" + "exit\n" * 40000 + "b: exit", "number-out-of-range", 1, 9, ""),
    ("r2 = -r1", "register-is-fixed", 1, 7, "r2"),
    ("r3 = atomic_xchg((u32 *)(r1 +0), r2)", "register-is-fixed", 1, 34, "r3"),
    ("r1 = atomic_cmpxchg((u32 *)(r1 +0), r0, r2)", "register-is-fixed", 1, 1, "r0"),
    ("a: exit\na: exit", "label-twice", 2, 1, ""),
    ("0: r1 = 1\n2: exit", "listing-jumps", 2, 1, ""),
    ("7: r1 = 1 ll\n9: exit\n9: exit", "listing-jumps", 3, 1, ""),
    ("(b7) r1 += 1", "opcode-differs", 1, 1, ""),
    (".8byte 1 2", "bytes-unclear", 1, 10, ""),
    (".8byte", "bytes-unclear", 1, 1, ""),
    (".8byte 1,", "bytes-unclear", 1, 1, ""),
    (".8byte 0x18", "wide-load-cut", 1, 1, ""),
    ("\t@", "unexpected-word", 1, 2, ""),
]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("row", ERRORS, ids=lambda row: row[0][:24])
def test_an_error_points_at_its_place(
    row: tuple[str, str, int, int, str],
    language: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text, key, line, column, suggested = row
    monkeypatch.setenv("EBPFLAB_LANG", language)
    with pytest.raises(AssemblyError) as caught:
        assemble_insns(text, ["my_map"])
    error = caught.value
    where, shown, caret = error.at.split("\n")
    place = catalogue().say("line-and-column", line=line, column=column)
    assert (error.key, where) == (key, place)
    assert shown == text.split("\n")[line - 1]
    assert caret.index("^") == column - 1
    assert error.problem
    assert error.why
    assert suggested in error.hint


def test_tabs_keep_the_caret_in_its_place() -> None:
    with pytest.raises(AssemblyError) as caught:
        assemble_insns("\tr1 =\tx2")
    assert caught.value.at.endswith("\tr1 =\tx2\n\t    \t^")


WORDS = ["r1", "w2", "r11", "=", "+=", "(", ")", "*", "u32", "ll", "goto", "if", ":"]
WORDS += ["call", "exit", ",", "[0]", "+", "-", "4", "0x9", "map[", "lock", ";", "#"]
WORDS += ["foo", "foo:", ".8byte"]
nearly_text = st.lists(st.sampled_from([*WORDS, "\n"])).map(" ".join)


@given(st.text() | nearly_text, st.lists(st.text()))
def test_no_text_does_more_than_an_error(text: str, maps: Sequence[str]) -> None:
    with suppress(AssemblyError):
        encode(assemble_insns(text, maps))


@given(legal_insns.map(disassemble_insn), st.data())
def test_a_broken_line_does_no_more(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    broken = text[:at] + data.draw(st.characters()) + text[at + 1 :]
    with suppress(AssemblyError):
        encode(assemble_insns(broken))


def test_numbers_without_end_are_errors_too() -> None:
    for text in ("r1 = " + "9" * 5000, "r" + "1" * 5000 + " = 1", "call 5#" + "1" * 99):
        with pytest.raises(AssemblyError):
            assemble_insns(text)
