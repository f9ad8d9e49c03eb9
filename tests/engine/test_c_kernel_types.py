"""The kernel's types written as C: compiled again, they are the same types.

The oracle is the BTF that the compiler makes of our C: names, sizes and places of every
member must be those of the kernel's own BTF.
"""

from collections import Counter
from pathlib import Path

import pytest

from ebpflab.btf import Btf, BtfWriter, Kind, Type
from ebpflab.btf.kernel import kernel_btf
from ebpflab.c import kernel_header
from ebpflab.c.compiler import compile
from ebpflab.c.kernel_layout import Layout
from ebpflab.c.kernel_types import as_c
from ebpflab.errors import CompileError

COUNTED = 400  # structures that are compared


@pytest.fixture(scope="module")
def kernel() -> Btf:
    btf = kernel_btf()
    if btf is None:
        pytest.skip("there is no kernel with BTF here")
    return btf


def compiled(text: str) -> Btf:
    return Btf.parse(compile(text).btf or b"")


def places(btf: Btf, type: Type) -> list[tuple[str, int, int]]:
    return [(m.name, m.bit_offset, m.bit_size) for m in type.members if m.name]


def test_every_structure_is_laid_out_as_in_the_kernel(kernel: Btf) -> None:
    """Also packed ones, bit-fields, unions without a name."""
    folder = kernel_header.kernel_header()
    assert folder
    text = (folder / kernel_header.NAME).read_text()
    found = [t for t in kernel if t.kind is Kind.STRUCT and t.name and t.members]
    names = Counter(t.name for t in found)
    step = max(1, len(found) // COUNTED)
    once = [t for t in found[::step] if names[t.name] == 1]
    uses = "".join(f"struct {t.name} *the_{t.id};\n" for t in once)
    ours = compiled(f"{text.replace('#pragma clang', '//')}\n{uses}")
    by_name = {t.name: t for t in ours if t.kind is Kind.STRUCT}
    wrong = []
    for type in once:
        here = by_name.get(type.name)
        if here is None or here.size != type.size:
            wrong.append(type.name)
        elif places(ours, here) != places(kernel, type):
            wrong.append(f"{type.name}: members")
    assert len(once) > 250
    assert wrong == []


def test_declarations_of_every_shape() -> None:
    types = BtfWriter()
    number = types.integer("int", 4, signed=True)
    letter = types.integer("char", 1)
    both = types.array(letter, 3, number)
    handler = types.pointer(types.prototype(0, [("", types.pointer(number)), ("", 0)]))
    constant = types.pointer(types.alias(Kind.CONST, "", letter))
    inside = types.union("", [("a", number), ("b", both)])
    node = types.struct(
        "node", [("call", handler), ("text", constant), ("", inside), ("many", both)]
    )
    types.alias(Kind.TYPEDEF, "node_t", node)
    types.struct("bits", [("low", number, 0, 3), ("high", number, 3, 5)], 4)
    types.struct("gap", [("a", letter, 0), ("b", number, 3)], 9)
    types.enum("color", [("RED", 0), ("BLUE", -1)])
    text = as_c(Btf.parse(types.raw))
    for piece in (
        "void (*call)(int *, ...)",
        "char const *text",
        "char many[3]",
        "typedef struct node node_t;",
        "int low : 3",
        "enum color { RED = 0, BLUE = -1 };",
    ):
        assert piece in text, piece
    names = ("node", "bits", "gap")
    ours = compiled(text + "".join(f"struct {n} *the_{n};" for n in names))
    there = Btf.parse(types.raw)
    for name in names:
        here, wanted = ours.find(name), there.find(name)
        assert here
        assert wanted
        assert here.size == wanted.size
        assert places(ours, here) == places(there, wanted)


def test_a_wrong_layout_is_found(kernel: Btf, monkeypatch: pytest.MonkeyPatch) -> None:
    """A planted error: everything is thought to be where C puts it."""
    monkeypatch.setattr(Layout, "is_natural", lambda self, type: True)
    types = BtfWriter()
    number, letter = types.integer("int", 4), types.integer("char", 1)
    types.struct("gap", [("a", letter, 0), ("b", number, 1)], 5)
    text = as_c(Btf.parse(types.raw)) + "struct gap *the_gap;"
    found = compiled(text).find("gap")
    assert found
    assert found.size != 5


# Each needs something that the kit's vmlinux.h does not have.
NEEDS_A_KERNEL = {
    "a structure": "struct ctl_table *t; int f(void) { return sizeof(*t); }",
    "an enumerator": "int f(void) { return NR_SOFTIRQS + perf_event_cgrp_id; }",
    "a type name": "kernel_siginfo_t x;",
    "a function": """
#include <bpf/bpf_helpers.h>
SEC("syscall") int f(void *c) { bpf_rcu_read_lock(); bpf_rcu_read_unlock(); return 0; }
""",
}


@pytest.mark.parametrize("name", NEEDS_A_KERNEL)
def test_what_the_kit_does_not_have_comes_from_the_kernel(
    kernel: Btf, name: str
) -> None:
    made = compile('#include "vmlinux.h"\n' + NEEDS_A_KERNEL[name])
    assert "kernel of this machine" in made.notices[0]


def test_it_is_said_where_there_is_no_kernel(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("EBPFLAB_KERNEL_BTF", str(tmp_path / "nothing"))
    monkeypatch.setenv("EBPFLAB_CACHE", str(tmp_path))
    with pytest.raises(CompileError, match="ctl_table"):
        compile('#include "vmlinux.h"\n' + NEEDS_A_KERNEL["a structure"])


def test_the_first_error_is_told() -> None:
    """Not that of the second try, whose header is another."""
    text = '#include "vmlinux.h"\nint f(void) { return no_such_thing; }\n'
    with pytest.raises(CompileError, match=r"no_such_thing[\s\S]*prog.c:2"):
        compile(text)
