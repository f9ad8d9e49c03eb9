"""Each map type against the real kernel: random operations, equal results.

A sequence of operations is done on a map of ours and on one of Linux; each must give
the same value or the same errno, and at the end both must hold the same contents. Map
types without values to look up are not here.
"""

import random
from collections.abc import Callable
from typing import Any

import pytest

import ebpflab as lab
from ebpflab.maps import make_map
from ebpflab.maps.array import Array
from ebpflab.maps.base import type_of_map
from ebpflab.maps.slots import SlotMap

SPECS = {
    "array": lab.MapSpec("array", 4, 6, 5, name="m"),
    "hash": lab.MapSpec("hash", 2, 5, 6, name="m"),
    "lpm_trie": lab.MapSpec("lpm_trie", 6, 3, 6, name="m", flags=1),
}
SEQUENCES, OPERATIONS = 150, 40

Answer = tuple[str, Any]


def key_for(spec: lab.MapSpec, chance: random.Random) -> bytes:
    """Return a key that is often there, and sometimes is none at all."""
    if spec.type == "lpm_trie":
        prefixlen = chance.choice((0, 1, 7, 8, 9, 15, 16, 16, 17, 200))
        address = bytes(chance.choice((0, 0x80, 0xFF, 10)) for _ in range(2))
        return prefixlen.to_bytes(4, "little") + address
    if spec.type == "array" and chance.random() < 0.1:
        return b"\xff\xff\xff\xff"
    return chance.randrange(8).to_bytes(spec.key_size, "little")


def answer(action: Callable[[], Any]) -> Answer:
    try:
        return "value", action()
    except lab.MapError as error:
        return "errno", error.errno


def operate(live: Any, spec: lab.MapSpec, seed: int) -> list[Answer]:
    """Do a random sequence of operations; return what each gave, then the contents."""
    chance = random.Random(seed)
    answers = []
    for _ in range(OPERATIONS):
        kind = chance.choice(("lookup", "update", "update", "delete"))
        key = key_for(spec, chance)
        value = chance.randbytes(spec.value_size)
        flags = chance.choice((0, 0, 0, 1, 2, 3, 9))
        actions = {
            "lookup": lambda: live[key],  # noqa: B023
            "update": lambda: live.update(key, value, flags),  # noqa: B023
            "delete": lambda: live.delete(key),  # noqa: B023
        }
        answers.append(answer(actions[kind]))
    return [*answers, ("contents", sorted(live.items()))]


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


def test_every_map_type_with_values_is_compared() -> None:
    assert {t for t, cls in type_of_map.items() if cls.value_access} == set(SPECS)


@pytest.mark.parametrize(
    ("cls", "method", "type"),
    [(Array, "delete", "array"), (SlotMap, "_take_slot", "hash")],
)
def test_a_wrong_map_is_found(
    linux: None, monkeypatch: pytest.MonkeyPatch, cls: type, method: str, type: str
) -> None:
    monkeypatch.setattr(cls, method, lambda self, *arguments: 0)
    assert differences(SPECS[type]) != []


SIZES = [
    lab.MapSpec(type, key, value, entries, name="m", flags=flags)
    for type in ("array", "hash", "lpm_trie", "perf_event_array")
    for key in (0, 1, 4, 5, 8, 261)
    for value in (0, 1, 4, 8)
    for entries in (0, 1, 7)
    for flags in (0, 1)
    if not (type == "perf_event_array" and entries == 0)  # there, 0 is "all CPUs"
]


def test_sizes_are_refused_as_linux_refuses_them(linux: None) -> None:
    different = []
    for spec in SIZES:
        ours = answer(lambda: bool(make_map(spec) is not None))  # noqa: B023
        try:
            lab.linux.maps(lab.Object({}, {"m": spec}))["m"].close()
            there: Answer = "value", True
        except lab.LinuxError as error:
            there = "errno", error.errno
        if ours != there:
            different.append((spec, ours, there))
    assert different == []
