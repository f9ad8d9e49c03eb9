"""Maps in the real kernel: each type's operations and errno, from one table."""

import errno
import os
import struct
from dataclasses import dataclass

import pytest

from ebpflab.errors import LinuxError, MapError, ProgramError, VerifierError
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


# ---- slots, and things in them ---------------------------------------------------


def insn(opcode: int, dst: int = 0, src: int = 0, off: int = 0, imm: int = 0) -> bytes:
    return struct.pack("<BBhi", opcode, dst | src << 4, off, imm)


def answering(number: int, name: str, maps: list[MapSpec] | None = None) -> Program:
    code = insn(0xB7, imm=number) + insn(0x95)
    return Program(code, type="xdp", name=name, maps=maps or [])


JUMPS = MapSpec("prog_array", 4, 4, 3, name="jumps", slots={1: "callee"})
MAP_1 = insn(0x18, 1, 1) + insn(0)  # r1 = the first map
CALLER = Program(  # tail call to jumps[1], else XDP_DROP
    insn(0xBF, 6, 1)
    + insn(0x18, 2, 1)
    + insn(0)
    + insn(0xB7, 3, imm=1)
    + insn(0x85, imm=12)
    + insn(0xB7, imm=1)
    + insn(0x95),
    type="xdp",
    name="caller",
    maps=[JUMPS],
)
CALLEE = answering(3, "callee")
TAIL_CALLS = Object({"caller": CALLER, "callee": CALLEE}, {"jumps": JUMPS})
PACKET = bytes(60)

OUTER = MapSpec("array_of_maps", 4, 4, 2, name="outer", inner=INNER, slots={0: "held"})
HELD = MapSpec("array", 4, 8, 1, name="held", init={bytes(4): b"*" + bytes(7)})
LOOK = insn(0xBF, 2, 10) + insn(0x07, 2, imm=-4) + insn(0x85, imm=1)
READER = Program(  # return outer[0][0], or 1
    insn(0x62, 10, off=-4)
    + MAP_1
    + LOOK
    + insn(0x15, 0, off=6)
    + insn(0xBF, 1, 0)
    + LOOK
    + insn(0x15, 0, off=2)
    + insn(0x79, 0)
    + insn(0x95)
    + insn(0xB7, imm=1)
    + insn(0x95),
    type="xdp",
    name="reader",
    maps=[OUTER, HELD],
)
INSIDE = Object({"reader": READER}, {"outer": OUTER, "held": HELD})


def test_slots_hold_programs(linux) -> None:
    maps = linux.maps(TAIL_CALLS)
    assert linux.run(CALLER, PACKET, maps=maps).retval == 3
    del maps["jumps"][1]
    assert linux.run(CALLER, PACKET, maps=maps).retval == 1
    assert linux.run(CALLER, PACKET).retval == 1  # alone it knows no other program


def test_slots_hold_maps(linux) -> None:
    maps = linux.maps(INSIDE)
    assert linux.run(READER, PACKET, maps=maps).retval == 42
    maps["held"][0] = 43
    assert linux.run(READER, PACKET, maps=maps).retval == 43
    assert linux.run(READER, PACKET).retval == 42


def test_a_program_is_put_into_a_slot(linux) -> None:
    maps = linux.maps(TAIL_CALLS)
    maps["jumps"][1] = answering(4, "other")
    assert linux.run(CALLER, PACKET, maps=maps).retval == 4
    with pytest.raises(VerifierError):
        maps["jumps"][1] = Program(insn(0x95), type="xdp")
    assert linux.run(CALLER, PACKET, maps=maps).retval == 4


def test_programs_in_slots_share_the_maps_of_their_object(linux) -> None:
    counter = MapSpec("array", 4, 8, 1, name="counter")
    code = insn(0x62, 10, off=-4) + MAP_1 + LOOK + insn(0x15, 0, off=2)
    code += insn(0xB7, 1, imm=9) + insn(0x7B, 0, 1) + insn(0xB7, imm=2) + insn(0x95)
    callee = Program(code, type="xdp", name="callee", maps=[counter, JUMPS])
    owner = Object(
        {"caller": CALLER, "callee": callee}, {"jumps": JUMPS, "counter": counter}
    )
    maps = linux.maps(owner)
    assert linux.run(CALLER, PACKET, maps=maps).retval == 2
    assert maps["counter"][0] == bytes([9]) + bytes(7)


@pytest.mark.parametrize("type", ["prog_array", "array_of_maps", "hash_of_maps"])
def test_a_plain_number_is_no_descriptor(linux, type: str) -> None:
    inner = None if type == "prog_array" else INNER
    spec = MapSpec(type, 4, 4, 2, name="tested", inner=inner)
    with LiveMap(spec) as live, LiveMap(INNER) as other:
        plain = int(other.fd)
        right, wrong = (CALLEE, other) if inner is None else (other, CALLEE)
        for value in (plain, plain.to_bytes(4, "little"), wrong):
            with pytest.raises(MapError, match="a slot of this map") as caught:
                live[0] = value
            assert caught.value.errno == errno.EBADF
        live[0] = right
    with LiveMap(MapSpec("hash", 4, 4, 2)) as live, LiveMap(INNER) as other:
        with pytest.raises(ProgramError):
            live[0] = other
        live[0] = 3
        assert live[0] == bytes([3, 0, 0, 0])


def test_filled_slots_leave_nothing_open(linux) -> None:
    before = set(os.listdir("/proc/self/fd"))
    for _ in range(20):
        for owner, program in ((TAIL_CALLS, CALLER), (INSIDE, READER)):
            maps = linux.maps(owner)
            linux.run(program, PACKET, maps=maps)
            linux.run(program, PACKET)
            del maps
    bad = Object({"callee": Program(insn(0x95), type="xdp")}, {"jumps": JUMPS})
    with pytest.raises(VerifierError):
        linux.maps(bad)
    assert set(os.listdir("/proc/self/fd")) == before


# ---- going through keys, wrong arguments -----------------------------------------


def swap(live: LiveMap) -> None:
    """Replace the one key by another at each step: the kernel begins again."""
    for walked, key in enumerate(live):
        del live[key]
        live[bytes([key[0] ^ 1, 0, 0, 0])] = 1
        assert walked < 10_000


def test_keys_that_come_and_go_end_the_walk(linux) -> None:
    with LiveMap(MapSpec("hash", 4, 4, 8)) as live:
        live[0] = 1
        with pytest.raises(MapError, match="do not end"):
            swap(live)
        for number in range(4):
            live[number] = 0
        for key in live:
            del live[key]
        assert len(live) == 0


def test_a_full_map_is_walked_to_its_end(linux) -> None:
    with LiveMap(MapSpec("hash", 4, 4, 3000)) as live:
        for number in range(3000):
            live[number] = number
        assert len(set(live)) == 3000


@pytest.mark.parametrize("flags", ["x", None, -1, 1 << 64, 1 << 70, 0.5])
def test_update_flags_are_numbers(linux, flags) -> None:
    with LiveMap(MapSpec("hash", 4, 4, 8)) as live:
        with pytest.raises(LinuxError, match="flags"):
            live.update(1, 1, flags)
        assert 1 not in live


@pytest.mark.parametrize("wrong", [None, {}, "maps", 3])
def test_what_has_no_maps(linux, wrong) -> None:
    with pytest.raises(LinuxError, match="has no maps"):
        linux.maps(wrong)
