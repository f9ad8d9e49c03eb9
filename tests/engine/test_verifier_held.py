"""Locks, timers, maps in maps, dynptrs, tail calls: small programs, against Linux.

Each row is one program in short words; verdict, errno, message and the log of level 2
must be Linux's, with and without CAP_PERFMON.
"""

import pytest

import ebpflab as lab
from ebpflab.program import MapSpec, Object
from tests.engine.call_values import MAPS
from tests.engine.test_verifier_calls import difference

SOURCE = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct locked { int a; struct bpf_spin_lock lock; long b; };
struct timed { long a; struct bpf_timer timer; long b; };
#define MAP(name, kind, holds) struct { __uint(type, kind); __uint(max_entries, 4); \\
    __type(key, int); __type(value, struct holds); } name SEC(".maps");
MAP(locks, BPF_MAP_TYPE_ARRAY, locked) MAP(hlocks, BPF_MAP_TYPE_HASH, locked)
MAP(timers, BPF_MAP_TYPE_ARRAY, timed) MAP(htimers, BPF_MAP_TYPE_HASH, timed)
SEC("tc") int all(void *c)
{
    return bpf_map_lookup_elem(&locks, c) || bpf_map_lookup_elem(&hlocks, c)
        || bpf_map_lookup_elem(&timers, c) || bpf_map_lookup_elem(&htimers, c);
}
"""
END = "; OUT:; r0 = 0; exit"
LOCK, UNLOCK = "call bpf_spin_lock", "call bpf_spin_unlock"
PLACES = (-32, -16, -512, -30, -8, -520)  # right and wrong ones for a dynptr
RANDOM = "call bpf_get_prandom_u32; r9 = r0; r9 &= 8"


def lookup(map: str) -> str:
    key = "*(u32 *)(r10 -4) = 0; r2 = r10; r2 += -4"
    return f"{key}; r1 = {map} ll; call bpf_map_lookup_elem; if r0 == 0 goto OUT"


def inside(reg: str = "r0") -> str:
    return f"r1 = {reg}; r2 = r10; r2 += -4; call bpf_map_lookup_elem"


def held(map: str) -> list[str]:
    """Programs with a lock of a map's value."""
    value = f"{lookup(map)}; r6 = r0; r1 = r0; r1 += 4"
    again = "r1 = r6; r1 += 4"
    freed = f"{again}; {UNLOCK}"
    return [
        f"{value}; {LOCK}; r2 = *(u64 *)(r6 +8); {freed}",
        f"{value}; {LOCK}",
        f"{value}; {LOCK}; {again}; {LOCK}",
        f"{value}; {UNLOCK}",
        f"{value}; {LOCK}; call bpf_ktime_get_ns",
        f"{value}; {LOCK}; r2 = *(u32 *)(r6 +0); if r2 == 3 goto OUT; {freed}",
        f"{lookup(map)}; r1 = r0; {LOCK}",
        f"{lookup(map)}; r1 = *(u32 *)(r0 +0); r1 &= 4; r0 += r1; r1 = r0; {LOCK}",
        f"{lookup(map)}; r6 = r0; {lookup(map)}; r1 = r0; r1 += 4; {LOCK}; {freed}",
        f"{lookup(map)}; r1 = *(u64 *)(r0 +0)",
        f"{lookup(map)}; *(u32 *)(r0 +4) = 3",
        f"{lookup(map)}; r2 = r0; r2 += 4; r1 = h ll; call bpf_map_lookup_elem",
    ]


def timed(map: str) -> list[str]:
    """Programs with a timer of a map's value."""
    timer = f"{lookup(map)}; r1 = r0; r1 += 8"
    return [
        f"{timer}; r2 = {map} ll; r3 = 1; call bpf_timer_init",
        f"{timer}; r2 = h ll; r3 = 1; call bpf_timer_init",
        f"{timer}; r2 = 100; r3 = 0; call bpf_timer_start",
        f"{timer}; call bpf_timer_cancel",
        f"{lookup(map)}; r1 = r0; call bpf_timer_cancel",
        f"{lookup(map)}; r1 = *(u64 *)(r0 +8)",
    ]


def nested(map: str) -> list[str]:
    """Programs with a map of maps."""
    return [
        f"{lookup(map)}; {inside()}; if r0 == 0 goto OUT; r1 = *(u64 *)(r0 +8)",
        f"{lookup(map)}; r1 = *(u64 *)(r0 +8)",
        f"{lookup(map)}; r0 += 8",
        f"r1 = {map} ll; r2 = r10; r2 += -4; r3 = r10; r3 += -32; r4 = 0; "
        "call bpf_map_update_elem",
    ]


def local(at: int) -> str:
    rest = f"r1 = r0; r2 = 8; r3 = 0; r4 = r10; r4 += {at}"
    return f"{lookup('h')}; {rest}; call bpf_dynptr_from_mem"


