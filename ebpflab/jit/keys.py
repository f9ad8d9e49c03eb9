"""Hash tables that compiled code can search: a map's keys, and where values start.

The map itself stays what it is, a dict; this is its mirror in host memory, brought up
to date after whatever changed the dict. Rows are found by open addressing:

    +-------+------------------+      start -2: no key was ever here
    | start | key, in words    |      start -1: the key is gone
    +-------+------------------+
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from ebpflab.isa.words import WORD64
from ebpflab.maps.base import Map
from ebpflab.maps.hash import Hash, PercpuHash

LONGEST_KEY = 64  # bytes; longer ones are Python's to find
WORD = 8
EMPTY, GONE = -2, -1
_MIXER = 0x9E3779B97F4A7C15  # 2**64 / golden ratio: spreads near keys (Knuth)
_SMALLEST = 64  # rows

Fill = Callable[[int, int, int, int, int], int]


def is_searched(map: Map) -> bool:
    """Tell whether compiled code looks keys up: no use of a key may matter (LRU)."""
    plain = type(map) in (Hash, PercpuHash)
    return plain and map.spec.key_size <= LONGEST_KEY


def _words(key_size: int) -> int:
    return -(-key_size // WORD)


def keys_ir(key_size: int) -> str:
    """Return the functions that search and fill tables of keys of this size."""
    words, stride = _words(key_size), 1 + _words(key_size)
    passed = ", ".join(f"i64 %w{n}" for n in range(words))
    read = "\n".join(_read_key(key_size))
    mixed = "\n".join(_mixed(words))
    same = "\n".join(_compared(words))
    written = "\n".join(
        f"  %p{n} = getelementptr i64, ptr %row, i64 {n + 1}\n"
        f"  store i64 %w{n}, ptr %p{n}"
        for n in range(words)
    )
    return f"""
