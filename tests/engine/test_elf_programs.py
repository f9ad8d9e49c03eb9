"""Objects of many shapes, compiled here and judged by Linux's own verifier.

Linux is the oracle: it takes a program only if every call, every map and every
variable is where it should be, and BTF only if all of it is in order. Each shape
is also spoiled once, to see that the oracle notices.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest

from ebpflab.btf import Btf, Kind
from ebpflab.c.compiler import compile
from ebpflab.elf import load
from ebpflab.errors import LinuxError, ObjectError
from ebpflab.isa.codec import encode
from ebpflab.isa.insn import Insn
from ebpflab.program import Object, Program

HEAD = """\
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
char _license[] SEC("license") = "GPL";
"""
GLOBALS = (
    HEAD
    + """
__u64 total = 5;
static int hidden_count;
int zeroed[4];
const volatile int limit = 40;
static const volatile char word[] = "hello";
int own SEC(".data.own") = 9;

SEC("socket") int count(struct __sk_buff *skb)
{
    int i = skb->len & 3;

    total += skb->len;
    hidden_count += limit;
    zeroed[i]++;
    own += word[i];
    return total > limit ? 0 : -1;
}
"""
)
SUBPROGRAMS = (
    HEAD
    + """
static __noinline int deepest(int x) { return x * 7 + bpf_get_prandom_u32(); }
static __noinline int middle(int x) { return deepest(x) + deepest(x + 1); }
__noinline int global_one(int x) { return middle(x) ? 2 : 1; }
__hidden __noinline int hidden_one(int *x) { return *x + 1; }
SEC("xdp") int first(struct xdp_md *ctx)
{
    int x = global_one(3);

    return (middle(x) & 1) + hidden_one(&x) > 3 ? XDP_PASS : XDP_DROP;
}
SEC("xdp") int second(struct xdp_md *ctx) { return deepest(2) & 1; }
static __attribute__((section("tc"), noinline)) int beside(int x)
{
    return bpf_get_prandom_u32() + x;
}
SEC("tc") int third(struct __sk_buff *skb)
{
    return beside(4) ? TC_ACT_OK : global_one(2);
}
"""
)
CALLBACKS = (
    HEAD
    + """
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8);
     __type(key, int); __type(value, long); } seen SEC(".maps");
static long add(__u32 i, long *sum) { *sum += i; return 0; }
static long add_each(void *map, int *key, long *value, long *sum)
{
    *sum += *value;
    return 0;
}
SEC("tc") int sums(struct __sk_buff *skb)
{
    long sum = 0;

    bpf_loop(10, add, &sum, 0);
    bpf_for_each_map_elem(&seen, add_each, &sum, 0);
    return sum;
}
"""
)
NESTED = (
    HEAD
    + """
struct inner { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4);
           __type(key, int); __type(value, int); };
struct inner one SEC(".maps"), two SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); __uint(max_entries, 2);
     __type(key, int); __array(values, struct inner);
} outer SEC(".maps") = { .values = { &one, [1] = &two } };
int other(struct xdp_md *ctx);
struct { __uint(type, BPF_MAP_TYPE_PROG_ARRAY); __uint(max_entries, 3);
     __uint(key_size, 4); __array(values, int (struct xdp_md *));
} jumps SEC(".maps") = { .values = { [2] = (void *)&other } };
SEC("xdp") int look(struct xdp_md *ctx)
{
    int key = 1, *value;
    void *inner = bpf_map_lookup_elem(&outer, &key);

    if (!inner)
        return XDP_PASS;
    value = bpf_map_lookup_elem(inner, &key);
    bpf_tail_call(ctx, &jumps, 2);
    return value ? *value & 3 : XDP_DROP;
}
SEC("xdp") int other(struct xdp_md *ctx) { return XDP_PASS; }
"""
)
PRINTS = (
    HEAD
    + """
SEC("xdp") int says(struct xdp_md *ctx)
{
    __u32 port = ctx->ingress_ifindex;
    char text[16];

    bpf_printk("plain");
    bpf_printk("%d of %d", port, 3);
    bpf_printk("%d %d %d %d", port, 1, 2, 3);
    BPF_SNPRINTF(text, sizeof(text), "%d", port);
    return text[0] == '1' ? XDP_PASS : XDP_DROP;
}
"""
)
LOOPS = (
    HEAD
    + """
SEC("xdp") int loops(struct xdp_md *ctx)
{
    int i, sum = 0;

    bpf_for(i, 0, 10) sum += i;
    bpf_repeat(3) sum++;
    return sum;
}
"""
)
LOCKED = (
    HEAD
    + """
struct value { struct bpf_spin_lock lock; int count; };
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1);
     __type(key, int); __type(value, struct value); } shared SEC(".maps");
SEC("tc") int locked(struct __sk_buff *skb)
{
    int key = 0;
    struct value *value = bpf_map_lookup_elem(&shared, &key);

    if (!value)
        return 0;
    bpf_spin_lock(&value->lock);
    value->count++;
    bpf_spin_unlock(&value->lock);
    return 0;
}
"""
)
LEGACY = (
    HEAD
    + """
