"""What a map holds at one moment, row by row: for people who look, not for programs.

A row's name is its key, its index, or the number under which it came;
the rows stand in the map's own order (an LRU map: what goes next comes first).
"""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

Name = Hashable  # bytes: a key; int: an index, a bit, a position, a serial number


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that a map holds."""

    value: Any = None  # bytes, one a CPU in a list, or a Program or map
    place: int = 0  # where it stands: slot, index, bit, or byte of a buffer
    size: int = 0  # bytes that it takes in a buffer, header included
    state: str = ""  # a record's: reserved, ready, discarded
    cpu: int = -1  # that sent it; -1 = none did


Rows = dict[Name, Row]


@dataclass(frozen=True, slots=True)
class RowChange:
    """One row before and after an operation; None = it is not there."""

    name: Name
    old: Row | None
    new: Row | None
    last: bool = False  # it stands last now: new, or just used


def difference(old: Rows, new: Rows) -> tuple[RowChange, ...]:
    """Return what turns `old` into `new`, at most one row being put last."""
    gone = (RowChange(name, row, None) for name, row in old.items() if name not in new)
    changed = [
        RowChange(name, old.get(name), row, last=name not in old)
        for name, row in new.items()
        if old.get(name) != row
    ]
    last = next(reversed(new), None)
    if last in old and last != next((n for n in reversed(old) if n in new), None):
        kept = [change for change in changed if change.name != last]
        changed = [*kept, RowChange(last, old[last], new[last], last=True)]
    return (*gone, *changed)


def applied(rows: Rows, changes: tuple[RowChange, ...]) -> dict[Name, Row]:
    """Return the rows after some changes."""
    made = dict(rows)
    for change in changes:
        if change.last or change.new is None:
            made.pop(change.name, None)
        if change.new is not None:
            made[change.name] = change.new
    return made