define internal ptr @row(i64 %table, i64 %mask, {passed}) {{
entry:
{mixed}
  %base = inttoptr i64 %table to ptr
  br label %look
look:
  %at = phi i64 [ %hash, %entry ], [ %next, %other ]
  %number = and i64 %at, %mask
  %words = mul i64 %number, {stride}
  %row = getelementptr i64, ptr %base, i64 %words
  %start = load i64, ptr %row, !tbaa !1
  %empty = icmp eq i64 %start, {EMPTY}
  br i1 %empty, label %found, label %compare
compare:
{same}
  br i1 %same, label %found, label %other
other:
  %next = add i64 %at, 1
  br label %look
found:
  ret ptr %row
}}
define i64 @search(i64 %table, i64 %mask, ptr %key) {{
{read}
  %row = call ptr @row(i64 %table, i64 %mask, {passed})
  %start = load i64, ptr %row, !tbaa !1
  %least = call i64 @llvm.smax.i64(i64 %start, i64 {GONE})
  ret i64 %least
}}
define i64 @fill(i64 %table, i64 %mask, i64 %keys, i64 %starts, i64 %count) {{
entry:
  %first = inttoptr i64 %keys to ptr
  %places = inttoptr i64 %starts to ptr
  br label %next
next:
  %n = phi i64 [ 0, %entry ], [ %more, %put ]
  %end = icmp eq i64 %n, %count
  br i1 %end, label %done, label %put
put:
  %bytes = mul i64 %n, {key_size}
  %key = getelementptr i8, ptr %first, i64 %bytes
  %place = getelementptr i64, ptr %places, i64 %n
  %value = load i64, ptr %place
{read}
  %row = call ptr @row(i64 %table, i64 %mask, {passed})
  store i64 %value, ptr %row
{written}
  %more = add i64 %n, 1
  br label %next
done:
  ret i64 %count
}}
"""


def _read_key(key_size: int) -> Iterable[str]:
    """Yield lines that read a key as words; a last, shorter one bit by bit."""
    for n in range(_words(key_size)):
        rest, at, parts = min(WORD, key_size - n * WORD), n * WORD, 0
        total = "0"
        for size in (8, 4, 2, 1):
            if rest & size:
                mark, shift = f"{n}_{parts}", 8 * (at - n * WORD)
                yield f"  %k{mark} = getelementptr i8, ptr %key, i64 {at}"
                yield f"  %l{mark} = load i{8 * size}, ptr %k{mark}, align 1"
                wide = f"%l{mark}"
                if size < WORD:
                    yield f"  %z{mark} = zext i{8 * size} {wide} to i64"
                    wide = f"%z{mark}"
                yield f"  %s{mark} = shl i64 {wide}, {shift}"
                yield f"  %t{mark} = or i64 {total}, %s{mark}"
                total, at, parts = f"%t{mark}", at + size, parts + 1
        yield f"  %w{n} = or i64 {total}, 0"


def _mixed(words: int) -> Iterable[str]:
    before = "0"
    for n in range(words):
        yield f"  %x{n} = xor i64 {before}, %w{n}"
        yield f"  %m{n} = mul i64 %x{n}, {_MIXER}"
        yield f"  %h{n} = lshr i64 %m{n}, 32"
        yield f"  %y{n} = xor i64 %m{n}, %h{n}"
        before = f"%y{n}"
    yield f"  %hash = or i64 {before}, 0"


def _compared(words: int) -> Iterable[str]:
    before = "true"
    for n in range(words):
        yield f"  %q{n} = getelementptr i64, ptr %row, i64 {n + 1}"
        yield f"  %r{n} = load i64, ptr %q{n}, !tbaa !1"
        yield f"  %e{n} = icmp eq i64 %r{n}, %w{n}"
        yield f"  %a{n} = and i1 {before}, %e{n}"
        before = f"%a{n}"
    yield f"  %same = and i1 {before}, true"


@dataclass(slots=True, weakref_slot=True)
class Keys:
    """The mirror of one map's keys."""

    map: Hash
    fill: Fill = field(repr=False)
    rows: int = 0
    used: int = 0
    seen: int = -1  # the map's count of changes that the mirror knows
    table: ctypes.Array[ctypes.c_int64] | None = None

    @property
    def address(self) -> int:
        assert self.table is not None
        return ctypes.addressof(self.table)

    def update(self, key: bytes | None = None) -> None:
        """Follow the map; `key` is the one that may have changed, if it is only one."""
        changes = self.map.changes - self.seen
        if changes == 0:
            return
        room = self.used + 1 < self.rows // 2
        if key is not None and changes == 1 and self.seen >= 0 and room:
            self._put([key], [self.map.slots.get(key, GONE)])
        else:
            self._build()
        self.seen = self.map.changes

    def _build(self) -> None:
        slots = self.map.slots
        self.rows = 1 << max(_SMALLEST, 4 * len(slots)).bit_length()
        row = [EMPTY, *[0] * _words(self.map.spec.key_size)]
        empty = b"".join((n & WORD64).to_bytes(WORD, "little") for n in row) * self.rows
        self.table = (ctypes.c_int64 * (len(row) * self.rows)).from_buffer_copy(empty)
        self.used = 0
        self._put(list(slots), list(slots.values()))

    def _put(self, keys: list[bytes], starts: list[int]) -> None:
        joined = ctypes.create_string_buffer(b"".join(keys))
        places = (ctypes.c_int64 * len(starts))(*starts)
        where = ctypes.addressof(joined), ctypes.addressof(places)
        self.fill(self.address, self.rows - 1, *where, len(keys))
        self.used += len(keys)


_KNOWN: WeakKeyDictionary[Map, Keys] = WeakKeyDictionary()


def keys_of(map: Hash, fill: Fill) -> Keys:
    """Return the mirror of a map, as it is now; it lives as long as the map."""
    if map not in _KNOWN:
        _KNOWN[map] = Keys(map, fill)
    keys = _KNOWN[map]
    keys.fill = fill
    keys.update()
    return keys
