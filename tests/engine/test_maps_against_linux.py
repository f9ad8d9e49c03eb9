"""Each map type against the real kernel: random operations, equal results.

A sequence of operations is done on a map of ours and on one of Linux; each must give
the same value or the same errno, and at the end both must hold the same contents. Map
types without values to look up are not here.
"""

import dataclasses
import random
from collections.abc import Callable
from typing import Any

import pytest

import ebpflab as lab
from ebpflab.linux.livemap import LiveMap
from ebpflab.maps import make_map
from ebpflab.maps.array import Array
from ebpflab.maps.base import type_of_map
from ebpflab.maps.slots import SlotMap

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
}
APART = {"perf_event_array", "bloom_filter", "array_of_maps", "hash_of_maps"}
SEQUENCES, OPERATIONS = 60, 40
LOOPBACK = (1).to_bytes(4, "little")  # an interface that every machine has

Answer = tuple[str, Any]


def key_for(spec: lab.MapSpec, chance: random.Random) -> bytes:
    """Return a key that is often there, and sometimes is none at all."""
    if spec.type == "lpm_trie":
        prefixlen = chance.choice((0, 1, 7, 8, 9, 15, 16, 16, 17, 200))
        address = bytes(chance.choice((0, 0x80, 0xFF, 10)) for _ in range(2))
        return prefixlen.to_bytes(4, "little") + address
    if spec.key_size == 4 and chance.random() < 0.1:
        return b"\xff\xff\xff\xff"
    return (
        chance.randrange(8).to_bytes(spec.key_size, "little") if spec.key_size else b""
    )


def value_for(spec: lab.MapSpec, chance: random.Random) -> list[bytes]:
    """Return values for each CPU; a map without them takes the first."""
    if spec.type in ("devmap", "devmap_hash"):
        return [LOOPBACK] * 2
    if spec.type == "cpumap":
        return [chance.choice((1, 8, 16384, 16385)).to_bytes(4, "little")] * 2
    if spec.type in ("prog_array", "cgroup_array"):
        return [b"\xff" * 4] * 2  # no descriptor
    return [chance.randbytes(spec.value_size) for _ in range(2)]


def answer(action: Callable[[], Any]) -> Answer:
    try:
        return "value", action()
    except lab.MapError as error:
        return "errno", error.errno


