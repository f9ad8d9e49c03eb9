"""Which maps can be watched: live ones, that hold no more than a page can show.

Not here: what was done to them (`ebpflab.maps.journals`), the view (`watch.py`).
"""

from collections.abc import Mapping
from contextlib import suppress
from itertools import islice
from typing import Any

from ebpflab.errors import MapError
from ebpflab.linux.livemap import LiveMap
from ebpflab.maps.base import Map
from ebpflab.maps.journals import Journal, journal
from ebpflab.results import Run
from ebpflab.timeline import Timeline
from ebpflab_widgets.wording import ViewError

ENTRIES = 10_000  # that a map may hold when the view begins


def heard_again(run: Run) -> tuple[Journal, Timeline]:
    """Let a run be told again, and hear what it does to its maps."""
    maps = [map for map in run.maps.values() if isinstance(map, Map)]
    if not maps:
        raise ViewError.of("no-maps")
    with journal(maps, of_retelling=True) as heard:
        timeline = run.replay() if run.replay else run.timeline
    return heard, timeline


def live_maps(thing: Any) -> list[Any]:
    """Return the live maps that are to be shown: all ours, or all the kernel's."""
    if isinstance(thing, Map | LiveMap):
        return [thing]
    several = thing.values() if isinstance(thing, Mapping) else thing
    try:
        made = list(several)
    except TypeError:
        made = [several]
    wrong = [one for one in made if not isinstance(one, Map | LiveMap)]
    if wrong or not made:
        kind = type(wrong[0]).__name__ if wrong else "-"
        raise ViewError.of("not-a-map", kind=kind)
    if len({isinstance(one, LiveMap) for one in made}) > 1:
        raise ViewError.of("maps-of-both")
    return made


def check_entries(map: Map | LiveMap) -> None:
    """Refuse a map that holds more than a page can show, before it is read whole."""
    if _count(map) > ENTRIES:
        name = map.name or map.type
        raise ViewError.of("too-many-entries", name=name, limit=f"{ENTRIES:,}")


def _count(map: Map | LiveMap) -> int:
    """Count the entries, up to one more than fits."""
    if isinstance(map, LiveMap) or not map.type.endswith("array"):  # ours are sparse
        with suppress(MapError):  # an arena and values of owners have no keys
            return sum(1 for _ in islice(map.keys(), ENTRIES + 1))
    return len(map.rows()) if isinstance(map, Map) else 0
