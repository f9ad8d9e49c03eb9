"""One operation on a map: what was asked, what came of it, what it changed.

It is made of a call of one of the map's own methods, whoever called: userspace, a
helper, or a program through a pointer. Not here: who listens (`journals.py`).
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ebpflab.errors import EbpfLabError, MapError
from ebpflab.maps.base import Map
from ebpflab.maps.percpu import PerCpu
from ebpflab.maps.rows import RowChange
from ebpflab.results import Event

# What a method does. Those of programs have other names in the engine than userspace's.
USERSPACE = {
    **{name: name for name in ("lookup", "update", "delete", "pop", "push", "peek")},
    "read": "read",
    "write": "write",
}
PROGRAM = {
    "find": "lookup",
    "thing_at": "lookup",
    "holds": "lookup",
    "store": "update",
    "hold": "update",
    "remove": "delete",
    "put": "push",
    "take": "pop",
    "look": "peek",
    "reserve": "reserve",
    "commit": "submit",
    "output": "output",
    "alloc": "alloc",
    "release": "release",
}
WITHOUT_KEY = {"update": "push", "lookup": "peek"}


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation on a map, and what it did there."""

    map: Map
    name: str  # lookup, update, delete, push, ...; write: through a pointer
    by: str  # "userspace" or "program"
    key: Any = None  # bytes, or what was given in their place
    value: Any = None  # what was put in
    flags: int = 0
    result: Any = None  # what was found or taken; None = nothing
    error: MapError | None = None
    changes: tuple[RowChange, ...] = ()
    met: tuple[Any, ...] = ()  # lpm_trie: the prefixes that fit; bloom_filter: the bits
    step: int = 0  # instructions that had run; 0 = outside of a run

    @property
    def evicted(self) -> tuple[RowChange, ...]:
        """The rows that went although nobody asked for it."""
        if self.name not in ("update", "push") or self.error:
            return ()
        return tuple(change for change in self.changes if change.new is None)


def asked(
    map: Map,
    method: str,
    name: str,
    own: Callable[..., Any],
    arguments: tuple[Any, ...],
    named: dict[str, Any],
) -> Operation:
    """Return what a call of a map's own method asks for, before it is done.

    Args:    method: what the map calls it. name: what people call it, see the tables.
    """
    by = "program" if method in PROGRAM else "userspace"
    try:
        given = inspect.signature(own).bind(*arguments, **named)
    except TypeError:  # the map will say so
        return Operation(map, name, by)
    given.apply_defaults()
    said = given.arguments
    key, value = said.get("key"), said.get("value")
    if not map.spec.key_size:
        name = WITHOUT_KEY.get(name, name)
        value = key or None if name == "peek" and value is None else value
        key = None
    if method == "reserve":
        value = said["size"]
    elif method in ("commit", "output"):
        value = said.get("data", said.get("record"))
        name = "discard" if value is None else name
    elif method in ("write", "alloc", "release"):
        value = said.get("data", said.get("count"))
    heard = Operation(map, name, by, key, value, said.get("flags", 0))
    heard = replace(heard, **_in_bytes(map, heard))
    return replace(heard, met=_met(map, heard))


def answered(heard: Operation, method: str, result: Any) -> Any:
    """Return what an operation gave: for programs' methods, the value behind it."""
    map = heard.map
    if method == "find" and result is not None:
        found = map.values[result : result + map.spec.value_size]
        return map.typed(found, "value")
    if method == "holds":
        return heard.value if result else None
    if method == "reserve":
        return None if result is None else heard.value
    if heard.name == "read":
        return [event.data for event in result if isinstance(event, Event)]
    return result


def _in_bytes(map: Map, heard: Operation) -> dict[str, Any]:
    """Return key and value as bytes, where they can be."""
    made: dict[str, Any] = {}
    with_key = heard.key is not None
    for part, way in (("key", map.key_bytes), ("value", map.value_bytes)):
        given = getattr(heard, part)
        if given is None or heard.name in ("reserve", "submit", "output", "discard"):
            continue
        try:
            each = isinstance(map, PerCpu) and isinstance(given, list | tuple)
            whole = [map.typed(way(one), part) for one in given] if each else None
            made[part] = whole or map.typed(way(given), part)
        except EbpfLabError:  # a thing, or something wrong: the map will say so
            made[part] = given
    return made if with_key or "value" in made else {}


def _met(map: Map, heard: Operation) -> tuple[Any, ...]:
    """Return what the map looks at: prefixes that fit, or bits."""
    met = getattr(map, "met", None)
    asked = heard.key if map.spec.key_size else heard.value
    wants = map.spec.key_size if map.spec.key_size else map.spec.value_size
    if met is None or not isinstance(asked, bytes) or len(asked) != wants:
        return ()
    return tuple(met(asked))
