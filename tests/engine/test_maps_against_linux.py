"""Each map type against the real kernel: random operations, equal results.

A sequence of operations is done on a map of ours and on one of Linux; each must give
the same value or the same errno, and at the end both must hold the same contents, in
the same order where Linux has one. What both only do alike, and not equally (a Bloom
filter's mistakes, what an LRU map forgets), is compared in numbers.
"""

import dataclasses
import itertools
import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

import ebpflab as lab
from ebpflab.btf import BtfWriter, Kind
from ebpflab.btf.kernel import kernel_btf
from ebpflab.isa.map_types import MAP_TYPES
from ebpflab.linux.livemap import LiveMap
from ebpflab.linux.load import loaded
from ebpflab.maps import make_map
from ebpflab.maps.array import Array
from ebpflab.maps.base import type_of_map
from ebpflab.maps.bloom_filter import BloomFilter
from ebpflab.maps.lru import LruHash
from ebpflab.maps.slots import SlotMap
from ebpflab.maps.sockets import Sockmap, Xskmap
from ebpflab.maps.userspace import Userspace
from tests.engine.kernel_things import kernel_things
from tests.engine.map_operations import (
    Bare,
    Operation,
    Thing,
    answer,
    emptied,
    sequence,
)
from tests.engine.map_operations import linux as on_linux
from tests.engine.map_operations import ours as on_ours

INNER = lab.MapSpec("array", 4, 8, 4)
NO_PREALLOC, MMAPABLE, LINK = 0x1, 0x400, 0x2000
STORAGES = ("sk_storage", "task_storage", "inode_storage", "cgrp_storage")


def storage(type: str) -> lab.MapSpec:
    """Return a blueprint with the C types that Linux wants to know."""
    types = BtfWriter()
    whole, word = types.integer("int", 4, signed=True), types.integer("u64", 8)
    told = {"btf": types.raw, "key_type": whole, "value_type": word}
    return lab.MapSpec(type, 4, 8, 0, name="m", flags=NO_PREALLOC, **told)


def congestion_control() -> lab.MapSpec:
    """Return a structure of functions; without them it is never put into place."""
    types, name = BtfWriter(), "tcp_congestion_ops"
    made = types.struct(name, [("flags", types.integer("u32", 4))])
    told = {"btf": types.raw, "value_type": made, "flags": LINK, "name": "m"}
    there = kernel_btf()
    around = there and there.find(f"bpf_struct_ops_{name}", Kind.STRUCT)
    return lab.MapSpec("struct_ops", 4, around.size if around else 256, 1, **told)


SPECS = {
    "array": lab.MapSpec("array", 4, 6, 5, name="m"),
    "percpu_array": lab.MapSpec("percpu_array", 4, 6, 5, name="m"),
    "hash": lab.MapSpec("hash", 2, 5, 6, name="m"),
    "percpu_hash": lab.MapSpec("percpu_hash", 2, 5, 6, name="m"),
    "lru_hash": lab.MapSpec("lru_hash", 2, 5, 16, name="m"),
    "lru_percpu_hash": lab.MapSpec("lru_percpu_hash", 2, 5, 16, name="m"),
    "lpm_trie": lab.MapSpec("lpm_trie", 6, 3, 6, name="m", flags=1),
    "queue": lab.MapSpec("queue", 0, 5, 4, name="m"),
    "stack": lab.MapSpec("stack", 0, 5, 4, name="m"),
    "stack_trace": lab.MapSpec("stack_trace", 4, 16, 4, name="m"),
    "ringbuf": lab.MapSpec("ringbuf", 0, 0, 4096, name="m"),
    "prog_array": lab.MapSpec("prog_array", 4, 4, 5, name="m"),
    "cgroup_array": lab.MapSpec("cgroup_array", 4, 4, 5, name="m"),
    "devmap": lab.MapSpec("devmap", 4, 4, 5, name="m"),
    "devmap_hash": lab.MapSpec("devmap_hash", 4, 4, 5, name="m"),
    "cpumap": lab.MapSpec("cpumap", 4, 4, 2, name="m"),
    # so large that nothing is wrongly found
    "bloom_filter": lab.MapSpec("bloom_filter", 0, 2, 1000, name="m", extra=15),
    "array_of_maps": lab.MapSpec("array_of_maps", 4, 4, 5, name="m", inner=INNER),
    "hash_of_maps": lab.MapSpec("hash_of_maps", 4, 4, 5, name="m", inner=INNER),
    "perf_event_array": lab.MapSpec("perf_event_array", 4, 4, 2, name="m"),
    "user_ringbuf": lab.MapSpec("user_ringbuf", 0, 0, 4096, name="m"),
    "arena": lab.MapSpec("arena", 0, 0, 4, name="m", flags=MMAPABLE),
    "struct_ops": congestion_control(),
    "cgroup_storage": lab.MapSpec("cgroup_storage", 16, 5, 0, name="m"),
    "percpu_cgroup_storage": lab.MapSpec("percpu_cgroup_storage", 8, 5, 0, name="m"),
    **{type: storage(type) for type in STORAGES},
    "sockmap": lab.MapSpec("sockmap", 4, 8, 5, name="m"),
    "sockhash": lab.MapSpec("sockhash", 4, 8, 3, name="m"),
    "reuseport_sockarray": lab.MapSpec("reuseport_sockarray", 4, 8, 5, name="m"),
    "xskmap": lab.MapSpec("xskmap", 4, 4, 5, name="m"),
}
NO_RIGHTS = ("ringbuf", "cpumap", "user_ringbuf", "arena", "struct_ops", *STORAGES)
SEQUENCES = 5_000
# Linux waits before it frees these, so one is used again and again.
SLOW_TO_FREE = ("devmap", "devmap_hash", "cpumap", "sockmap", "sockhash", "xskmap")
SLOW_TO_FREE += ("reuseport_sockarray",)
FEW = 100  # where all of them would tell nothing more
INSIDE = [  # of which some are like INNER
    lab.MapSpec("array", 4, 8, 4),
    lab.MapSpec("array", 4, 8, 9),
    lab.MapSpec("array", 4, 8, 4, flags=0x1000),
    lab.MapSpec("hash", 4, 8, 4),
]


