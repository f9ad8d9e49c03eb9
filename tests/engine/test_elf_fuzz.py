"""Broken objects: whatever the bytes, an error of the kit, and soon.

A real object is cut, and single bytes of it are changed: in its headers, where numbers
lead elsewhere, and anywhere. The fuzzer itself is proven by a reader that stumbles.
"""

import random
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebpflab.btf import Btf
from ebpflab.c import compiler
from ebpflab.c.compiler import compile
from ebpflab.elf import load
from ebpflab.errors import EbpfLabError

SOURCE = """\
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct task_struct { int pid; } __attribute__((preserve_access_index));
struct key { int a; short b[2]; };
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8);
     __type(key, struct key); __type(value, long); } seen SEC(".maps");
long total = 3;
extern int LINUX_KERNEL_VERSION __kconfig;
extern char CONFIG_DEFAULT_HOSTNAME[8] __kconfig __weak;
extern int bpf_absent(int x) __ksym __weak;
int other(unsigned long long *ctx);
struct { __uint(type, BPF_MAP_TYPE_PROG_ARRAY); __uint(max_entries, 2);
     __uint(key_size, 4); __array(values, int(unsigned long long *));
} jumps SEC(".maps") = { .values = { [1] = (void *)&other } };
struct ops { int (*enter)(void); char name[16]; };
SEC("struct_ops") int enter(void) { return 0; }
SEC(".struct_ops") struct ops ops = { .enter = enter, .name = "fuzzed" };
SEC("raw_tp/sched_switch") int other(unsigned long long *ctx) { return 0; }
static __noinline int sub(struct key *key) { return key->a + total; }
SEC("raw_tp/sched_switch") int prog(unsigned long long *ctx)
{
    struct key key = {};
    struct task_struct *next = (void *)ctx[2];

    bpf_probe_read_kernel(&key.a, 4, &next->pid);
    bpf_map_delete_elem(&seen, &key);
    bpf_printk("%d", key.a);
    if (bpf_ksym_exists(bpf_absent))
        return bpf_absent(LINUX_KERNEL_VERSION);
    bpf_tail_call(ctx, &jumps, CONFIG_DEFAULT_HOSTNAME[0]);
    return sub(&key);
}
char _license[] SEC("license") = "GPL";
"""
SECONDS = 5  # far more than any load takes


@pytest.fixture(scope="module")
def whole() -> bytes:
    """The bytes of an object with everything in it."""
    seen = []
    with pytest.MonkeyPatch.context() as patch:
        real = compiler.read
        patch.setattr(compiler, "read", lambda *a: seen.append(a[0]) or real(*a))
        compile(SOURCE)
    return seen[0]


def survives(raw: bytes) -> bool:
    """Load; True if the object was taken, or refused by an error of the kit."""
    start = time.process_time()
    with suppress(EbpfLabError):
        made = load(raw)
        assert all(program.insns for program in made.programs.values())
    return time.process_time() - start < SECONDS


def changed(raw: bytes, rnd: random.Random, low: int, high: int) -> bytes:
    """Change one to three bytes between two places."""
    copy = bytearray(raw)
    for _ in range(rnd.randint(1, 3)):
        copy[rnd.randrange(low, high)] = rnd.choice((0, 1, 0x7F, 0x80, 0xFF))
    return bytes(copy)


def places(raw: bytes) -> Iterator[tuple[int, int]]:
    """Yield where numbers that lead elsewhere stand: headers, symbols, BTF, DWARF."""
    from ebpflab.elf.file import parse

    yield 0, 64
    table = int.from_bytes(raw[0x28:0x30], "little")
    yield table, len(raw)
    for section in parse(raw).sections:
        if section.data:
            start = raw.index(section.data)
            yield start, start + len(section.data)


def test_the_object_itself_is_whole(whole: bytes) -> None:
    made = load(whole)
    assert made.programs["prog"].variables
    assert set(made.maps) >= {"seen", ".data", ".rodata"}


def test_cut_anywhere(whole: bytes) -> None:
    for size in range(0, len(whole), 173):
        assert survives(whole[:size])


def test_changed_where_numbers_stand(whole: bytes) -> None:
    rnd = random.Random(9669)
    for low, high in places(whole):
        for _ in range(2):
            assert survives(changed(whole, rnd, low, high))


def test_changed_anywhere(whole: bytes) -> None:
    rnd = random.Random(2024)
    for _ in range(60):
        assert survives(changed(whole, rnd, 0, len(whole)))


@given(st.binary(max_size=300))
def test_any_bytes(raw: bytes) -> None:
    assert survives(raw)
    assert survives(b"\x7fELF\x02\x01\x01" + raw)


@given(st.binary(max_size=200))
def test_any_types(raw: bytes) -> None:
    header = bytes.fromhex("9feb010018000000 00000000") + len(raw).to_bytes(4, "little")
    whole = header + bytes(8) + raw
    with suppress(EbpfLabError):
        btf = Btf.parse(whole)
        for type in btf:
            btf.size_of(type.id)
            btf.fields(type.id)


def test_a_reader_that_stumbles_is_found(
    whole: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumbling(raw: bytes, *_: object) -> None:
        raise IndexError(raw[0])

    monkeypatch.setattr("ebpflab.elf.object.read", stumbling)
    with pytest.raises(IndexError):
        survives(whole)
