"""What a map refuses: Linux's errno, as an error that says why, and nothing is lost.

Each row is done on a map of ours and on one of the kernel's: the same errno, and the
contents are those from before. Not here: operations at random
(test_maps_against_linux); LRU maps, of which Linux forgets keys even so.
"""

import errno
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

import ebpflab as lab
from ebpflab.linux.livemap import LiveMap
from ebpflab.maps import make_map

ENOTSUPP = 524
ANY, NOEXIST, EXIST, LOCK = 0, 1, 2, 4
NO_PREALLOC, RDONLY, WRONLY, MMAPABLE, UNKNOWN = 1, 8, 16, 0x400, 1 << 20


def spec(type: str, key: int, value: int, entries: int, **more: Any) -> lab.MapSpec:
    return lab.MapSpec(type, key, value, entries, name="m", **more)


INNER = spec("array", 4, 8, 1)
NESTED = spec("array_of_maps", 4, 4, 1, inner=INNER)

# ---- blueprints ----------------------------------------------------------------

BLUEPRINTS = [
    (spec("array", 8, 8, 4), errno.EINVAL),
    (spec("array", 4, 0, 4), errno.EINVAL),
    (spec("array", 4, 8, 0), errno.EINVAL),
    (spec("array", 4, 8, 4, flags=NO_PREALLOC), errno.EINVAL),
    (spec("array", 4, 1 << 31, 1), errno.E2BIG),
    (spec("hash", 0, 8, 4), errno.EINVAL),
    (spec("hash", 4, 0, 4), errno.EINVAL),
    (spec("hash", 4, 8, 0), errno.EINVAL),
    (spec("hash", 4, 8, 4, flags=UNKNOWN), errno.EINVAL),
    (spec("hash", 4, 8, 4, flags=RDONLY | WRONLY), errno.EINVAL),
    *(
        (spec(type, 4, 32_769, 1), errno.E2BIG)
        for type in ("percpu_array", "percpu_hash", "lru_percpu_hash")
    ),
    (spec("lru_hash", 4, 8, 4, flags=NO_PREALLOC), ENOTSUPP),
    (spec("lpm_trie", 8, 4, 4), errno.EINVAL),
    (spec("lpm_trie", 4, 4, 4, flags=NO_PREALLOC), errno.EINVAL),
    (spec("lpm_trie", 300, 4, 4, flags=NO_PREALLOC), errno.EINVAL),
    (spec("queue", 4, 8, 4), errno.EINVAL),
    (spec("stack", 0, 8, 0), errno.EINVAL),
    (spec("bloom_filter", 4, 8, 4), errno.EINVAL),
    (spec("bloom_filter", 0, 8, 4, extra=16), errno.EINVAL),
    (spec("ringbuf", 0, 0, 1), errno.EINVAL),
    (spec("ringbuf", 0, 0, 12_288), errno.EINVAL),
    (spec("ringbuf", 4, 0, 4096), errno.EINVAL),
    (spec("user_ringbuf", 0, 0, 5000), errno.EINVAL),
    (spec("stack_trace", 4, 7, 4), errno.EINVAL),
    (spec("prog_array", 4, 8, 4), errno.EINVAL),
    (spec("perf_event_array", 8, 4, 4), errno.EINVAL),
    (spec("devmap", 8, 4, 4), errno.EINVAL),
    (spec("cpumap", 4, 4, 1 << 20), errno.E2BIG),
    (spec("sockmap", 4, 4, 0), errno.EINVAL),
    (spec("array_of_maps", 4, 4, 1, inner=NESTED), errno.EINVAL),
    (spec("arena", 0, 0, 4), errno.EINVAL),
    (spec("arena", 4, 0, 4, flags=MMAPABLE), errno.EINVAL),
]


def told(blueprint: lab.MapSpec) -> str:
    sizes = blueprint.key_size, blueprint.value_size, blueprint.max_entries
    return "-".join(map(str, (blueprint.type, *sizes, hex(blueprint.flags))))


def refused(action: Callable[[], object]) -> lab.EbpfLabError:
    """Return the error, which says what, why and what to try."""
    with pytest.raises((lab.MapError, lab.LinuxError)) as caught:
        action()
    assert str(caught.value).strip()
    return caught.value


blueprints = pytest.mark.parametrize(
    ("blueprint", "number"), BLUEPRINTS, ids=[told(one) for one, _ in BLUEPRINTS]
)


@blueprints
def test_a_blueprint_is_refused(blueprint: lab.MapSpec, number: int) -> None:
    assert refused(lambda: make_map(blueprint)).errno == number


