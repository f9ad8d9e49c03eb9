"""The maps that generated programs name: one of each type, some with records inside.

A program gets only those that its text names. `value_bytes` of a map is what pieces may
count on: 8 unless its row says more.
"""

from functools import cache

from ebpflab.btf import BtfWriter, Kind
from ebpflab.program import MapSpec

_INNER = MapSpec("array", 4, 8, 4, name="inner")
_RDONLY_PROG, _WRONLY_PROG, _NO_PREALLOC = 0x80, 0x100, 1
_PLAIN = (
    *(MapSpec(t, 4, 8, 4, name=t) for t in ("array", "hash", "percpu_array")),
    *(MapSpec(t, 4, 8, 8, name=t) for t in ("percpu_hash", "lru_hash")),
    MapSpec("lru_percpu_hash", 4, 8, 64, name="lru_percpu_hash"),
    MapSpec("array", 4, 64, 2, name="wide"),
    MapSpec("array", 4, 64, 1, name="globals"),
    MapSpec("array", 4, 13, 3, name="odd"),
    MapSpec("hash", 16, 48, 8, name="flows"),
    MapSpec("array", 4, 8, 1, name="sealed", flags=_RDONLY_PROG),
    MapSpec("array", 4, 8, 1, name="writeonly", flags=_WRONLY_PROG),
    MapSpec(
        *("array", 4, 32, 1),
        name="rodata",
        flags=_RDONLY_PROG,
        frozen=True,
        init={bytes(4): b"%d of %s\n\0".ljust(16, b"\0") + bytes([7] * 16)},
    ),
    MapSpec("lpm_trie", 8, 8, 4, name="lpm_trie", flags=_NO_PREALLOC),
    MapSpec("queue", 0, 8, 4, name="queue"),
    MapSpec("stack", 0, 8, 4, name="stack"),
    MapSpec("bloom_filter", 0, 8, 4, name="bloom_filter"),
    MapSpec("ringbuf", 0, 0, 4096, name="ringbuf"),
    MapSpec("user_ringbuf", 0, 0, 4096, name="user_ringbuf"),
    MapSpec("perf_event_array", 4, 4, 2, name="perf_event_array"),
    MapSpec("prog_array", 4, 4, 4, name="prog_array"),
    MapSpec("cgroup_array", 4, 4, 2, name="cgroup_array"),
    MapSpec("stack_trace", 4, 80, 4, name="stack_trace"),
    MapSpec("array_of_maps", 4, 4, 2, name="array_of_maps", inner=_INNER),
    MapSpec("hash_of_maps", 4, 4, 2, name="hash_of_maps", inner=_INNER),
    MapSpec("devmap", 4, 4, 4, name="devmap"),
    MapSpec("devmap_hash", 4, 4, 4, name="devmap_hash"),
    MapSpec("cpumap", 4, 4, 2, name="cpumap"),
    MapSpec("xskmap", 4, 4, 2, name="xskmap"),
    MapSpec("sockmap", 4, 4, 2, name="sockmap"),
    MapSpec("sockhash", 4, 4, 2, name="sockhash"),
    MapSpec("reuseport_sockarray", 4, 8, 2, name="reuseport_sockarray"),
    MapSpec("cgroup_storage", 16, 8, 0, name="cgroup_storage"),
    MapSpec("percpu_cgroup_storage", 16, 8, 0, name="percpu_cgroup_storage"),
)


def _described() -> tuple[MapSpec, ...]:
    """Return the maps whose values the kernel is told about."""
    types = BtfWriter()
    u32, u64 = types.integer("u32", 4), types.integer("u64", 8)
    i32 = types.integer("int", 4, signed=True)
    lock = types.struct("bpf_spin_lock", [("val", u32)])
    two = types.array(u64, 2, u32)
    timer = types.struct("bpf_timer", [("__opaque", two)])
    wq = types.struct("bpf_wq", [("__opaque", two)])
    task = types.struct("task_struct", [])
    kptr = types.pointer(types.alias(Kind.TYPE_TAG, "kptr", task))
    old_kptr = types.pointer(types.alias(Kind.TYPE_TAG, "kptr_untrusted", task))
    values = {
        "locked": types.struct("locked", [("lock", lock), ("a", u32), ("b", u64)]),
        "timers": types.struct("timers", [("timer", timer), ("count", u64)]),
        "workqueues": types.struct("workqueues", [("work", wq), ("count", u64)]),
        "kptrs": types.struct("kptrs", [("task", kptr), ("count", u64)]),
        "untrusted": types.struct("untrusted", [("task", old_kptr), ("n", u64)]),
    }
    made = [
        MapSpec(
            *("array", 4, 24 if name in ("timers", "workqueues") else 16, 2),
            name=name,
            btf=types.raw,
            key_type=u32,
            value_type=id,
        )
        for name, id in values.items()
    ]
    storages = [
        MapSpec(
            *(type, 4, 8, 0),
            name=type,
            flags=_NO_PREALLOC,
            btf=types.raw,
            key_type=i32,
            value_type=u64,
        )
        for type in ("sk_storage", "task_storage", "inode_storage", "cgrp_storage")
    ]
    return (*made, *storages)


@cache
def blueprints() -> dict[str, MapSpec]:
    """Return all maps by name."""
    return {spec.name: spec for spec in (*_PLAIN, *_described())}
