"""What an operation meant: which sentence of the catalogue tells it, and its values.

One function a verb; each looks at the operation as the engine recorded it. Not here:
the sentences themselves (`catalogue/watch.toml`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from ebpflab.linux.journal import KERNEL
from ebpflab.linux.livemap import LiveMap
from ebpflab.maps.base import padded
from ebpflab.maps.bloom_filter import BloomFilter
from ebpflab.maps.lpm_trie import LpmTrie
from ebpflab.maps.lru import LruHash
from ebpflab.maps.operations import Operation
from ebpflab.maps.perf_event_array import PerfEventArray
from ebpflab.maps.ringbuf import HEADER_BYTES, Ringbuf
from ebpflab.maps.rows import Row, Rows
from ebpflab.maps.sequence import Queue, Stack
from ebpflab.maps.slots import SlotMap
from ebpflab_widgets.watch_words import cpu_texts, key_text, prefix_text, value_text

Told = tuple[str, dict[str, object]]  # a row of the catalogue, and its values


@dataclass
class Before:
    """What is known of a map before an operation."""

    rows: Rows
    pushed: set[bytes] = field(default_factory=set)  # bloom_filter: since it was empty
    from_empty: bool = True


def reason(op: Operation, before: Before) -> Told:
    """Return what an operation meant; an error speaks for itself."""
    if op.by == KERNEL:
        return _seen(op)
    return VERBS[op.name](op, before)


def told_value(row: Row | None) -> str:
    value = row.value if row else None
    return ", ".join(cpu_texts(value)) if isinstance(value, list) else value_text(value)


def _seen(op: Operation) -> Told:
    """What the last look at a map in the kernel found changed."""
    change = op.changes[0]
    if change.new is None:
        return "seen-gone", {"old": told_value(change.old)}
    if change.old is None:
        return "seen-new", {"new": told_value(change.new)}
    old, new = told_value(change.old), told_value(change.new)
    return "seen-changed", {"old": old, "new": new}


def _lookup(op: Operation, before: Before) -> Told:
    if isinstance(op.map, LpmTrie):
        return _lookup_in_trie(op)
    if op.result is None:
        return ("missed-program" if op.by == "program" else "missed"), {}
    if isinstance(op.map, LiveMap):
        return "found-kernel", {}
    if isinstance(op.map, LruHash):
        used = op.by == "program"
        return ("used" if used else "not-used"), {}
    return ("found-array" if not isinstance(op.map, SlotMap) else "found"), {}


def _lookup_in_trie(op: Operation) -> Told:
    names = [prefix_text(met) for met in op.met]
    if not names:
        return "none-fits", {}
    key = "one-fits" if len(names) == 1 else "several-fit"
    return key, {"count": len(names), "prefix": names[0]}


def _update(op: Operation, before: Before) -> Told:
    new = next((c for c in op.changes if c.new and c.old is None), None)
    if op.evicted:
        return "evicted", {"key": key_text(op.map, op.evicted[0].name)}
    if new and isinstance(op.map, LpmTrie):
        bits = int.from_bytes(op.key[:4], "little") if op.key else 0
        return "new-prefix", {"bits": bits}
    if new and isinstance(op.map, SlotMap):
        full = len(before.rows) + 1 == op.map.spec.max_entries
        place = new.new.place if new.new else 0
        return ("new-full" if full else "new"), {"place": place}
    replaced = next((c for c in op.changes if c.old != c.new), None)
    if replaced is None:
        return "same-again", {}
    if replaced.old is None:
        return "first", {}
    values: dict[str, object] = {
        "old": told_value(replaced.old),
        "new": told_value(replaced.new),
    }
    return "replaced", values


def _delete(op: Operation, before: Before) -> Told:
    return "deleted", {}


def _write(op: Operation, before: Before) -> Told:
    if not op.changes:
        return "same-again", {}
    change = op.changes[0]
    old = told_value(change.old) or "0"
    return "written-through", {"old": old, "new": told_value(change.new) or "0"}


def _push(op: Operation, before: Before) -> Told:
    if isinstance(op.map, BloomFilter):
        fresh = sum(change.old is None for change in op.changes)
        shared = len(set(op.met)) - fresh
        key = "bits-shared" if shared else "bits-set"
        return key, {"count": len(op.met), "fresh": fresh, "shared": shared}
    if op.evicted:
        return "dropped", {"value": told_value(op.evicted[0].old)}
    if isinstance(op.map, Stack):
        return "on-top", {}
    waiting = len(before.rows)
    key = {0: "waits-first", 1: "waits-one"}.get(waiting, "waits")
    return key, {"count": waiting}


def _pop(op: Operation, before: Before) -> Told:
    if not isinstance(op.map, Queue):
        return "taken", {}
    return ("newest-first" if isinstance(op.map, Stack) else "oldest-first"), {}


def _peek(op: Operation, before: Before) -> Told:
    if not isinstance(op.map, BloomFilter):
        return ("empty" if op.result is None else "peeked"), {}
    if op.result is None:
        bit = next((bit for bit in op.met if bit not in before.rows), 0)
        return "bit-missing", {"bit": bit}
    false = before.from_empty and bytes(op.result) not in before.pushed
    return ("false-positive" if false else "perhaps"), {"count": len(op.met)}


def _reserve(op: Operation, before: Before) -> Told:
    if op.result is not None:
        return "reserved", {}
    taken = sum(row.size for row in before.rows.values())
    size = op.value if isinstance(op.value, int) else 0
    free = op.map.spec.max_entries - taken - HEADER_BYTES
    return "no-room", {"need": padded(HEADER_BYTES + size), "free": max(0, free)}


def _submit(op: Operation, before: Before) -> Told:
    closed = {change.name for change in op.changes}
    still = (n for n, row in before.rows.items() if row.state == "reserved")
    first = next((n for n in before.rows if n in closed), None)
    waits = first is not None and next(still, first) != first
    return ("waits-for-earlier" if waits else "ready"), {}


def _discard(op: Operation, before: Before) -> Told:
    return "discarded", {}


def _output(op: Operation, before: Before) -> Told:
    if isinstance(op.map, PerfEventArray):
        new = op.changes[0].new if op.changes else None
        return "to-buffer", {"cpu": new.cpu if new else 0}
    return "at-once", {"header": HEADER_BYTES}


def _read(op: Operation, before: Before) -> Told:
    if not op.changes:
        held = isinstance(op.map, Ringbuf) and before.rows
        return ("read-waits" if held else "read-nothing"), {}
    return "read-all", {"count": len(op.result)}


def _alloc(op: Operation, before: Before) -> Told:
    if op.result is None:
        return "no-pages", {"count": op.value}
    return "pages", {"count": op.value, "page": op.result}


def _release(op: Operation, before: Before) -> Told:
    return "pages-back", {"count": len(op.changes)}


VERBS: dict[str, Callable[[Operation, Before], Told]] = {
    "lookup": _lookup,
    "update": _update,
    "delete": _delete,
    "write": _write,
    "push": _push,
    "pop": _pop,
    "peek": _peek,
    "reserve": _reserve,
    "submit": _submit,
    "discard": _discard,
    "output": _output,
    "read": _read,
    "alloc": _alloc,
    "release": _release,
}