@blueprints
def test_linux_refuses_it_as_well(linux, blueprint: lab.MapSpec, number: int) -> None:
    assert refused(lambda: LiveMap(blueprint)).errno == number


# ---- operations ----------------------------------------------------------------


def key(number: int, size: int = 4) -> bytes:
    return number.to_bytes(size, "little")


def prefix(length: int, byte: int = 10) -> bytes:
    return key(length) + bytes([byte, 0, 0, 0])


@dataclass(frozen=True)
class Refusal:
    """Operations that work, then one that is refused with an errno."""

    spec: lab.MapSpec
    before: tuple[tuple[str, Any], ...]
    method: str
    arguments: tuple[Any, ...]
    errno: int

    def __str__(self) -> str:
        shown = ",".join(
            a.hex() if isinstance(a, bytes) else str(a) for a in self.arguments
        )
        return f"{self.spec.type}-{self.method}({shown})"


ONE = key(1, 8)
HASH, ARRAY = spec("hash", 4, 8, 2), spec("array", 4, 8, 2)
LRU, TRIE = spec("lru_hash", 4, 8, 2), spec("lpm_trie", 8, 8, 2, flags=NO_PREALLOC)
QUEUE, STACK = spec("queue", 0, 8, 2), spec("stack", 0, 8, 2)
BLOOM, RING = spec("bloom_filter", 0, 8, 100), spec("ringbuf", 0, 0, 4096)
FULL = (("update", (key(1), ONE)), ("update", (key(2), ONE)))
TWO = (("update", (b"", ONE)), ("update", (b"", ONE)))
PREFIXES = (("update", (prefix(8), ONE)), ("update", (prefix(16), ONE)))
REFUSALS = [
    Refusal(HASH, FULL, "update", (key(3), ONE), errno.E2BIG),
    Refusal(HASH, FULL, "update", (key(3), ONE, NOEXIST), errno.E2BIG),
    Refusal(HASH, FULL, "update", (key(3), ONE, EXIST), errno.ENOENT),
    Refusal(HASH, FULL, "update", (key(1), ONE, NOEXIST), errno.EEXIST),
    Refusal(HASH, FULL, "update", (key(1), ONE, NOEXIST | EXIST), errno.EINVAL),
    Refusal(HASH, FULL, "update", (key(1), ONE, LOCK), errno.EINVAL),
    Refusal(HASH, FULL, "update", (key(1), ONE, 64), errno.EINVAL),
    Refusal(HASH, FULL, "delete", (key(3),), errno.ENOENT),
    Refusal(HASH, FULL, "pop", (key(3),), errno.ENOENT),
    Refusal(HASH, (*FULL, ("freeze", ())), "update", (key(1), ONE), errno.EPERM),
    Refusal(HASH, (*FULL, ("freeze", ())), "delete", (key(1),), errno.EPERM),
    Refusal(HASH, (*FULL, ("freeze", ())), "freeze", (), errno.EPERM),
    Refusal(
        spec("hash", 4, 8, 2, flags=RDONLY), (), "update", (key(1), ONE), errno.EPERM
    ),
    Refusal(ARRAY, FULL[:1], "update", (key(2), ONE), errno.E2BIG),
    Refusal(ARRAY, FULL[:1], "update", (key(1), ONE, NOEXIST), errno.EEXIST),
    Refusal(ARRAY, FULL[:1], "update", (key(1), ONE, LOCK), errno.EINVAL),
    Refusal(ARRAY, FULL[:1], "update", (key(1), ONE, 64), errno.EINVAL),
    Refusal(ARRAY, FULL[:1], "delete", (key(1),), errno.EINVAL),
    Refusal(ARRAY, FULL[:1], "pop", (key(1),), ENOTSUPP),
    Refusal(LRU, FULL, "update", (key(1), ONE, 64), errno.EINVAL),
    Refusal(LRU, FULL, "delete", (key(3),), errno.ENOENT),
    Refusal(TRIE, PREFIXES, "update", (prefix(24), ONE), errno.ENOSPC),
    Refusal(TRIE, PREFIXES, "update", (prefix(33), ONE), errno.EINVAL),
    Refusal(TRIE, PREFIXES, "update", (prefix(8), ONE, NOEXIST), errno.EEXIST),
    Refusal(TRIE, PREFIXES, "update", (prefix(9), ONE, EXIST), errno.ENOENT),
    Refusal(TRIE, PREFIXES, "update", (prefix(8), ONE, 64), errno.EINVAL),
    Refusal(TRIE, PREFIXES, "delete", (prefix(9),), errno.ENOENT),
    Refusal(QUEUE, TWO, "update", (b"", ONE), errno.E2BIG),
    Refusal(QUEUE, TWO, "update", (b"", ONE, NOEXIST), errno.EINVAL),
    Refusal(QUEUE, TWO, "update", (b"", ONE, 64), errno.EINVAL),
    Refusal(QUEUE, TWO, "delete", (b"",), errno.EINVAL),
    Refusal(QUEUE, (), "pop", (), errno.ENOENT),
    Refusal(STACK, TWO, "update", (b"", ONE), errno.E2BIG),
    Refusal(STACK, (), "pop", (), errno.ENOENT),
    Refusal(BLOOM, TWO, "update", (b"", ONE, NOEXIST), errno.EINVAL),
    Refusal(BLOOM, TWO, "delete", (b"",), errno.EOPNOTSUPP),
    Refusal(BLOOM, TWO, "pop", (), ENOTSUPP),
    Refusal(RING, (), "update", (b"", b""), ENOTSUPP),
    Refusal(RING, (), "delete", (b"",), ENOTSUPP),
    Refusal(RING, (), "lookup", (b"",), ENOTSUPP),
]


