"""What was done to maps in the real kernel, as far as userspace can see it.

Python's own operations are heard as with any map. What programs or other processes did
meanwhile is found by looking again: a row that differs from the last look is a `write`
or a `delete` by the "kernel", at the time of the look. Not here: maps of ours
(`ebpflab.maps.journals`), which hear each operation when it happens.

Kernel differs: between two looks anything may have happened; the last state is seen.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ebpflab.errors import MapError
from ebpflab.linux.cpus import possible_cpus
from ebpflab.linux.livemap import LiveMap
from ebpflab.maps.base import padded
from ebpflab.maps.journals import Journal
from ebpflab.maps.operations import Operation
from ebpflab.maps.rows import Row, Rows, difference

MOST_ROWS = 10_000  # that are read in one look
UNSEEN = (  # types that Linux lets nobody look through
    "queue",
    "stack",
    "bloom_filter",
    "ringbuf",
    "user_ringbuf",
    "perf_event_array",
)
KERNEL = "kernel"  # an operation by whoever else


def is_seen(map: LiveMap) -> bool:
    """Tell whether userspace can go through what a map holds."""
    return map.type not in UNSEEN


def cpus_of(map: LiveMap) -> int:
    """Return how many values stand under one key, one a CPU; 0: there is just one."""
    per_cpu = map.type.startswith(("percpu_", "lru_percpu_"))
    return len(possible_cpus()) if per_cpu else 0


def read_rows(map: LiveMap) -> Rows:
    """Read what a map holds now, the keys in their order, MOST_ROWS at most.

    Raises:  MapError: it cannot be read (any more).
    """
    found: dict[bytes, Any] = {}
    if is_seen(map):
        for key in map.keys():  # noqa: SIM118
            value = LiveMap.lookup(map, key)
            if value is not None:
                found[key] = value
            if len(found) >= MOST_ROWS:
                break
    if not map.type.endswith("array"):
        keys = enumerate(sorted(found))
        return {key: Row(_values(map, found[key]), place) for place, key in keys}
    indexed = {int.from_bytes(key, "little"): found[key] for key in found}
    return {at: Row(_values(map, indexed[at]), at) for at in sorted(indexed)}


def _values(map: LiveMap, value: bytes) -> Any:
    """Return a value; of a per-CPU map, a list of them."""
    count, size = cpus_of(map), map.spec.value_size
    if not count:
        return value
    starts = range(0, count * padded(size), padded(size))
    return [map.typed(bytes(value[at : at + size]), "value") for at in starts]


class LiveJournal(Journal):
    """Listens to maps in the kernel; `lost` is why one cannot be read any more."""

    lost: MapError | None = None

    def _look(self, map: Any) -> Rows:
        """Look once more; what cannot be read any more stays as it was seen last.

        Raises:  MapError: it could never be read.
        """
        inside, self._inside = self._inside, True
        try:
            return self._placed(map, read_rows(map))
        except MapError as error:
            if id(map) not in self._rows:
                raise
            self.lost = error
            return self._rows[id(map)]
        finally:
            self._inside = inside

    def _placed(self, map: Any, rows: Rows) -> Rows:
        """Give each new row the lowest free number, and let the others keep theirs."""
        if map.type.endswith("array"):
            return rows
        known = self._rows.get(id(map), {})
        taken = {known[name].place for name in rows if name in known}
        free = (number for number in range(len(rows)) if number not in taken)
        made = {}
        for name, row in rows.items():
            place = known[name].place if name in known else next(free)
            made[name] = replace(row, place=place)
        return made

    def _know(self, map: Any, rows: Rows) -> None:
        self._rows[id(map)] = rows

    def _settle(self, maps: Iterable[Any] = ()) -> None:
        """Find what others have done meanwhile."""
        for map in maps or self.maps:
            new = self._look(map)
            changes = difference(self._rows[id(map)], new)
            self._know(map, new)
            for change in changes:
                name = "write" if change.new else "delete"
                value = change.new.value if change.new else None
                key = change.name
                made = Operation(map, name, KERNEL, key, value, changes=(change,))
                self._keep(made)


def journal(maps: Iterable[LiveMap]) -> LiveJournal:
    """Return a journal of maps in the kernel; `with` listens, its `operations` tell."""
    return LiveJournal(tuple(maps))  # type: ignore[arg-type]
