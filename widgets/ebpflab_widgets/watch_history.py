"""A journal in the words of the views: what the page and the text are made of.

An entry is one operation: `m` which map, `g` its sign, `o` what was asked, `r` what
came back, `w` what it meant, `t` after which step of the run, `c` the rows that changed
([name, row or null, is it last]), `k` the row it is about, `a` what was asked about,
`x` what it met on its way, `h` the address that was looked up.
A row: `k` its key, `v` its value (a list: one a CPU, with the sum `s`), `p` its place,
and of records `z` bytes, `a` state, `u` CPU. Not here: how any of it is drawn.
"""

from dataclasses import replace
from typing import Any

from ebpflab.linux.journal import cpus_of, is_seen
from ebpflab.linux.livemap import LiveMap
from ebpflab.maps.base import Map
from ebpflab.maps.journals import Journal
from ebpflab.maps.lpm_trie import PREFIXLEN_SIZE, LpmTrie
from ebpflab.maps.operations import Operation
from ebpflab.maps.owners import Owner
from ebpflab.maps.rights import CPUS
from ebpflab.maps.rows import Row, applied
from ebpflab_widgets.watch_forms import form_of, trie_places
from ebpflab_widgets.watch_reasons import Before, reason
from ebpflab_widgets.watch_words import (
    cpu_texts,
    key_text,
    operation_text,
    owner_text,
    plain,
    result_text,
    shortened,
    sign_of,
    sum_of,
    value_text,
)

Entry = dict[str, Any]
ZEROED = ("array", "percpu_array")  # all their values are there from the start


