"""CO-RE: which types of another kernel are ours. One row a rule, as libbpf has it.

Each row is our type and the other kernel's, and whether ours exists there
(bpf_core_type_exists) and matches (bpf_core_type_matches). The last table asks of
members: whether one may be read in the other's place (bpf_core_field_exists).
"""

from pathlib import Path

import pytest

from ebpflab.btf import kernel as kernel_btf
from ebpflab.c.compiler import compile

HEAD = """\
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
"""
TYPES = {  # rule -> (ours, theirs, exists, matches); every type is called T
    "equal": ("struct T { int a; long b; };", "struct T { int a; long b; };", 1, 1),
    "moved": ("struct T { int a, b; };", "struct T { long x; int b, a; };", 1, 1),
    "more there": ("struct T { int a; };", "struct T { int a, b, c; };", 1, 1),
    "less there": ("struct T { int a, b; };", "struct T { int a; };", 1, 0),
    "wider": ("struct T { int a; };", "struct T { long a; };", 1, 0),
    "signed": ("struct T { int a; };", "struct T { unsigned a; };", 1, 0),
    "no such": ("struct T { int a; };", "struct X { int a; };", 0, 0),
    "union": ("struct T { int a; };", "union T { int a; };", 0, 0),
    "inside": (
        "struct T { struct { int a; } in; };",
        "struct T { struct { int a, b; } in; };",
        1,
        1,
    ),
    "inside less": (
        "struct T { struct { int a, b; } in; };",
        "struct T { struct { int a; } in; };",
        1,
        0,
    ),
    "behind a pointer": (
        "struct in { int a, b; }; struct T { struct in *p; };",
        "struct in { char c; }; struct T { struct in *p; };",
        1,
        1,
    ),
    "another behind it": (
        "struct in { int a; }; struct T { struct in *p; };",
        "struct on { int a; }; struct T { struct on *p; };",
        1,
        0,
    ),
    "only declared": (
        "struct in; struct T { struct in *p; };",
        "struct in { int a; }; struct T { struct in *p; };",
        1,
        1,
    ),
    "array": ("struct T { int a[4]; };", "struct T { int a[4]; };", 1, 1),
    "longer array": ("struct T { int a[4]; };", "struct T { int a[5]; };", 1, 0),
    "enum": ("enum T { A, B }; ", "enum T { C, B, A };", 1, 1),
    "enum less": ("enum T { A, B }; ", "enum T { A };", 1, 0),
    "enum wide": ("enum T { A }; ", "enum T { A, HUGE = 1ull << 40 };", 1, 1),
    "typedef": ("typedef int T;", "typedef int T;", 1, 1),
    "typedef other": ("typedef int T;", "typedef struct { int a; } T;", 0, 0),
    "functions": ("typedef int (*T)(int);", "typedef int (*T)(int);", 1, 1),
    "more arguments": ("typedef int (*T)(int);", "typedef int (*T)(int, int);", 0, 0),
    "const": ("struct T { const int a; };", "struct T { volatile int a; };", 1, 1),
}
MEMBERS = {  # rule -> (type of ours, of theirs, whether it may be read)
    "number": ("int", "long", 1),
    "signed": ("int", "unsigned", 1),
    "enum": ("enum one { A }", "enum one { A, B }", 1),
    "other enum": ("enum one { A }", "enum two { A }", 0),
    "number, enum": ("int", "enum one { A }", 0),
    "number, pointer": ("long", "void *", 0),
    "pointers": ("struct x *", "void *", 1),
    "struct, number": ("struct { int a; }", "int", 0),
    "struct, union": ("struct { int a; }", "union { int a; }", 1),
}


def tag(text: str) -> str:
    """Say how the type that a text is about has to be named."""
    for word in ("struct T {", "union T {", "enum T {", "struct X {"):
        if word in text:
            return word.removesuffix(" {")
    return "T"


def answers(ours: str, asked: list[str], tmp_path: Path) -> list[int]:
    """Return the numbers that the program gets in the kernel of `tmp_path`."""
    stores = "".join(f"\tout = {question};\n" for question in asked)
    text = f'{HEAD}{ours}\nvolatile __u64 out;\nSEC("socket") int p(void *ctx)\n'
    program = compile(text + f"{{\n{stores}\treturn 0;\n}}\n").programs["p"]
    moves = [i.imm for i in program.insns if i and i.opcode in (0xB7, 0xB4)]
    return moves[: len(asked)]


def another_kernel(text: str, tmp_path: Path, patch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "btf"
    path.write_bytes(compile(text).btf or b"")
    patch.setenv(kernel_btf.CHOOSE, str(path))


@pytest.mark.parametrize("rule", TYPES)
def test_types(rule: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs, exists, matches = TYPES[rule]
    another_kernel(f"{theirs}\n{tag(theirs)} *used;\n", tmp_path, monkeypatch)
    name = tag(ours)
    asked = [f"bpf_core_type_exists({name})", f"bpf_core_type_matches({name})"]
    assert answers(ours, asked, tmp_path) == [exists, matches]


@pytest.mark.parametrize("rule", MEMBERS)
def test_members(rule: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs, readable = MEMBERS[rule]
    text = f"struct T {{ long lead; {theirs} member; }} *used;\n"
    another_kernel(text, tmp_path, monkeypatch)
    asked = ["bpf_core_field_exists(struct T, member)"]
    assert answers(f"struct T {{ {ours} member; }};", asked, tmp_path) == [readable]
