"""Maps in the real kernel: each type's operations and errno, from one table."""

import errno
from dataclasses import dataclass

import pytest

from ebpflab.errors import LinuxError, MapError
from ebpflab.isa.map_types import MAP_TYPES
from ebpflab.linux.cpus import possible_cpus
from ebpflab.linux.livemap import LiveMap
from ebpflab.program import MapSpec, Object, Program

NO_PREALLOC = 1
INNER = MapSpec("array", 4, 8, 1, name="inner")


@dataclass(frozen=True)
class Row:
    """What one map type answers: errno of an update, a deletion; keys afterwards."""

    spec: MapSpec
    update: int = 0
    delete: int = 0
    keys: int = 1  # after the update


def row(type: str, key: int, value: int, entries: int, **expected: int) -> Row:
    flags, inner = expected.pop("flags", 0), INNER if "of_maps" in type else None
    spec = MapSpec(type, key, value, entries, name="tested", flags=flags, inner=inner)
    return Row(spec, **expected)


ENOTSUPP, EOPNOTSUPP = 524, errno.EOPNOTSUPP
ROWS = [
    row("hash", 4, 8, 4),
    row("array", 4, 8, 4, delete=errno.EINVAL, keys=4),
    row("percpu_hash", 4, 8, 4),
    row("percpu_array", 4, 12, 4, delete=errno.EINVAL, keys=4),
    row("lru_hash", 4, 8, 4),
    row("lru_percpu_hash", 4, 8, 4),
    row("lpm_trie", 8, 4, 4, flags=NO_PREALLOC),
    row("queue", 0, 4, 4, delete=errno.EINVAL, keys=0),
    row("stack", 0, 4, 4, delete=errno.EINVAL, keys=0),
    row("bloom_filter", 0, 4, 4, delete=EOPNOTSUPP, keys=0),
    row("prog_array", 4, 4, 4, update=errno.EBADF, delete=errno.ENOENT, keys=4),
    row("perf_event_array", 4, 4, 0, update=errno.EBADF, delete=errno.ENOENT, keys=0),
    row("stack_trace", 4, 64, 4, update=errno.EINVAL, delete=errno.ENOENT, keys=0),
    row("cgroup_array", 4, 4, 4, update=errno.EBADF, delete=errno.ENOENT, keys=4),
    row("array_of_maps", 4, 4, 4, update=errno.EBADF, delete=errno.ENOENT, keys=4),
    row("hash_of_maps", 4, 4, 4, update=errno.EBADF, delete=errno.ENOENT, keys=0),
    row("devmap", 4, 4, 4, update=errno.EINVAL, keys=4),
    row("devmap_hash", 4, 4, 4, update=errno.EINVAL, delete=errno.ENOENT, keys=0),
    row("sockmap", 4, 4, 4, update=errno.EBADF, delete=errno.EINVAL, keys=4),
    row("sockhash", 4, 4, 4, update=errno.EBADF, delete=errno.ENOENT, keys=0),
    row("cpumap", 4, 4, 2, update=errno.EOVERFLOW, keys=2),
    row("xskmap", 4, 4, 4, update=errno.EBADF, keys=4),
    row(
        "reuseport_sockarray", 4, 4, 4, update=errno.EBADF, delete=errno.ENOENT, keys=4
    ),
    row("cgroup_storage", 8, 8, 0, update=errno.ENOENT, delete=errno.EINVAL, keys=0),
    row(
        "percpu_cgroup_storage",
        8,
        8,
        0,
        update=errno.ENOENT,
        delete=errno.EINVAL,
        keys=0,
    ),
    row("ringbuf", 0, 0, 4096, update=ENOTSUPP, delete=ENOTSUPP, keys=0),
    row("user_ringbuf", 0, 0, 4096, update=ENOTSUPP, delete=ENOTSUPP, keys=0),
    row("arena", 0, 0, 10, flags=1024, update=EOPNOTSUPP, delete=EOPNOTSUPP, keys=0),
]
WITH_BTF = {"sk_storage", "inode_storage", "task_storage", "cgrp_storage", "struct_ops"}


def test_every_map_type_has_its_row() -> None:
    assert {r.spec.type for r in ROWS} | WITH_BTF | {"unspec"} == set(MAP_TYPES)


def outcome(action, *arguments) -> int:
    """Do it; return 0, or the errno."""
    try:
        action(*arguments)
    except MapError as error:
        return error.errno
    return 0


