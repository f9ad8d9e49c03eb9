"""The reader of BTF, against the compiler: it knows sizes and offsets too.

The program below carries what the compiler says (sizeof, offsetof) as constants in its
read-only data; the reader works the same out from the types alone. And the kernel's
own BTF, where there is one: a hundred thousand types without a stumble.
"""

import struct

import pytest

from ebpflab.btf import Btf, Kind
from ebpflab.btf.kernel import kernel_btf
from ebpflab.c.compiler import compile
from ebpflab.errors import ObjectError

SOURCE = """\
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
enum color { RED = -1, BLUE = 7 };
enum large { HUGE = 0x123456789aULL };
struct inner { char c; short s[3]; };
union either { __u64 whole; __u8 bytes[8]; };
struct outer {
    struct inner first;
    const volatile int number;
    union { int left; float right; };
    union either either;
    struct inner several[2];
    unsigned flag : 3, rest : 13;
    void *pointer;
    enum color color;
    enum large large;
    char name[5];
} value;
#define AT(m) __builtin_offsetof(struct outer, m)
const volatile __u64 facts[] = {
    sizeof(struct outer), sizeof(struct inner), sizeof(union either),
    AT(first.c), AT(first.s), AT(number), AT(left), AT(either), AT(several[1].s),
    AT(pointer), AT(color), AT(large), AT(name),
};
SEC("socket") int p(void *ctx) { return facts[0] + value.number; }
"""
NAMES = (
    *("first.c", "first.s[0]", "number", "left", "either.whole", "several[1].s[0]"),
    *("pointer", "color", "large", "name"),
)


@pytest.fixture(scope="module")
def made():
    return compile(SOURCE)


@pytest.fixture(scope="module")
def btf(made) -> Btf:
    return Btf.parse(made.btf)


def facts(made) -> list[int]:
    """Return the compiler's constants."""
    data = made.maps[".rodata"].init[bytes(4)]
    return list(struct.unpack(f"<{len(data) // 8}Q", data))


def sizes_and_offsets(btf: Btf) -> list[int]:
    """Return the same, worked out from the types."""
    outer = btf.find("outer", Kind.STRUCT)
    names = ((outer, ""), (btf.find("inner"), ""), (btf.find("either"), ""))
    places = {field.name: field.offset for field in btf.fields(outer.id)}
    return [btf.size_of(t.id) for t, _ in names] + [places[name] for name in NAMES]


def test_sizes_and_offsets_are_the_compilers(made, btf: Btf) -> None:
    assert sizes_and_offsets(btf) == facts(made)


def test_a_moved_member_is_noticed(made, btf: Btf) -> None:
    raw = bytearray(made.btf)
    place = btf.places[btf.find("outer", Kind.STRUCT).id] + 12 + 12 + 8
    raw[place] ^= 0x20  # the second member's offset in bits
    assert sizes_and_offsets(Btf.parse(bytes(raw))) != facts(made)


def test_enumerators_and_bit_fields(btf: Btf) -> None:
    color, large = btf.find("color", Kind.ENUM), btf.find("large", Kind.ENUM64)
    assert [(m.name, m.value) for m in color.members] == [("RED", -1), ("BLUE", 7)]
    assert large.members[0].value == 0x123456789A
    outer = btf.find("outer", Kind.STRUCT)
    bits = {m.name: m.bit_size for m in outer.members if m.bit_size}
    assert bits == {"flag": 3, "rest": 13}


def test_signs_of_fields(btf: Btf) -> None:
    fields = {f.name: f.signed for f in btf.fields(btf.find("outer").id)}
    assert fields["number"]
    assert not fields["either.whole"]


def test_functions_and_variables(btf: Btf) -> None:
    function = btf.find("p", Kind.FUNC)
    prototype = btf.type(function.type)
    assert [m.name for m in prototype.members] == ["ctx"]
    assert btf.resolve(btf.type(btf.find("value", Kind.VAR).type).id).name == "outer"
    section = btf.find(".rodata", Kind.DATASEC)
    assert section.members[0].name == "facts"
    assert section.size == len(facts(compile(SOURCE))) * 8


def test_what_is_not_there(btf: Btf) -> None:
    assert btf.find("nothing") is None
    assert btf.find("outer", Kind.UNION) is None
    assert btf.type(0).kind is Kind.VOID
    for id in (-1, len(btf), 1 << 40):
        with pytest.raises(ObjectError):
            btf.type(id)


def test_a_type_made_of_itself() -> None:
    """Two typedefs that name each other."""
    rows = struct.pack("<III", 1, Kind.TYPEDEF << 24, 2)
    rows += struct.pack("<III", 1, Kind.TYPEDEF << 24, 1)
    header = struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 24, 0, len(rows), len(rows), 3)
    btf = Btf.parse(header + rows + b"\0t\0")
    with pytest.raises(ObjectError):
        btf.size_of(1)


def test_the_kernels_own_types(linux) -> None:
    btf = kernel_btf()
    if btf is None:
        pytest.skip("this kernel has no BTF")
    assert len(btf) > 10_000
    task = btf.find("task_struct", Kind.STRUCT)
    assert {"pid", "tgid", "comm"} <= {m.name for m in task.members}
    assert btf.size_of(btf.find("xdp_md", Kind.STRUCT).id) == 24
    kinds = {btf.type(id).kind for id in range(1, len(btf), 97)}
    assert len(kinds) > 10
