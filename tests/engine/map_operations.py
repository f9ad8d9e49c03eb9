"""Random operations on maps, done on ours and on the kernel's: what each answers.

The kernel is asked with as little between as can be (`Bare`), so that thousands of
sequences take seconds. A thing (a program, a map) is a pair: ours, and its descriptor.
"""

import ctypes
import errno
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import ebpflab as lab
from ebpflab.linux.livemap import LiveMap
from ebpflab.linux.syscall import ARCHITECTURES, COMMANDS, bpf, this_machine

LOOPBACK = (1).to_bytes(4, "little")  # an interface that every machine has
NO_DESCRIPTOR = 0x7FFFFFFF
DESCRIPTOR_SIZE = 4  # bytes
OPERATIONS = 12
KINDS = ("lookup", "update", "update", "delete", "pop")
FLAGS = (0, 0, 0, 1, 2, 3, 9)

Answer = tuple[str, Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation; a per-CPU map takes both values, another the first."""

    kind: str
    key: bytes
    values: tuple[bytes, bytes]
    flags: int
    thing: int = 0  # which of the things, where a value is one


def key_for(spec: lab.MapSpec, chance: random.Random) -> bytes:
    """Return a key that is often there, and sometimes is none at all."""
    if spec.type == "lpm_trie":
        prefixlen = chance.choice((0, 1, 7, 8, 9, 15, 16, 16, 17, 200))
        address = bytes(chance.choice((0, 0x80, 0xFF, 10)) for _ in range(2))
        return prefixlen.to_bytes(4, "little") + address
    if spec.key_size == 4 and chance.random() < 0.1:
        return b"\xff\xff\xff\xff"
    size = spec.key_size
    return chance.randrange(8).to_bytes(size, "little") if size else b""


def values_for(spec: lab.MapSpec, chance: random.Random) -> tuple[bytes, bytes]:
    if spec.type in ("devmap", "devmap_hash"):
        return LOOPBACK, LOOPBACK
    if spec.type == "cpumap":
        length = chance.choice((1, 8, 16384, 16385)).to_bytes(4, "little")
        return length, length
    return chance.randbytes(spec.value_size), chance.randbytes(spec.value_size)


def sequence(spec: lab.MapSpec, seed: int, things: int = 0) -> list[Operation]:
    """Return the operations of one seed."""
    chance = random.Random(seed)
    return [
        Operation(
            chance.choice(KINDS),
            key_for(spec, chance),
            values_for(spec, chance),
            chance.choice(FLAGS),
            chance.randrange(things + 1),
        )
        for _ in range(OPERATIONS)
    ]


def answer(action: Callable[[], Any]) -> Answer:
    try:
        return "value", action()
    except lab.MapError as error:
        return "errno", error.errno


def as_linux(value: Any) -> Any:
    """Return values of several CPUs as Linux hands them over: padded, in a row."""
    if not isinstance(value, list | tuple):
        return value
    return b"".join(part.ljust(-(-len(part) // 8) * 8, b"\0") for part in value)


def ours(
    live: lab.Map, operations: Sequence[Operation], things: Sequence[Any] = ()
) -> list[Answer]:
    """Do operations on a map of ours; return what each gave, then the contents."""
    per_cpu = "percpu" in live.type
    answers = []
    for op in operations:
        value: Any = list(op.values) if per_cpu else op.values[0]
        key: Any = asked(live.spec, op) if op.kind == "lookup" else op.key
        if holds_things(live.spec):
            value = (*things, NO_DESCRIPTOR)[op.thing]
        if is_keyed_by_things(live.spec):
            key = (*things, NO_DESCRIPTOR)[op.thing]
        actions: dict[str, Callable[[], Any]] = {
            "lookup": lambda: live.lookup(key),  # noqa: B023
            "update": lambda: live.update(key, value, op.flags),  # noqa: B023
            "delete": lambda: live.delete(key),  # noqa: B023
            "pop": lambda: live.pop(key),  # noqa: B023
        }
        answers.append(answer(lambda: shown(actions[op.kind](), things)))  # noqa: B023
    listed = live.spec.key_size and live.type != "perf_event_array"
    held = answer(
        lambda: (
            [(bytes(k), shown(v, things)) for k, v in live.items()] if listed else []
        )
    )
    return [*answers, in_order(live.spec, held)]


def shown(value: Any, things: Sequence[Any]) -> Any:
    """Return a value as both sides can say it: a thing by its number."""
    return things.index(value) if value in things else as_linux(value)


def asked(spec: lab.MapSpec, op: Operation) -> bytes:
    """Return what a lookup asks for: in a Bloom filter a value, else a key."""
    return op.values[0] if spec.type == "bloom_filter" else op.key


def holds_things(spec: lab.MapSpec) -> bool:
    kinds = ("prog_array", "cgroup_array", "perf_event_array", "xskmap")
    kinds += ("sockmap", "sockhash", "reuseport_sockarray")
    return spec.type in kinds or spec.type.endswith("_of_maps")


def is_keyed_by_things(spec: lab.MapSpec) -> bool:
    return spec.type in ("sk_storage", "task_storage", "inode_storage", "cgrp_storage")


def in_order(spec: lab.MapSpec, held: Answer) -> Answer:
    """Sort contents, but those of an array: their order is Linux's own."""
    is_array = "array" in spec.type or spec.type in ("devmap", "cpumap", "sockmap")
    kind, found = held
    return held if is_array or kind == "errno" else (kind, sorted(found))


class Attributes(ctypes.Structure):
    """What bpf(2) takes for an element."""

    _fields_ = (
        ("map_fd", ctypes.c_uint64),
        ("key", ctypes.c_void_p),
        ("value", ctypes.c_void_p),
        ("flags", ctypes.c_uint64),
    )


class Bare:
    """A map of the kernel, asked with nothing between."""

    commands: ClassVar[dict[str, int]] = {
        name: COMMANDS[command][0]
        for name, command in (
            ("lookup", "MAP_LOOKUP_ELEM"),
            ("update", "MAP_UPDATE_ELEM"),
            ("delete", "MAP_DELETE_ELEM"),
            ("next", "MAP_GET_NEXT_KEY"),
            ("pop", "MAP_LOOKUP_AND_DELETE_ELEM"),
        )
    }
    libc = ctypes.CDLL(None, use_errno=True)

    def __init__(self, live: LiveMap, things: Sequence["Thing"] = ()) -> None:
        self.live, self.spec, self.things = live, live.spec, things
        self.key = ctypes.create_string_buffer(max(self.spec.key_size, 1))
        self.value = ctypes.create_string_buffer(max(live.value_size, 1))
        key = ctypes.addressof(self.key) if self.spec.key_size else 0
        self.place = ctypes.addressof(self.value)
        self.attributes = Attributes(int(live.fd), key, self.place, 0)
        self.number = ARCHITECTURES[this_machine()[1]].bpf

    def ask(self, command: str, flags: int = 0) -> int:
        """Return the errno, 0 when it was done."""
        self.attributes.flags = flags
        self.attributes.value = 0 if command == "delete" else self.place
        size = ctypes.sizeof(Attributes)
        place = ctypes.byref(self.attributes)
        while self.libc.syscall(self.number, self.commands[command], place, size) < 0:
            if ctypes.get_errno() != errno.EAGAIN or self.spec.type == "ringbuf":
                return ctypes.get_errno()
        return 0

    def do(self, op: Operation) -> Answer:
        key = self.descriptor(op) if is_keyed_by_things(self.spec) else op.key
        self.key[: len(key)] = key
        if op.kind == "update" or self.spec.type == "bloom_filter":
            content = self.content(op)
            self.value[: len(content)] = content
        number = self.ask(op.kind, op.flags if op.kind == "update" else 0)
        if op.kind == "lookup" and number == errno.ENOENT:
            return "value", None
        if number:
            return "errno", number
        return "value", self.found() if op.kind in ("lookup", "pop") else None

    def content(self, op: Operation) -> bytes:
        if holds_things(self.spec):
            return self.descriptor(op)
        return as_linux(op.values) if "percpu" in self.spec.type else op.values[0]

    def descriptor(self, op: Operation) -> bytes:
        size = self.live.value_size if holds_things(self.spec) else DESCRIPTOR_SIZE
        fds = (*(thing.fd for thing in self.things), NO_DESCRIPTOR)
        return int(fds[op.thing]).to_bytes(size, "little")

    def found(self) -> Any:
        value = self.value.raw[: self.live.value_size]
        ids = [thing.id for thing in self.things]
        number = int.from_bytes(value, "little")
        return ids.index(number) if number in ids else value

    def keys(self) -> Iterator[bytes]:
        following = ctypes.create_string_buffer(self.spec.key_size)
        kept = self.attributes.key, self.place
        self.attributes.key, self.place = 0, ctypes.addressof(following)
        try:
            while not (number := self.ask("next")):
                yield following.raw
                self.attributes.key = self.place
            if number != errno.ENOENT:
                raise lab.MapError("next", errno=number)
        finally:
            self.attributes.key, self.place = kept

    def contents(self) -> Answer:
        if not self.spec.key_size or self.spec.type == "perf_event_array":
            return "value", []
        kind, keys = answer(lambda: list(self.keys()))
        if kind == "errno":
            return kind, keys
        found = []
        for key in keys:
            kind, value = self.do(Operation("lookup", key, (b"", b""), 0))
            if kind == "errno":
                return kind, value
            if value is not None:
                found.append((key, value))
        return in_order(self.spec, ("value", found))


@dataclass(frozen=True, slots=True)
class Thing:
    """What stands in a slot: ours, and the kernel's descriptor and id of the same."""

    ours: Any
    fd: int

    @property
    def id(self) -> int:
        """Its number in the kernel; the second word of what it tells of a thing."""
        told = ctypes.create_string_buffer(8)
        bpf("OBJ_GET_INFO_BY_FD", bpf_fd=self.fd, info_len=8, info=told)
        return int.from_bytes(told.raw[4:], "little")


def linux(
    live: LiveMap, operations: Sequence[Operation], things: Sequence[Thing] = ()
) -> list[Answer]:
    """Do operations on a map of the kernel; see `ours`."""
    bare = Bare(live, things)
    return [*(bare.do(op) for op in operations), bare.contents()]


def emptied(live: LiveMap) -> None:
    """Remove all keys; in an array, whatever stands in a slot."""
    bare, entries = Bare(live), live.spec.max_entries
    indices = [index.to_bytes(4, "little") for index in range(entries)]
    for key in indices if "array" in live.type else list(bare.keys()):
        bare.do(Operation("delete", key, (b"", b""), 0))