struct bpf_map_def SEC("maps") padding = { BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0 };
struct bpf_map_def SEC("maps") old = { BPF_MAP_TYPE_HASH, 4, 8, 16, 1 };
SEC("xdp") int looks(struct xdp_md *ctx)
{
    int key = 0;
    __u64 *value = bpf_map_lookup_elem(&old, &key);

    return value && bpf_map_lookup_elem(&padding, &key) ? *value & 1 : XDP_PASS;
}
"""
)
SHAPES = {
    "globals": GLOBALS,
    "subprograms": SUBPROGRAMS,
    "callbacks": CALLBACKS,
    "nested": NESTED,
    "prints": PRINTS,
    "loops": LOOPS,
    "locked": LOCKED,
    "legacy": LEGACY,
}


def wide(program: Program) -> list[Insn]:
    """Return the 64-bit loads that name something."""
    return [i for i in program.insns if i and i.is_wide and i.src]


# ---- Linux's opinion --------------------------------------------------------------


@pytest.mark.parametrize("cpu", ["v1", "v2", "v3", "v4"])
@pytest.mark.parametrize("shape", SHAPES)
def test_linux_takes_every_program(linux, shape: str, cpu: str) -> None:
    for program in compile(SHAPES[shape], cpu=cpu).programs.values():
        verdict = linux.verify(program)
        assert verdict.accepted, f"{program.name}: {verdict.log[-800:]}"


@pytest.mark.parametrize("shape", SHAPES)
def test_linux_takes_the_types(linux, shape: str) -> None:
    from ebpflab.linux.btf import load_btf

    made = compile(SHAPES[shape])
    with load_btf(made.btf, shape):
        pass
    unfinished = bytearray(made.btf)
    datasec = next(t for t in Btf.parse(made.btf) if t.kind is Kind.DATASEC)
    place = Btf.parse(made.btf).places[datasec.id]
    unfinished[place + 8 : place + 12] = bytes(4)  # its size, as the compiler left it
    with pytest.raises(LinuxError), load_btf(bytes(unfinished), shape):
        pass


def test_linux_shows_our_lines(linux) -> None:
    program = compile(SUBPROGRAMS).programs["first"]
    log = linux.verify(program, log_level=2).log
    assert "; int x = global_one(3);" in log
    spoiled = replace(program, line_info=program.line_info[16:])
    assert not linux.verify(spoiled).accepted


def calls_elsewhere(program: Program) -> Program:
    """Move every call of a subprogram by one slot."""
    insns = [
        replace(i, imm=i.imm + 1) if i and i.opcode == 0x85 and i.src == 1 else i
        for i in program.insns
    ]
    return replace(program, code=encode(insns))


def names_elsewhere(program: Program) -> Program:
    """Name the next map, or the next byte of a variable's map."""
    insns = [
        replace(i, imm=i.imm + 1, next_imm=i.next_imm + 999)
        if i in wide(program)
        else i
        for i in program.insns
    ]
    return replace(program, code=encode(insns))


SPOILERS = {
    "globals": names_elsewhere,
    "subprograms": calls_elsewhere,
    "callbacks": names_elsewhere,
    "nested": names_elsewhere,
    "legacy": names_elsewhere,
}


@pytest.mark.parametrize(("shape", "spoil"), SPOILERS.items(), ids=SPOILERS)
def test_linux_notices_a_planted_error(
    linux, shape: str, spoil: Callable[[Program], Program]
) -> None:
    programs = compile(SHAPES[shape]).programs.values()
    program = max(programs, key=lambda p: len(p.code))
    spoiled = spoil(replace(program, btf=None, func_info=None, line_info=None))
    assert spoiled.code != program.code
    assert not linux.verify(spoiled).accepted


def test_globals_have_their_values_on_linux(linux) -> None:
    """limit is 40 and total 5: 5 + 14 bytes of packet stay below, 60 do not."""
    program = compile(GLOBALS).programs["count"]
    assert linux.run(program, bytes(14)).retval == 0xFFFFFFFF
    assert linux.run(program, bytes(60)).retval == 0
    spoiled = [replace(m, init={}) if m.name == ".rodata" else m for m in program.maps]
    assert linux.run(replace(program, maps=spoiled), bytes(14)).retval == 0


# ---- what stands in the object ----------------------------------------------------


def test_global_variables_are_maps() -> None:
    maps = compile(GLOBALS).maps
    assert set(maps) >= {".data", ".bss", ".rodata", ".data.own"}
    assert maps[".data"].init[bytes(4)][:8] == (5).to_bytes(8, "little")
    assert maps[".data.own"].init[bytes(4)] == (9).to_bytes(4, "little")
    assert set(maps[".bss"].init[bytes(4)]) == {0}
    assert maps[".rodata"].frozen
    assert not maps[".data"].frozen
    for spec in maps.values():
        assert (spec.type, spec.key_size, spec.max_entries) == ("array", 4, 1)
        assert len(spec.init[bytes(4)]) == spec.value_size


