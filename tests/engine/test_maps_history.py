"""Every map type has a history and rows: what was done to it is heard, and told."""

from collections.abc import Callable
from typing import Any

import pytest

import ebpflab as lab
from ebpflab.maps import make_map
from ebpflab.maps.base import type_of_map
from ebpflab.maps.journals import journal
from ebpflab.maps.operations import PROGRAM, USERSPACE
from ebpflab.maps.owners import Cgroup, Inode, Socket, Task
from ebpflab.maps.rows import applied
from tests.engine.test_maps_against_linux import SPECS

SOCKETS = {
    "sockmap": Socket("tcp", "established"),
    "sockhash": Socket("udp", "bound"),
    "reuseport_sockarray": Socket("tcp", "listen", reuseport=True),
    "xskmap": Socket("xdp"),
}
OWNERS = {
    "task_storage": Task(),
    "sk_storage": SOCKETS["sockmap"],
    "inode_storage": Inode(),
    "cgrp_storage": Cgroup(),
}
PROGRAM_IN = lab.assemble("r0 = 2\nexit", type="xdp", name="inside")


def put(live: Any) -> None:
    """Put something into a map, in the way of its type."""
    spec = live.spec
    value = bytes([7]) * spec.value_size
    if spec.type in OWNERS:
        live[OWNERS[spec.type]] = value
    elif spec.type in SOCKETS:
        live[1] = SOCKETS[spec.type]
    elif spec.type.endswith("_of_maps"):
        live[1] = make_map(spec.inner)
    elif spec.type == "prog_array":
        live[1] = PROGRAM_IN
    elif spec.type in ("queue", "stack", "bloom_filter", "user_ringbuf"):
        live.push(value or b"sample")
    elif spec.type == "lpm_trie":
        live[(16).to_bytes(4, "little") + b"\x0a\x00"] = value
    elif spec.type == "arena":
        live.write(5000, b"words")
    elif spec.type in ("devmap", "devmap_hash", "cpumap"):
        live[1] = 1
    elif spec.type in BY_PROGRAMS:
        BY_PROGRAMS[spec.type](live)
    else:
        live[1] = value


def by_storage(live: Any) -> None:
    live.values[0] = 9


BY_PROGRAMS: dict[str, Callable[[Any], None]] = {
    "ringbuf": lambda live: live.output(0, b"record"),
    "perf_event_array": lambda live: live.output(0, b"record"),
    "cgroup_storage": by_storage,
    "percpu_cgroup_storage": by_storage,
}
EMPTY = ("struct_ops", "stack_trace", "cgroup_array")  # only a kernel fills these


@pytest.mark.parametrize("type", sorted(type_of_map.keys() - set(EMPTY)))
def test_what_is_put_is_heard_and_told(type: str) -> None:
    live = make_map(SPECS[type])
    with journal(live) as heard:
        put(live)
        operations = heard.operations
    assert operations
    rows = dict(heard.start[id(live)])
    for operation in operations:
        assert operation.error is None
        rows = applied(rows, operation.changes)
    assert rows == live.rows() != {}


@pytest.mark.parametrize("type", EMPTY)
def test_what_is_refused_is_heard_too(type: str) -> None:
    live = make_map(SPECS[type])
    with journal(live) as heard:
        with pytest.raises(lab.MapError):
            live.update(0, bytes(live.spec.value_size))
        assert [op.error and op.error.errno for op in heard] != [None]
    assert live.rows() == {}


@pytest.mark.parametrize("type", type_of_map)
def test_every_operation_of_every_type_is_heard(type: str) -> None:
    owner = type_of_map[type]
    methods = {
        name
        for cls in owner.__mro__
        if cls.__module__.startswith("ebpflab.maps.") and cls.__name__ != "Userspace"
        for name, kind in vars(cls).items()
        if not name.startswith("_") and callable(kind)
    }
    silent = {
        *("check_spec", "rows", "keys", "items", "snapshot", "same_key", "met"),
        *("in_range", "freeze", "refuse", "key_bytes", "value_bytes", "value_at"),
        *("check_readable", "check_writable", "check_flags", "check_index"),
        *("check_there", "check_slot", "check_room", "accept", "is_key_size"),
        *("owner_of", "value_of_run", "is_free"),
    }
    kinds = {"type", "owner"}  # what a class says of itself
    assert methods - silent - kinds <= USERSPACE.keys() | PROGRAM.keys()


@pytest.mark.parametrize("type", type_of_map)
def test_a_snapshot_brings_the_contents_back(type: str) -> None:
    live = make_map(SPECS[type])
    restore = live.snapshot()
    before = live.rows()
    if type not in EMPTY:
        put(live)
        assert live.rows() != before
    restore()
    assert live.rows() == before
