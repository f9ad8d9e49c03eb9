"""Host programs: executables with objects inside, made here byte by byte.

The oracle is the object itself: what is found inside an executable must be what
loading the object alone gives. Real tools are opened in tests/objects.
"""

import random
import struct
import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebpflab.c.compiler import compile
from ebpflab.elf import load
from ebpflab.elf.host import MAX_OBJECTS, embedded
from ebpflab.errors import EbpfLabError, ObjectError
from ebpflab.program import Object

TEXT = """\
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, %d);
     __type(key, int); __type(value, long); } seen SEC(".maps");
SEC("xdp") int other(struct xdp_md *ctx) { return XDP_TX; }
struct { __uint(type, BPF_MAP_TYPE_PROG_ARRAY); __uint(max_entries, 2);
     __uint(key_size, 4); __array(values, int(struct xdp_md *));
} jumps SEC(".maps") = { .values = { [1] = (void *)&other } };
SEC("xdp") int first(struct xdp_md *ctx)
{
    int key = %d;

    bpf_tail_call(ctx, &jumps, 1);
    return bpf_map_lookup_elem(&seen, &key) ? XDP_DROP : XDP_PASS;
}
char _license[] SEC("license") = "%s";
"""
SECONDS = 5


def object_of(number: int, file: str, license: str = "GPL") -> Object:
    return compile(TEXT % (number + 8, number, license), file=file)


def host(*inside: bytes, machine: int = 62, kind: int = 3) -> bytes:
    """Make an ELF header of another machine, and put things behind it."""
    header = b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + struct.pack("<HH", kind, machine)
    return header.ljust(64, b"\0") + b"".join(b"\x90" * 13 + part for part in inside)


@pytest.fixture(scope="module")
def one() -> Object:
    return object_of(1, "one.bpf.c")


@pytest.fixture(scope="module")
def two() -> Object:
    return object_of(2, "two.c", "Dual BSD/GPL")


def test_one_object_keeps_its_names(one: Object, tmp_path: Path) -> None:
    path = tmp_path / "tool"
    path.write_bytes(host(one.elf, b"and more"))
    made = load(path)
    assert (made.name, made.license) == ("tool", "GPL")
    assert {n: p.code for n, p in made.programs.items()} == {
        n: p.code for n, p in one.programs.items()
    }
    assert made.maps == one.maps
    assert made.notices[0] == "this executable carries 1 eBPF object(s): one"


def test_several_objects_are_told_apart(one: Object, two: Object) -> None:
    made = load(host(one.elf, two.elf))
    assert list(made.programs) == ["one:other", "one:first", "two:other", "two:first"]
    assert list(made.maps) == ["one:jumps", "one:seen", "two:jumps", "two:seen"]
    assert made.license == "GPL, Dual BSD/GPL"
    for name, program in made.programs.items():
        assert program.name == name
        assert all(made.maps[spec.name] == spec for spec in program.maps)
    assert made.maps["two:jumps"].slots == {1: "two:other"}
    assert made.programs["two:first"].license == "Dual BSD/GPL"


def test_objects_of_one_name_get_numbers(one: Object) -> None:
    made = load(host(one.elf, object_of(3, "one.c").elf))
    assert list(made.programs)[::2] == ["one:other", "one-2:other"]


def test_the_same_object_twice_is_one(one: Object) -> None:
    assert list(load(host(one.elf, one.elf)).programs) == list(one.programs)


def test_linux_takes_what_was_inside(one: Object, two: Object, linux) -> None:
    for program in load(host(one.elf, two.elf)).programs.values():
        assert linux.verify(program).accepted


@pytest.mark.parametrize(("machine", "kind"), [(183, 2), (62, 2), (243, 3)])
def test_executables_of_any_machine(one: Object, machine: int, kind: int) -> None:
    assert load(host(one.elf, machine=machine, kind=kind)).programs


WRONG = {
    "host-empty": host(b"nothing"),
    "object-not-bpf": host(b"", kind=1),  # an object file of another machine
    "object-broken": b"\x7fELF\x02\x01\x01" + bytes(20),
}


@pytest.mark.parametrize("key", WRONG)
def test_what_is_no_host(key: str) -> None:
    with pytest.raises(ObjectError) as caught:
        load(WRONG[key])
    assert caught.value.key == key


def test_too_many_objects() -> None:
    begin = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HH", 1, 247)
    smallest = begin.ljust(64, b"\0")  # no sections: 64 bytes
    many = [smallest[:30] + struct.pack("<H", i) + smallest[32:] for i in range(400)]
    assert len(list(embedded(host(*many[:MAX_OBJECTS])))) == MAX_OBJECTS
    with pytest.raises(ObjectError) as caught:
        list(embedded(host(*many)))
    assert caught.value.key == "host-too-many"


@pytest.mark.parametrize("path", ["/dev/zero", "/", "/proc/self/mem"])
def test_what_is_no_file(path: str) -> None:
    with pytest.raises(ObjectError):
        load(path)


def test_a_file_too_large(tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(ObjectError) as caught:
        load(path)
    assert caught.value.key == "object-too-large"


# ---- broken hosts ---------------------------------------------------------------


def survives(raw: bytes) -> bool:
    start = time.process_time()
    with suppress(EbpfLabError):
        load(raw)
    return time.process_time() - start < SECONDS


def test_changed_anywhere(one: Object, two: Object) -> None:
    whole, rnd = host(one.elf, two.elf), random.Random(77)
    for _ in range(60):
        raw = bytearray(whole)
        for _ in range(rnd.randint(1, 4)):
            raw[rnd.randrange(len(raw))] = rnd.choice((0, 1, 0x7F, 0x80, 0xFF))
        assert survives(bytes(raw))


def test_changed_headers(one: Object) -> None:
    whole, rnd = host(one.elf), random.Random(78)
    start = whole.index(b"\x7fELF", 1)
    for place in range(start + 16, start + 64):
        raw = bytearray(whole)
        raw[place] = rnd.choice((0, 1, 0x7F, 0x80, 0xFF))
        assert survives(bytes(raw))


def test_cut_anywhere(one: Object) -> None:
    whole = host(one.elf)
    assert all(survives(whole[:size]) for size in range(0, len(whole), 211))


@given(st.lists(st.binary(max_size=80), max_size=6))
def test_any_bytes_inside(parts: list[bytes]) -> None:
    begin = b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + struct.pack("<HH", 1, 247)
    assert survives(host(*(begin + part for part in parts)))


def test_beginnings_without_end_are_fast() -> None:
    assert survives(host(b"\x7fELF\x02\x01" * 200_000))