def test_loads_name_the_programs_own_maps() -> None:
    program = compile(GLOBALS).programs["count"]
    for insn in wide(program):
        assert insn.src == 2
        assert 0 <= insn.next_imm < program.maps[insn.imm].value_size


def test_subprograms_come_behind_each_program_that_calls_them() -> None:
    made = compile(SUBPROGRAMS)
    assert list(made.programs) == ["first", "second", "third"]
    texts = {
        name: [line.text for line in program.lines]
        for name, program in made.programs.items()
    }
    assert any("deepest(int" in text for text in texts["second"])
    assert not any("middle(int" in text for text in texts["second"])
    assert any("beside" in text for text in texts["third"])
    assert any("global_one(int" in text for text in texts["third"])


def test_functions_and_lines_rise_by_slot() -> None:
    for program in compile(SUBPROGRAMS).programs.values():
        slots = [line.pc for line in program.lines]
        assert slots == sorted(slots)
        assert slots[0] == 0
        assert len(program.func_info) % 8 == len(program.line_info) % 16 == 0
        assert len(program.line_info) // 16 == len(slots)


def test_inner_maps() -> None:
    made = compile(NESTED)
    outer = made.maps["outer"]
    assert (outer.type, outer.key_size, outer.value_size) == ("array_of_maps", 4, 4)
    assert (outer.inner.type, outer.inner.max_entries) == ("array", 4)
    assert [n for n in made.notices if "one" in n and "two" in n]
    assert [n for n in made.notices if "[2] = other" in n]


def test_types_of_keys_and_values() -> None:
    made = compile(LOCKED)
    spec, btf = made.maps["shared"], Btf.parse(made.btf)
    assert btf.resolve(spec.value_type).name == "value"
    assert [f.name for f in btf.fields(spec.value_type)] == ["lock.val", "count"]
    assert spec.btf == made.btf


def test_older_maps() -> None:
    spec = compile(LEGACY).maps["old"]
    assert (spec.type, spec.key_size, spec.value_size) == ("hash", 4, 8)
    assert (spec.max_entries, spec.flags) == (16, 1)


def test_strings_of_printk_are_read_only_data() -> None:
    made = compile(PRINTS)
    assert b"plain\0" in made.maps[".rodata"].init[bytes(4)]


# ---- what cannot be -----------------------------------------------------------------

WRONG = {
    "extern-unknown": HEAD + "extern int other(void) __ksym;"
    'SEC("xdp") int p(void *c) { return other(); }',
    "map-type-unknown": HEAD + 'struct { __uint(type, 99); } m SEC(".maps");'
    'SEC("xdp") int p(void *c) { return (long)bpf_map_lookup_elem(&m, c); }',
    "map-two-sizes": HEAD + "struct { __uint(type, 1); __uint(key_size, 8);"
    '__type(key, int); } m SEC(".maps");',
    "map-member-unreadable": HEAD + 'struct { int type; } m SEC(".maps");',
    "map-not-described": HEAD + 'int m SEC(".maps");',
    "symbol-nowhere": HEAD + 'int v SEC("odd") = 3;'
    'SEC("xdp") int p(void *c) { return v++; }',
}


@pytest.mark.parametrize(("key", "text"), WRONG.items(), ids=WRONG)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_what_cannot_be_is_explained(
    key: str, text: str, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EBPFLAB_LANG", language)
    with pytest.raises(ObjectError) as caught:
        compile(text)
    assert caught.value.key == key
    assert caught.value.at
    assert "{" not in str(caught.value).replace("struct {", "")


def test_an_unknown_section_is_remarked() -> None:
    made = compile(HEAD + 'SEC("mystery") int p(void *c) { return 0; }')
    assert made.programs["p"].type == "unspec"
    assert 'SEC("mystery")' in made.notices[0]


def test_paths_bytes_and_what_is_neither(tmp_path) -> None:
    for wrong in (tmp_path / "none.o", str(tmp_path), "a\0b", b"", b"\x7fELF", b"MZ"):
        with pytest.raises(ObjectError):
            load(wrong)


def test_an_object_equals_itself_from_bytes_or_file(tmp_path, raw_object) -> None:
    path = tmp_path / "own.o"
    path.write_bytes(raw_object)
    made: Object = load(path)
    assert made.programs == load(str(path)).programs == load(raw_object).programs
    assert made.name == "own"


@pytest.fixture
def raw_object(monkeypatch: pytest.MonkeyPatch) -> bytes:
    """The bytes of an object file."""
    from ebpflab.c import compiler

    seen = []
    real = compiler.read
    monkeypatch.setattr(compiler, "read", lambda *a: seen.append(a[0]) or real(*a))
    compile(SUBPROGRAMS)
    return seen[0]
