"""What was done to maps, operation by operation: the journal that `watch` shows.

    with journal(blocked) as ops:
        blocked["10.0.0.7"] = 1
    ops.operations[0].changes

Python's operations, helpers' and a program's writes through a pointer become one list.
It costs nothing where no journal is on: one that is on stands before the map's own
methods. A run that is told again (`run.timeline`) is heard only by a journal that asks
for it, and tells it after which instruction something happened. Otherwise a write
through a pointer is found at the map's next operation; and lookups within compiled
code are not heard. Not here: what one operation is (`operations.py`), how a map looks
(`rows.py`), how it is drawn.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from ebpflab.errors import MapError, expect
from ebpflab.maps.base import Map
from ebpflab.maps.operations import PROGRAM, USERSPACE, Operation, answered, asked
from ebpflab.maps.rows import Row, Rows, difference

MOST = 200_000  # operations that are kept; later ones are counted

_on: list["Journal"] = []  # the journals that are on
_retellings = 0  # how many runs are being told again now


@dataclass
class Journal:
    """Listens to maps; `operations` is what it heard, oldest first."""

    maps: tuple[Map, ...]
    of_retelling: bool = False  # it hears the run told again, and nothing else
    start: dict[int, Rows] = field(default_factory=dict)  # by id of the map
    heard: list[Operation] = field(default_factory=list)
    missed: int = 0  # operations beyond MOST
    listener: Callable[[], None] | None = None  # is told that there is more

    def __post_init__(self) -> None:
        self._rows: dict[int, Rows] = {}
        self._values: dict[int, bytes] = {}
        self._inside = False
        self._unplaced = 0  # the first operation whose instruction is not known yet

    @property
    def operations(self) -> tuple[Operation, ...]:
        """All operations up to now."""
        if self in _on and not self.of_retelling:
            self._settle()
        return tuple(self.heard)

    def __iter__(self) -> Iterator[Operation]:
        return iter(self.operations)

    def __len__(self) -> int:
        return len(self.operations)

    # -- on and off --

    def begin(self) -> None:
        """Take what the maps hold now as the start, and listen."""
        for map in self.maps:
            self.start[id(map)] = self._look(map)
            self._know(map, self.start[id(map)])
            for method, name in (USERSPACE | PROGRAM).items():
                if hasattr(map, method):
                    own = getattr(map, method)
                    heard = partial(self._call, map, method, name, own)
                    setattr(map, method, heard)
        _on.append(self)

    def end(self) -> None:
        """Stop listening."""
        if self not in _on:
            return
        if not self.of_retelling:
            self._settle()
        _on.remove(self)
        for map in self.maps:
            for method in (USERSPACE | PROGRAM).keys() & vars(map).keys():
                setattr(map, method, _without(self, getattr(map, method)))
                if not isinstance(getattr(map, method), partial):
                    delattr(map, method)

    def __enter__(self) -> "Journal":
        self.begin()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    # -- what is heard --

    def _call(
        self,
        map: Map,
        method: str,
        name: str,
        own: Callable[..., Any],
        *arguments: Any,
        **named: Any,
    ) -> Any:
        """Do what the map's own method does, and note it."""
        if self._inside or self.of_retelling != bool(_retellings):
            return own(*arguments, **named)
        self._settle((map,))
        heard = asked(map, method, name, _innermost(own), arguments, named)
        self._inside = True
        try:
            result = own(*arguments, **named)
        except MapError as error:
            self._note(replace(heard, error=error))
            raise
        finally:
            self._inside = False
        self._note(replace(heard, result=answered(heard, method, result)))
        return result

    def _note(self, heard: Operation) -> None:
        new = self._look(heard.map)
        changes = difference(self._rows[id(heard.map)], new)
        self._know(heard.map, new)
        self._keep(replace(heard, changes=changes))

    def _keep(self, heard: Operation) -> None:
        if len(self.heard) >= MOST:
            self.missed += 1
        else:
            self.heard.append(heard)
        if self.listener:
            self.listener()

    def _look(self, map: Map) -> Rows:
        """Return what a map holds now."""
        return map.rows()

    def _know(self, map: Map, rows: Rows) -> None:
        self._rows[id(map)] = rows
        self._values[id(map)] = bytes(map.values)

    def _settle(self, maps: Iterable[Map] = ()) -> None:
        """Find what a program has written through a pointer meanwhile."""
        for map in maps or self.maps:
            if map.values == self._values[id(map)]:
                continue
            new = self._look(map)
            for change in difference(self._rows[id(map)], new):
                row = change.new or Row()
                written = Operation(map, "write", "program", change.name, row.value)
                self._keep(replace(written, changes=(change,)))
            self._know(map, new)

    # -- a run that is told again --

    def restart(self) -> None:
        """The run begins again now, with the contents that the maps have now."""
        self.heard.clear()
        self._unplaced = self.missed = 0
        for map in self.maps:
            self.start[id(map)] = self._look(map)
            self._know(map, self.start[id(map)])

    def stepped(self, count: int) -> None:
        """`count` instructions have run: what was heard since belongs to the last."""
        self._settle()
        for at in range(self._unplaced, len(self.heard)):
            self.heard[at] = replace(self.heard[at], step=count)
        self._unplaced = len(self.heard)


def journal(
    maps: Map | Iterable[Map] | Mapping[str, Map], *, of_retelling: bool = False
) -> Journal:
    """Return a journal of these maps; `with` listens, its `operations` tell.

    Args:    of_retelling: hear runs told again (`run.timeline`), and nothing else.
    Raises:  ProgramError: there is something else than a live map.
    """
    several = maps.values() if isinstance(maps, Mapping) else maps
    listed = [several] if isinstance(several, Map) else several
    expect(listed, Iterable, "journal(...)")
    made = tuple(listed)
    for map in made:
        expect(map, Map, "journal(...)")
    return Journal(made, of_retelling)


@contextmanager
def retelling() -> Iterator[None]:
    """A run is told again meanwhile: it is no news for those who heard it."""
    global _retellings
    _retellings += 1
    try:
        yield
    finally:
        _retellings -= 1


def restarted() -> None:
    """Tell those who listen to a run told again that its last turn begins."""
    for each in _on:
        if each.of_retelling:
            each.restart()


def stepped(count: int) -> None:
    """Tell those who listen to a run told again that `count` instructions have run."""
    for each in _on:
        if each.of_retelling:
            each.stepped(count)


def _innermost(method: Callable[..., Any]) -> Callable[..., Any]:
    """Return the map's own method, below those who listen."""
    while isinstance(method, partial):
        method = method.args[3]
    return method


def _without(journal: Journal, method: Any) -> Any:
    """Return the method with everybody listening but this journal."""
    if not isinstance(method, partial):
        return method
    if method.func.__self__ is journal:  # type: ignore[attr-defined]
        return method.args[3]
    *head, own = method.args
    return partial(method.func, *head, _without(journal, own))