class History:
    """What was heard, told; `read` goes on where it stopped."""

    def __init__(self, heard: Journal, phrases: dict[str, str]) -> None:
        self.heard, self.phrases = heard, phrases
        self.entries: list[Entry] = []
        self._numbers = {id(map): number for number, map in enumerate(heard.maps)}
        self._before = [
            Before(rows=heard.start[id(m)], from_empty=not heard.start[id(m)])
            for m in heard.maps
        ]

    def read(self, most: int) -> list[Entry]:
        """Return the first `most` entries, those that are new among them."""
        for op in self.heard.operations[len(self.entries) : most]:
            self.entries.append(self._entry(op))
        return self.entries

    def _entry(self, op: Operation) -> Entry:
        number = self._numbers[id(op.map)]
        before = self._before[number]
        entry = {
            "m": number,
            "g": sign_of(op),
            "o": operation_text(op),
            "r": result_text(op),
            "w": self._meaning(op, before),
            "b": op.by,
            "t": op.step,
            "c": [
                [name_of(c.name), c.new and self.row(op.map, c.name, c.new), c.last]
                for c in op.changes
            ],
            "k": self._about(op),
            "a": self._asked(op),
            "x": [name_of(met) for met in op.met],
        }
        if isinstance(op.map, LpmTrie) and isinstance(op.key, bytes):
            entry["h"] = op.key[PREFIXLEN_SIZE:].hex()
        rows = applied(before.rows, op.changes)
        pushed = {bytes(op.value)} if op.name == "push" and not op.error else set()
        self._before[number] = replace(
            before,
            rows=rows,
            pushed=before.pushed | pushed if pushed else before.pushed,
        )
        return entry

    def _meaning(self, op: Operation, before: Before) -> str:
        if op.error:
            return f"{op.error.problem}: {op.error.why}"
        key, values = reason(op, before)
        return self.phrases[f"why-{key}"].format(**values)

    def _about(self, op: Operation) -> str:
        """Return the name of the row that the operation is about, or ""."""
        if isinstance(op.map, LpmTrie):
            found = op.met[0] if op.met and op.name == "lookup" else None
            changed = op.changes[0].name if op.changes else None
            return name_of(found or changed) if found or changed else ""
        if form_of(op.map.type) == "array" and isinstance(op.key, bytes):
            return name_of(int.from_bytes(op.key, "little"))
        if isinstance(op.key, Owner):
            return name_of(op.key.number)
        if op.changes and not isinstance(op.key, bytes):
            return name_of(op.changes[-1].name)
        return name_of(op.key) if isinstance(op.key, bytes) else ""

    def _asked(self, op: Operation) -> str:
        """Return what was asked about, alone: a key, or a value of a filter."""
        if op.key is not None:
            return key_text(op.map, op.key)
        return "" if isinstance(op.value, int) else value_text(op.value)

    def row(self, map: Map, name: Any, row: Row) -> Entry:
        told: Entry = {"k": self._name(map, name), "p": row.place}
        if isinstance(row.value, list):
            told |= {"v": cpu_texts(row.value), "s": sum_of(row.value)}
        elif row.size and row.value is not None:  # a record: bytes, never a number
            told["v"] = shortened(plain(bytes(row.value)))
        elif row.value is not None:
            told["v"] = value_text(row.value)
        if row.size:
            told |= {"z": row.size, "u": row.cpu}
        return told | ({"a": row.state} if row.state else {})

    def _name(self, map: Map, name: Any) -> str:
        """Spell the name of a row; of an owner more than its number, if it is known."""
        if form_of(map.type) != "owners":
            return key_text(map, name)
        named = (op.key for op in self.heard.operations if op.map is map)
        asked = (key for key in named if isinstance(key, Owner))
        held = (key for key in getattr(map, "slots", ()) if isinstance(key, Owner))
        known = (str(o) for o in (*held, *asked) if o.number == name)
        return next(known, owner_text(map, name))

    def maps(self) -> list[Entry]:
        """Return what is known of each map, and what it held at the start."""
        return [self._map(map) for map in self.heard.maps]

    def _map(self, map: Map) -> Entry:
        start = self.heard.start[id(map)]
        told: Entry = {
            "name": map.name or map.type,
            "type": map.type,
            "form": shown_form(map),
            "spec": self._spec(map),
            "places": map.spec.max_entries,
            "cpus": self._cpus(map),
            "live": isinstance(map, LiveMap),
            "edits": self._edits(map),
            "start": [[name_of(n), self.row(map, n, row)] for n, row in start.items()],
        }
        if map.type in ZEROED:
            told["zero"] = value_text(map.typed(bytes(map.spec.value_size), "value"))
        if map.type == "bloom_filter" and isinstance(map, Map):
            told["places"] = 8 * len(map.values)
        if map.type == "lpm_trie":
            bits = 8 * (map.spec.key_size - PREFIXLEN_SIZE)
            told |= trie_places(*self._prefixes(map), bits)
        return told

    def _cpus(self, map: Map) -> int:
        if isinstance(map, LiveMap):
            return cpus_of(map)
        return CPUS if "percpu" in map.type or "perf" in map.type else 0

    def _spec(self, map: Map) -> str:
        spec = map.spec
        kind = map.type if map.type == "user_ringbuf" else shown_form(map)
        key = f"spec-{kind}" if f"spec-{kind}" in self.phrases else "spec-table"
        return self.phrases[key].format(
            key=spec.key_size,
            value=spec.value_size,
            count=spec.max_entries,
            hashes=getattr(map, "hashes", 0),
        )

    def _edits(self, map: Map) -> list[str]:
        form = shown_form(map)
        if form == "unseen":
            return []
        if map.type == "user_ringbuf" or form in ("owners", "pages"):
            return []
        if form in ("ring", "buffers"):
            return ["read"]
        if form in ("queue", "stack"):
            return ["push", "pop"]
        if form == "bits":
            return ["push", "peek"]
        things = map.type.endswith(("prog_array", "_of_maps", "cgroup_array"))
        return ["delete"] if things else ["update", "delete"]

    def _prefixes(self, map: Map) -> tuple[list[bytes], list[bytes]]:
        """Return every prefix that was ever there, and every key that was looked up."""
        size = map.spec.key_size
        ops = [op for op in self.heard.operations if op.map is map]
        ever = [c.name for op in ops for c in op.changes]
        asked = [op.key for op in ops if op.name == "lookup"]
        whole = [
            bytes(key) for key in asked if isinstance(key, bytes) and len(key) == size
        ]
        return [*self.heard.start[id(map)], *ever], whole  # type: ignore[list-item]

    def rows_at(self, number: int, step: int) -> list[Entry]:
        """Return what a map holds after `step` operations on all maps."""
        map = self.heard.maps[number]
        rows = dict(self.heard.start[id(map)])
        for op in self.heard.operations[:step]:
            if op.map is map:
                rows = applied(rows, op.changes)
        return [self.row(map, name, row) for name, row in rows.items()]


def shown_form(map: Map | LiveMap) -> str:
    """Return in which form a map is drawn; "unseen": Linux lets nobody look into it."""
    if isinstance(map, LiveMap):
        if not is_seen(map):
            return "unseen"
        form = form_of(map.type)
        return "table" if form == "lru" else form  # its order is the kernel's secret
    return form_of(map.type)


def name_of(name: Any) -> str:
    """Return a row's name as text: a key in hex, a number in digits."""
    return name.hex() if isinstance(name, bytes) else str(name)