@pytest.fixture
def short_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let errors be made without their sentences, which take most of the time."""

    def refuse(self: Userspace, number: int, key: str, **_: object) -> lab.MapError:
        return lab.MapError(key, errno=number)

    monkeypatch.setattr(Userspace, "refuse", refuse)


@pytest.fixture(scope="module")
def things() -> Iterator[dict[str, list[Thing]]]:
    """Return what stands in maps: programs, and maps."""
    if reason := lab.linux.available():
        pytest.skip(reason)
    with ExitStack() as stack:
        made = []
        for number, type in enumerate(("xdp", "socket_filter", "xdp")):
            program = lab.assemble(f"r0 = {number}\nexit", type=type)
            made.append(
                Thing(program, int(stack.enter_context(loaded(program, [])).number))
            )
        inside = [
            Thing(make_map(spec), int(stack.enter_context(LiveMap(spec)).fd))
            for spec in INSIDE
        ]
        yield stack.enter_context(kernel_things()) | {
            "prog_array": made,
            "array_of_maps": inside,
            "hash_of_maps": inside,
        }


def differences(
    spec: lab.MapSpec, things: list[Thing], count: int = SEQUENCES
) -> list[int]:
    """Return the seeds whose sequences differ."""
    found = []
    is_kept = count > FEW and spec.type in SLOW_TO_FREE
    kept = LiveMap(spec) if is_kept else None
    for seed in range(count):
        operations = sequence(spec, seed, len(things))
        mine = on_ours(make_map(spec), operations, [thing.ours for thing in things])
        live = LiveMap(spec) if kept is None else kept
        if mine != on_linux(live, operations, things):
            found.append(seed)
        if kept is not None or spec.type == "reuseport_sockarray":
            emptied(live)  # a socket stands in one such array at a time
        if kept is None:
            live.close()
    if kept is not None:
        kept.close()
    return found


@pytest.mark.parametrize("type", SPECS)
def test_operations_give_what_linux_gives(linux, things, short_errors, type) -> None:
    assert differences(SPECS[type], things.get(type, [])) == []


def test_every_map_type_is_compared() -> None:
    assert type_of_map.keys() == SPECS.keys() == MAP_TYPES.keys() - {"unspec"}


@pytest.mark.parametrize(
    ("cls", "method", "type"),
    [
        (Array, "remove", "array"),
        (SlotMap, "_take_slot", "hash"),
        (Sockmap, "remove", "sockmap"),
        (Xskmap, "check_there", "xskmap"),
        (SlotMap, "remove", "task_storage"),
    ],
)
def test_a_wrong_map_is_found(linux, things, monkeypatch, cls, method, type) -> None:
    monkeypatch.setattr(cls, method, lambda self, *arguments: 0)
    assert differences(SPECS[type], things.get(type, []), FEW) != []


SIZES = [
    lab.MapSpec(type, key, value, entries, name="m", flags=flags)
    for type in sorted(type_of_map.keys() - {"array_of_maps", "hash_of_maps"})
    for key in (0, 1, 4, 5, 8, 261)
    for value in (0, 1, 4, 8)
    for entries in (0, 1, 7, 4096)
    for flags in (0, 1)
    if not (type == "perf_event_array" and entries == 0)  # there, 0 is "all CPUs"
]
FLAGS = [
    dataclasses.replace(spec, flags=flags)
    for spec in SPECS.values()
    if not spec.inner
    for flags in (*(spec.flags | 1 << bit for bit in range(20)), 0x18, 0x180)
]
OF_MAPS = [
    lab.MapSpec(type, 4, value, entries, name="m", flags=flags, inner=inner)
    for type in ("array_of_maps", "hash_of_maps")
    for value in (4, 8)
    for entries in (0, 3)
    for flags in (0, 1, 8)
    for inner in (INNER, lab.MapSpec("prog_array", 4, 4, 2), None)
]


def described() -> Iterator[lab.MapSpec]:
    """Yield storages with C types right and wrong."""
    types = BtfWriter()
    i32, u32 = types.integer("int", 4, signed=True), types.integer("u32", 4)
    u64, char = types.integer("u64", 8), types.integer("char", 1)
    alias = types.alias(Kind.TYPEDEF, "number", i32)
    keys = (
        *(i32, u32, u64, alias, 0),
        types.struct("bpf_cgroup_storage_key", [("cgroup_inode_id", u64), ("a", u32)]),
        types.struct("two", [("a", u64), ("b", u64)]),
        types.struct("one", [("a", i32)]),
    )
    sizes = (0, 8, 9, 32_768, 32_769, 65_407, 65_408)
    values = [(size, types.array(char, size, u32)) for size in sizes] + [(8, 0)]
    for key, (size, value) in itertools.product(keys, values):
        told = {"btf": types.raw, "key_type": key, "value_type": value}
        for type in STORAGES:
            yield lab.MapSpec(type, 4, size, 0, name="m", flags=NO_PREALLOC, **told)
        for type in ("cgroup_storage", "percpu_cgroup_storage"):
            for key_size in (8, 16):
                yield lab.MapSpec(type, key_size, size, 0, name="m", **told)


def sockets_by_long_keys() -> Iterator[lab.MapSpec]:
    for size in (1, 511, 512, 513):
        yield lab.MapSpec("sockhash", size, 4, 1, name="m")


def arenas() -> Iterator[lab.MapSpec]:
    for pages in (1, 1 << 20, (1 << 20) + 1):
        for at in (0, 1, 4096, 1 << 44, (1 << 44) + 4096, (1 << 44) + (1 << 32) - 4096):
            told = {"name": "m", "flags": MMAPABLE, "extra": at}
            yield lab.MapSpec("arena", 0, 0, pages, **told)


def typed() -> Iterator[lab.MapSpec]:
    """Yield each type with C types that fit it, and with others."""
    types = BtfWriter()
    u32, char = types.integer("u32", 4), types.integer("char", 1)

    def bytes_of(size: int) -> int:
        return types.array(char, size, u32) if size else 0

    for spec in SPECS.values():
        key, value = spec.key_size, spec.value_size
        keys = [0, bytes_of(key), u32]
        if key:
            keys.append(types.struct(f"k{key}", [("a", bytes_of(key))]))
        values = [0, bytes_of(value), bytes_of(value + 1)]
        for key_type, value_type in itertools.product(keys, values):
            told = {"key_type": key_type, "value_type": value_type}
            if spec.type != "struct_ops":
                yield dataclasses.replace(spec, btf=types.raw, **told)


OTHERS = [*described(), *sockets_by_long_keys(), *arenas(), *typed()]


@pytest.mark.parametrize("specs", [SIZES, FLAGS, OF_MAPS, OTHERS])
def test_sizes_are_refused_as_linux_refuses_them(linux: None, specs) -> None:
    different = []
    for spec in specs:
        ours = answer(lambda: bool(make_map(spec) is not None))  # noqa: B023
        try:
            lab.linux.maps(lab.Object({}, {"m": spec}))["m"].close()
            there = "value", True
        except lab.LinuxError as error:
            there = "errno", error.errno
        if ours != there:
            different.append((spec, ours, there))
    assert different == []


@pytest.mark.parametrize("flags", [0x8, 0x10])
def test_userspace_has_the_rights_that_linux_gives(linux, things, flags) -> None:
    for spec in SPECS.values():
        if spec.type not in NO_RIGHTS:
            asked = dataclasses.replace(spec, flags=spec.flags | flags)
            known = things.get(spec.type, [])
            assert differences(asked, known, FEW) == [], spec.type


def test_a_frozen_map_is_as_frozen_as_in_linux(linux: None) -> None:
    spec = dataclasses.replace(SPECS["array"], init={bytes(4): b"frozen"}, frozen=True)
    assert differences(spec, [], FEW) == []
    with pytest.raises(lab.MapError, match="frozen already"):
        make_map(spec).freeze()


@pytest.mark.parametrize("hashes", [1, 2, 3, 5, 10, 15])
def test_a_bloom_filter_is_wrong_as_often_as_in_linux(linux, hashes) -> None:
    spec = lab.MapSpec("bloom_filter", 0, 4, 1000, name="m", extra=hashes)
    mine = make_map(spec)
    with LiveMap(spec) as live:
        bare = Bare(live)
        for number in range(1000):
            value = number.to_bytes(4, "little")
            mine.push(value)
            assert bare.do(Operation("update", b"", (value, value), 0))[1] is None
        assert all(number in mine for number in range(1000))
        probes = [n.to_bytes(4, "little") for n in range(10_000, 14_000)]
        here = sum(mine.holds(value) for value in probes)
        kinds = (bare.do(Operation("lookup", b"", (v, v), 0)) for v in probes)
        there = sum(kind == "value" and value is None for kind, value in kinds)
        missing = len(probes) - there
    spread = 5 * (len(probes) * 0.25) ** 0.5 if hashes < 3 else 60
    assert abs(here - missing) < spread


def test_a_filter_that_is_wrong_too_often_is_found(linux, monkeypatch) -> None:
    whole = BloomFilter.check_spec

    def smaller(self: BloomFilter) -> None:
        whole(self)
        self.bits //= 2

    monkeypatch.setattr(BloomFilter, "check_spec", smaller)
    with pytest.raises(AssertionError):
        test_a_bloom_filter_is_wrong_as_often_as_in_linux(linux, 3)


@pytest.fixture
def one_cpu() -> Iterator[None]:
    """Stay on one: Linux keeps up to 128 free entries aside for each CPU."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    yield
    os.sched_setaffinity(0, before)


