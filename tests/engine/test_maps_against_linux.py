"""Each map type against the real kernel: random operations, equal results.

A sequence of operations is done on a map of ours and on one of Linux; each must give
the same value or the same errno, and at the end both must hold the same contents, in
the same order where Linux has one. What both only do alike, and not equally (a Bloom
filter's mistakes, what an LRU map forgets), is compared in numbers.
"""

import dataclasses
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

import ebpflab as lab
from ebpflab.linux.livemap import LiveMap
from ebpflab.linux.load import loaded
from ebpflab.maps import make_map
from ebpflab.maps.array import Array
from ebpflab.maps.base import type_of_map
from ebpflab.maps.slots import SlotMap
from ebpflab.maps.userspace import Userspace
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
}
SEQUENCES = 5_000
SLOW_TO_FREE = ("devmap", "devmap_hash", "cpumap")  # Linux waits; one is used again
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
        yield {
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
        if kept is not None:
            emptied(kept)
        else:
            live.close()
    if kept is not None:
        kept.close()
    return found


@pytest.mark.parametrize("type", SPECS)
def test_operations_give_what_linux_gives(linux, things, short_errors, type) -> None:
    assert differences(SPECS[type], things.get(type, [])) == []


def test_every_map_type_is_compared() -> None:
    assert type_of_map.keys() == SPECS.keys()


@pytest.mark.parametrize(
    ("cls", "method", "type"),
    [(Array, "remove", "array"), (SlotMap, "_take_slot", "hash")],
)
def test_a_wrong_map_is_found(linux, monkeypatch, cls, method, type) -> None:
    monkeypatch.setattr(cls, method, lambda self, *arguments: 0)
    assert differences(SPECS[type], [], FEW) != []


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
    for flags in (*(spec.flags | 1 << bit for bit in range(16)), 0x18, 0x180)
]
OF_MAPS = [
    lab.MapSpec(type, 4, value, entries, name="m", flags=flags, inner=inner)
    for type in ("array_of_maps", "hash_of_maps")
    for value in (4, 8)
    for entries in (0, 3)
    for flags in (0, 1, 8)
    for inner in (INNER, lab.MapSpec("prog_array", 4, 4, 2), None)
]


def test_sizes_are_refused_as_linux_refuses_them(linux: None) -> None:
    different = []
    for spec in (*SIZES, *FLAGS, *OF_MAPS):
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
        if spec.type not in ("ringbuf", "cpumap"):  # these take no such flags
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


@pytest.mark.parametrize("size", [10, 64, 128])
def test_a_small_lru_map_forgets_what_linux_forgets(linux, size) -> None:
    spec = lab.MapSpec("lru_hash", 4, 4, size, name="m")
    mine = make_map(spec)
    with LiveMap(spec) as live:
        for number in range(3 * size):
            for some in (mine, live):
                some[number] = number
        assert sorted(mine.keys()) == sorted(live.keys())


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


def test_an_lru_map_forgets_the_oldest() -> None:
    ours = make_map(lab.MapSpec("lru_hash", 4, 4, 3))
    for number in (1, 2, 3):
        ours[number] = number
    ours.find((1).to_bytes(4, "little"))  # a program looks at it
    ours[4] = 4
    assert sorted(int.from_bytes(key, "little") for key in ours) == [1, 3, 4]