def held(live: Any, type: str) -> object:
    """Return what a map holds, as far as Linux lets one see it without changing it."""
    if type in ("ringbuf", "bloom_filter"):
        return None
    if type in ("queue", "stack"):
        return answer(lambda: live.lookup(b""))
    return [(bytes(k), bytes(v)) for k, v in live.items()]


def answer(action: Callable[[], Any]) -> object:
    try:
        return action()
    except lab.EbpfLabError as error:
        return error.errno


def check(refusal: Refusal, live: Any) -> None:
    for method, arguments in refusal.before:
        getattr(live, method)(*arguments)
    before = held(live, refusal.spec.type)
    error = refused(lambda: getattr(live, refusal.method)(*refusal.arguments))
    assert error.errno == refusal.errno
    assert held(live, refusal.spec.type) == before


@pytest.mark.parametrize("refusal", REFUSALS, ids=str)
def test_an_operation_is_refused_and_nothing_is_lost(refusal: Refusal) -> None:
    check(refusal, make_map(refusal.spec))


@pytest.mark.parametrize("refusal", REFUSALS, ids=str)
def test_linux_refuses_it_alike(linux, refusal: Refusal) -> None:
    with LiveMap(refusal.spec) as live:
        check(refusal, live)


# ---- rings that are full -------------------------------------------------------

TWICE = """
r6 = 0
again:
r1 = ring ll
r2 = r10
r2 += -256
r3 = 256
r4 = 0
call bpf_ringbuf_output
if r0 != 0 goto out
r6 += 1
if r6 < 100 goto again
out:
r0 = r6
exit
"""
ROOM = "\n".join(f"*(u64 *)(r10 -{8 * slot}) = {slot}" for slot in range(1, 33))


def test_a_full_ring_keeps_what_it_has(linux) -> None:
    """The record that finds no room is refused; those before it are all there."""
    ring = lab.MapSpec("ringbuf", 0, 0, 4096, name="ring")
    program = lab.assemble(f"{ROOM}\n{TWICE}", type="xdp", maps=[ring])
    ours, theirs = (run(program, bytes(64)) for run in (lab.run, linux.run))
    assert ours.retval == theirs.retval == 4096 // 264
    assert [e.data for e in ours.events] == [e.data for e in theirs.events]
    assert len(ours.events) == ours.retval


# ---- memory that is no table ---------------------------------------------------


def test_an_arena_is_read_as_far_as_there_are_pages() -> None:
    arena = make_map(spec("arena", 0, 0, 4, flags=MMAPABLE))
    assert arena.read() == b""
    arena.write(4090, b"two pages")
    assert len(arena.read()) == 2 * 4096
    assert arena.read(4090, 9) == arena.read(4090)[:9] == b"two pages"


@pytest.mark.parametrize("place", [(None, 1), ("x", 1), (0, -1), (-1, 2), (1 << 70, 1)])
def test_what_is_no_place_of_an_arena_is_said(place: tuple[Any, Any]) -> None:
    arena = make_map(spec("arena", 0, 0, 4, flags=MMAPABLE))
    assert refused(lambda: arena.read(*place)).errno in (errno.EINVAL, errno.EFAULT)
    assert refused(lambda: arena.write(place[0], b"x" * 5 * 4096))
    assert arena.rows() == {}