def reserved(at: int) -> str:
    rest = f"r2 = 16; r3 = 0; r4 = r10; r4 += {at}"
    return f"r1 = rb ll; {rest}; call bpf_ringbuf_reserve_dynptr"


def given_back(at: int, how: str = "discard") -> str:
    return f"r1 = r10; r1 += {at}; r2 = 0; call bpf_ringbuf_{how}_dynptr"


def slice(at: int) -> str:
    return f"r1 = r10; r1 += {at}; r2 = 0; r3 = 8; call bpf_dynptr_data"


def read(at: int, to: int = -200) -> str:
    rest = f"r2 = 8; r3 = r10; r3 += {at}; r4 = 0; r5 = 0"
    return f"r1 = r10; r1 += {to}; {rest}; call bpf_dynptr_read"


def with_dynptrs() -> list[str]:
    somewhere = "r1 = r10; r1 += -40; r1 += r9"
    checked = f"{slice(-32)}; if r0 == 0 goto OUT"
    return [
        *(
            f"{reserved(at)}; {given_back(at)}"
            for at in (-32, -16, -512, -30, -8, -520)
        ),
        f"{reserved(-32)}; {given_back(-32, 'submit')}",
        reserved(-32),
        f"{reserved(-32)}; {given_back(-32)}; {given_back(-32)}",
        given_back(-32),
        f"{local(-32)}; {given_back(-32)}",
        f"{reserved(-32)}; {given_back(-24)}",
        f"{reserved(-32)}; {reserved(-24)}",
        f"{local(-32)}; {local(-24)}; {read(-24)}",
        f"{local(-32)}; {local(-24)}; {read(-32)}",
        *(f"{local(-32)}; {read(-32, to)}" for to in (-200, -32, -40, -25)),
        read(-32),
        f"{local(-32)}; {checked}; r1 = *(u64 *)(r0 +0); *(u8 *)(r0 +7) = 1",
        f"{local(-32)}; {checked}; r1 = *(u64 *)(r0 +1)",
        f"{local(-32)}; {slice(-32)}; r1 = *(u64 *)(r0 +0)",
        f"{local(-32)}; {checked}; *(u8 *)(r10 -17) = 0; r1 = *(u64 *)(r0 +0)",
        f"{reserved(-32)}; {slice(-32)}; r6 = r0; {given_back(-32)}; "
        "if r6 == 0 goto OUT; r1 = *(u64 *)(r6 +0)",
        *(f"{make(-32)}; *(u8 *)(r10 -24) = 0" for make in (local, reserved)),
        f"{local(-32)}; r1 = *(u64 *)(r10 -32)",
        f"{RANDOM}; {local(-32)}; {somewhere}; *(u64 *)(r1 +0) = 0",
        f"{RANDOM}; {reserved(-32)}; {somewhere}; *(u64 *)(r1 +0) = 0",
        f"{RANDOM}; {local(-32)}; {somewhere}; r2 = *(u64 *)(r1 +0)",
        f"{reserved(-32)}; call bpf_get_prandom_u32; if r0 > 5 goto OUT; "
        + given_back(-32),
        f"r9 = 0; L:; {reserved(-32)}; {given_back(-32)}; r9 += 1; if r9 < 40 goto L",
        "r2 = progs ll; r3 = 1; call bpf_tail_call",
        "r2 = progs ll; r3 = 100; call bpf_tail_call; r1 = r0",
        "r6 = r1; r1 = rb ll; r2 = 8; r3 = 0; call bpf_ringbuf_reserve; "
        "r1 = r6; r2 = progs ll; r3 = 0; call bpf_tail_call",
    ]


@pytest.fixture(scope="module")
def maps() -> list[MapSpec]:
    built = lab.compile(SOURCE)
    assert isinstance(built, Object)
    inner = MapSpec("array", 4, 16, 4)
    outer = [
        MapSpec(f"{kind}_of_maps", 4, 4, 4, name=f"outer_{kind}", inner=inner)
        for kind in ("array", "hash")
    ]
    return [*built.maps.values(), *outer, *MAPS]


ROWS = [
    *(row for map in ("locks", "hlocks") for row in held(map)),
    *(row for map in ("timers", "htimers") for row in timed(map)),
    *(row for map in ("outer_array", "outer_hash") for row in nested(map)),
    *with_dynptrs(),
]


@pytest.mark.parametrize("privileged", [True, False])
def test_what_is_held_is_judged_as_linux_does(
    linux: None, maps: list[MapSpec], privileged: bool
) -> None:
    wrong = {}
    for row in ROWS:
        text = (row + END).replace("; ", "\n")
        used = [spec for spec in maps if f"{spec.name} ll" in text]
        program = lab.assemble(text, type="sched_cls", maps=used)
        if found := difference(program, privileged):
            wrong[row] = found
    assert wrong == {}