@pytest.mark.parametrize("expected", ROWS, ids=lambda r: r.spec.type)
def test_a_map_of_each_type(linux, expected: Row) -> None:
    with LiveMap(expected.spec) as live:
        key = bytes(expected.spec.key_size)
        value = bytes(i % 251 for i in range(live.value_size))
        assert outcome(live.update, key, value) == expected.update
        keys = list(live)
        assert len(keys) == expected.keys
        if keys and not expected.update:
            assert live[keys[0]] == value
            assert keys[0] in live
        assert outcome(live.delete, key) == expected.delete
        assert outcome(live.freeze) == 0
    assert live.fd == -1


@pytest.mark.parametrize("type", sorted(WITH_BTF))
def test_types_that_need_btf_are_refused_without(linux, type: str) -> None:
    with pytest.raises(LinuxError) as caught:
        LiveMap(MapSpec(type, 4, 4, 0, flags=NO_PREALLOC))
    assert caught.value.errno == errno.EINVAL


def test_reading_and_writing(linux) -> None:
    with LiveMap(MapSpec("hash", 4, 8, 2, name="h", init={b"abcd": bytes(8)})) as live:
        live[7] = 300
        assert live[7] == (300).to_bytes(8, "little")
        assert (
            dict(live.items())
            == live.contents()
            == {b"abcd": bytes(8), b"\7\0\0\0": live[7]}
        )
        assert (len(live), b"abcd" in live, b"wxyz" in live) == (2, True, False)
        assert outcome(live.update, b"efgh", bytes(8)) == errno.E2BIG
        assert outcome(live.update, b"abcd", bytes(8), 1) == errno.EEXIST
        assert outcome(live.update, b"wxyz", bytes(8), 2) == errno.ENOENT
        assert outcome(live.__getitem__, b"wxyz") == errno.ENOENT
        assert outcome(live.__getitem__, b"abc") == errno.EINVAL
        assert outcome(live.__setitem__, b"abcd", 1 << 64) == errno.EINVAL
        del live[b"abcd"]
        assert list(live) == [b"\7\0\0\0"]


def test_percpu_values_stand_side_by_side(linux) -> None:
    with LiveMap(MapSpec("percpu_array", 4, 12, 1)) as live:
        assert live.value_size == 16 * len(possible_cpus())
        assert live[0] == bytes(live.value_size)


def test_queues_and_stacks(linux) -> None:
    for type, order in (("queue", [1, 2]), ("stack", [2, 1])):
        with LiveMap(MapSpec(type, 0, 4, 4)) as live:
            for number in (1, 2):
                live.update(b"", number)
            taken = [int.from_bytes(live.pop(), "little") for _ in range(2)]
            assert taken == order
            assert outcome(live.pop) == errno.ENOENT


def test_frozen_maps(linux) -> None:
    spec = MapSpec("array", 4, 4, 1, init={bytes(4): b"abcd"}, frozen=True)
    with LiveMap(spec) as live:
        assert live[0] == b"abcd"
        assert outcome(live.update, 0, 1) == errno.EPERM


def test_maps_of_maps(linux) -> None:
    outer = LiveMap(MapSpec("hash_of_maps", 4, 4, 2, name="outer", inner=INNER))
    with outer, LiveMap(INNER) as inner:
        outer[5] = inner
        assert len(outer[5]) == 4  # the inner map's id
        assert len(outer) == 1


def test_a_perf_event_array_has_a_place_for_each_cpu(linux) -> None:
    with LiveMap(MapSpec("perf_event_array", 4, 4, 0)) as live:
        assert outcome(live.delete, len(possible_cpus()) - 1) == errno.ENOENT
        assert outcome(live.delete, len(possible_cpus())) == errno.E2BIG


def test_maps_of_an_object_and_a_program(linux) -> None:
    program = Program(b"", type="xdp", maps=[INNER])
    for owner in (program, Object({"p": program}, {"inner": INNER})):
        maps = linux.maps(owner)
        assert list(maps) == ["inner"]
        maps["inner"].close()


def test_names_that_linux_would_refuse(linux) -> None:
    LiveMap(MapSpec("array", 4, 4, 1, name=".rodata of café, long")).close()


@pytest.mark.parametrize(
    "spec",
    [
        MapSpec("array", 4, 4, 0),
        MapSpec("hash", 4, 1 << 31, 1),
        MapSpec("ringbuf", 0, 0, 5000),
        MapSpec("array", 4, 4, 1, btf=b"broken"),
    ],
)
def test_odd_numbers_are_linux_errors(linux, spec: MapSpec) -> None:
    with pytest.raises(LinuxError):
        LiveMap(spec)