def as_linux(value: Any) -> Any:
    """Return values of several CPUs as Linux hands them over: padded, in a row."""
    if not isinstance(value, list):
        return value
    return b"".join(part.ljust(-(-len(part) // 8) * 8, b"\0") for part in value)


def operate(live: Any, spec: lab.MapSpec, seed: int) -> list[Answer]:
    """Do a random sequence of operations; return what each gave, then the contents."""
    chance, ours = random.Random(seed), isinstance(live, lab.Map)
    answers = []
    for _ in range(OPERATIONS):
        kind = chance.choice(("lookup", "update", "update", "delete", "pop"))
        key, values = key_for(spec, chance), value_for(spec, chance)
        per_cpu = "percpu" in spec.type
        value: Any = values if per_cpu else values[0]
        flags = chance.choice((0, 0, 0, 1, 2, 3, 9))
        actions = {
            "lookup": lambda: as_linux(live.lookup(key)),  # noqa: B023
            "update": lambda: live.update(
                key,  # noqa: B023
                value if ours else as_linux(value),  # noqa: B023
                flags,  # noqa: B023
            ),
            "delete": lambda: live.delete(key),  # noqa: B023
            "pop": lambda: as_linux(live.pop(key)),  # noqa: B023
        }
        answers.append(answer(actions[kind]))
    return [*answers, answer(lambda: contents(live))]


def contents(live: Any) -> list[tuple[bytes, Any]]:
    keyed = live.items() if live.spec.key_size else ()
    return sorted((key, as_linux(value)) for key, value in keyed)


def differences(spec: lab.MapSpec) -> list[int]:
    """Return the seeds whose sequences differ."""
    found = []
    for seed in range(SEQUENCES):
        ours = operate(make_map(spec), spec, seed)
        with lab.linux.maps(lab.Object({}, {"m": spec}))["m"] as live:
            if ours != operate(live, spec, seed):
                found.append(seed)
    return found


@pytest.mark.parametrize("type", SPECS)
def test_operations_give_what_linux_gives(linux: None, type: str) -> None:
    assert differences(SPECS[type]) == []


def test_every_map_type_is_compared() -> None:
    assert type_of_map.keys() == SPECS.keys() | APART


@pytest.mark.parametrize(
    ("cls", "method", "type"),
    [(Array, "remove", "array"), (SlotMap, "_take_slot", "hash")],
)
def test_a_wrong_map_is_found(
    linux: None, monkeypatch: pytest.MonkeyPatch, cls: type, method: str, type: str
) -> None:
    monkeypatch.setattr(cls, method, lambda self, *arguments: 0)
    assert differences(SPECS[type]) != []


INNER = lab.MapSpec("array", 4, 8, 4)
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
    for spec in (*SPECS.values(), lab.MapSpec("bloom_filter", 0, 4, 8, name="m"))
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
            there: Answer = "value", True
        except lab.LinuxError as error:
            there = "errno", error.errno
        if ours != there:
            different.append((spec, ours, there))
    assert different == []


@pytest.mark.parametrize("flags", [0x8, 0x10])
def test_userspace_has_the_rights_that_linux_gives(linux: None, flags: int) -> None:
    for spec in SPECS.values():
        if spec.type not in ("ringbuf", "cpumap"):  # these take no such flags
            asked = dataclasses.replace(spec, flags=spec.flags | flags)
            assert differences(asked) == [], spec.type


def test_a_frozen_map_is_as_frozen_as_in_linux(linux: None) -> None:
    spec = dataclasses.replace(SPECS["array"], init={bytes(4): b"frozen"}, frozen=True)
    assert differences(spec) == []
    with pytest.raises(lab.MapError, match="frozen already"):
        make_map(spec).freeze()


def test_a_bloom_filter_forgets_nothing(linux: None) -> None:
    spec = lab.MapSpec("bloom_filter", 0, 4, 500, name="m")
    ours = make_map(spec)
    for number in range(500):
        ours.update(b"", number)
    assert all(number in ours for number in range(500))
    wrong = sum(number in ours for number in range(1000, 6000))
    assert 0 < wrong < 5000 / 20, "some are wrongly found, and few"


def test_an_lru_map_forgets_the_oldest() -> None:
    ours = make_map(lab.MapSpec("lru_hash", 4, 4, 3))
    for number in (1, 2, 3):
        ours[number] = number
    ours.find((1).to_bytes(4, "little"))  # a program looks at it
    ours[4] = 4
    assert sorted(int.from_bytes(key, "little") for key in ours) == [1, 3, 4]


@pytest.mark.parametrize("type", ["array_of_maps", "hash_of_maps"])
def test_maps_of_maps_take_what_linux_takes(linux: None, type: str) -> None:
    outer = lab.MapSpec(type, 4, 4, 3, name="outer", inner=INNER)
    candidates = [
        lab.MapSpec("array", 4, 8, 4),
        lab.MapSpec("array", 4, 8, 9),
        lab.MapSpec("array", 4, 4, 4),
        lab.MapSpec("array", 4, 8, 4, flags=0x1000),
        lab.MapSpec("hash", 4, 8, 4),
    ]
    for spec in candidates:
        ours = make_map(outer)
        with LiveMap(outer) as there, LiveMap(spec) as inner:
            for flags in (0, 1, 2, 3):
                mine = answer(lambda: ours.update(0, make_map(spec), flags))  # noqa: B023
                theirs = answer(lambda: there.update(0, inner, flags))  # noqa: B023
                assert mine == theirs, (spec, flags)
            for action in ("delete", "lookup"):
                mine = answer(lambda: getattr(ours, action)(1))  # noqa: B023
                assert mine == answer(lambda: getattr(there, action)(1))  # noqa: B023
