"""The maps that a program uses: how many, and which of them its kind may use.

A map is used where a 64-bit load names it, reached or not. Some maps are for some
programs only, some only once. Source: what Linux 6.18 refuses and writes.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from ebpflab.btf.records import Record, record_of
from ebpflab.btf.special import LOCKS, ROOTS, Special
from ebpflab.program import MapSpec, Program
from ebpflab.verifier.refusal import E2BIG, EBUSY, EINVAL, EPERM, Refusal

MOST_MAPS = 64
SLEEPABLE = 1 << 4  # a program's flag
OF_SLEEPABLE = {
    *("hash", "lru_hash", "array", "percpu_hash", "percpu_array"),
    *("lru_percpu_hash", "array_of_maps", "hash_of_maps", "ringbuf", "user_ringbuf"),
    *("inode_storage", "sk_storage", "task_storage", "cgrp_storage"),
    *("queue", "stack", "arena"),
}
CGROUP_STORAGES = ("cgroup_storage", "percpu_cgroup_storage")
PROBES = (
    "kprobe",
    "tracepoint",
    "perf_event",
    "raw_tracepoint",
    "raw_tracepoint_writable",
)
NOT_IN_PROBES: tuple[tuple[tuple[Special, ...], str], ...] = (
    (ROOTS, "bpf_{list_head,rb_root}"),
    (LOCKS, "bpf_spin_lock"),
    ((Special.TIMER,), "bpf_timer"),
    ((Special.WORKQUEUE,), "bpf_wq"),
)


@dataclass(slots=True)
class UsedMaps:
    """The maps that were named so far."""

    program: Program
    privileged: bool
    numbers: list[int] = field(default_factory=list)  # indices into the program's maps

    def add(self, number: int) -> None:
        """Use a map; refuse one that this program must not use."""
        if number in self.numbers:
            return
        if len(self.numbers) == MOST_MAPS:
            text = f"has reached the limit of {MOST_MAPS}"
            raise Refusal(E2BIG, f"The total number of maps per program {text}")
        spec = self.program.maps[number]
        check_map_prog_compatibility(self.program, spec)
        types = [self.program.maps[other].type for other in self.numbers]
        if spec.type in CGROUP_STORAGES and spec.type in types:
            text = "only one cgroup storage of each type is allowed"
            raise Refusal(EBUSY, text)
        if spec.type == "arena":
            self._check_arena(spec, types)
        self.numbers.append(number)

    def _check_arena(self, spec: MapSpec, types: Iterable[str]) -> None:
        if "arena" in types:
            raise Refusal(EBUSY, "Only one arena per program")
        if not self.privileged:
            text = "CAP_BPF and CAP_PERFMON are required to use arena"
            raise Refusal(EPERM, text)
        if not spec.extra:
            text = "arena's user address must be set via map_extra or mmap()"
            raise Refusal(EINVAL, text)


def check_map_prog_compatibility(program: Program, spec: MapSpec) -> None:
    """Refuse a map that programs of this kind must not use."""
    if spec.btf is not None:
        _check_special_parts(program, record_of(spec))
    if spec.type == "struct_ops":
        raise Refusal(EINVAL, "bpf_struct_ops map cannot be used in prog")
    if program.flags & SLEEPABLE and spec.type not in OF_SLEEPABLE:
        text = "Sleepable programs can only use array, hash, ringbuf and local storage"
        raise Refusal(EINVAL, f"{text} maps")


def _check_special_parts(program: Program, record: Record) -> None:
    """Refuse locks, timers and the like where a program may run in between."""
    if program.type == "socket_filter" and record.of(*LOCKS):
        text = "socket filter progs cannot use bpf_spin_lock yet"
        raise Refusal(EINVAL, text)
    if program.type not in PROBES:
        return
    for kinds, name in NOT_IN_PROBES:
        if record.of(*kinds):
            raise Refusal(EINVAL, f"tracing progs cannot use {name} yet")