@pytest.mark.usefixtures("one_cpu")
@pytest.mark.parametrize("size", [10, 64, 128])
def test_a_small_lru_map_forgets_what_linux_forgets(linux, size) -> None:
    spec = lab.MapSpec("lru_hash", 4, 4, size, name="m")
    mine = make_map(spec)
    with LiveMap(spec) as live:
        for number in range(3 * size):
            for some in (mine, live):
                some[number] = number
        assert sorted(mine.keys()) == sorted(live.keys())


@pytest.mark.usefixtures("one_cpu")
def test_a_large_lru_map_forgets_about_what_linux_forgets(linux) -> None:
    spec = lab.MapSpec("lru_hash", 4, 4, 1000, name="m")
    mine = make_map(spec)
    with LiveMap(spec) as live:
        for number in range(2000):
            for some in (mine, live):
                some[number] = number
        kept = set(live.keys())
        assert kept <= set(mine.keys()), "Linux forgets the oldest first, as here"
        assert len(kept) > 0.9 * len(mine), "and some more, in advance"


@pytest.mark.usefixtures("one_cpu")
def test_an_lru_map_that_forgets_the_newest_is_found(linux, monkeypatch) -> None:
    def newest(self: LruHash) -> int:
        if not self.free:
            self.remove(list(self.slots)[-1])
        return self.free.pop()

    monkeypatch.setattr(LruHash, "_take_slot", newest)
    with pytest.raises(AssertionError):
        test_a_small_lru_map_forgets_what_linux_forgets(linux, 64)
    with pytest.raises(AssertionError):
        test_a_large_lru_map_forgets_about_what_linux_forgets(linux)


def test_an_lru_map_forgets_the_oldest() -> None:
    ours = make_map(lab.MapSpec("lru_hash", 4, 4, 3))
    for number in (1, 2, 3):
        ours[number] = number
    ours.find((1).to_bytes(4, "little"))  # a program looks at it
    ours[4] = 4
    assert sorted(int.from_bytes(key, "little") for key in ours) == [1, 3, 4]
