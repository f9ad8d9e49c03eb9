"""`watch(map)`: what a map holds, and what was done to it, forwards and backwards.

From then on every operation on it is recorded and shown, until the view is closed; of a
run, those of its recording. The browser goes through what was recorded; Python is asked
only to edit, and where no Python is, nothing can be edited. Not here: what happened
(`ebpflab.maps.journals`), how it is told (`watch_words.py`, `watch_reasons.py`), how
it is drawn (`watch.js`).
"""

import asyncio
import json
from ast import literal_eval
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from hashlib import sha256
from typing import Any, ClassVar

from ebpflab.errors import EbpfLabError
from ebpflab.language import current_language
from ebpflab.linux.journal import journal as kernel_journal
from ebpflab.linux.livemap import LiveMap
from ebpflab.maps.base import Map
from ebpflab.maps.journals import Journal, journal
from ebpflab.results import Run
from ebpflab.timeline import Timeline
from ebpflab_widgets.view import View, script, style
from ebpflab_widgets.watch_history import History
from ebpflab_widgets.watch_live import check_entries, heard_again, live_maps
from ebpflab_widgets.wording import ViewError, phrases

LIMIT = 20_000  # operations that a view can hold
LOOK = "look"  # what a page asks for: has somebody else changed a map in the kernel?
SHOWN_ROWS = 40  # as text
DIGITS = 12  # of the digest

PARTS = (
    "js/dom.js",
    "js/shared/mount.js",
    "js/shared/passing.js",
    "js/watch/history.js",
    "js/watch/morph.js",
    "js/watch/parts.js",
    "js/watch/tape.js",
    "js/watch/table.js",
    "js/watch/lines.js",
    "js/watch/trie.js",
    "js/watch/ring.js",
    "js/watch/bits.js",
    "js/watch/forms.js",
    "js/watch/edit.js",
    "watch.js",
)


class MapView(View):
    """Maps over time; `step` counts operations on all of them, `chosen` is one map."""

    name: ClassVar[str] = "watch"
    _esm = script(*PARTS)
    _css = style("watch.css")

    def __init__(
        self, heard: Journal, timeline: Timeline | None, at: int | None, **traits: Any
    ) -> None:
        language = current_language()
        self._phrases = phrases(self.name, language, set())
        self._heard, self._timeline = heard, timeline
        self._stale, self._lost = False, None
        self._history = History(heard, self._phrases)
        count = len(heard)
        super().__init__(
            data=self._packed(),
            lang=language,
            phrases=self._phrases,
            step=count if at is None else max(0, min(at, count)),
            **traits,
        )
        heard.listener = self._later
        if hasattr(self, "on_msg"):  # not without anywidget
            self.on_msg(self._asked)

    @property
    def text(self) -> str:
        self.refresh()
        told = (self._told(number) for number in range(len(self._heard.maps)))
        return "\n".join([*told, self._digest()])

    @property
    def title(self) -> str:
        return ", ".join(map.name or map.type for map in self._heard.maps)

    def refresh(self) -> None:
        """Show what was done meanwhile; a notebook does so after each cell."""
        self._stale = False
        before, count = len(self._history.entries), len(self._heard)
        lost = getattr(self._heard, "lost", None) is not self._lost
        if count == before and not lost:
            return
        at_end = self.step >= before
        self.data, self._lost = self._packed(), getattr(self._heard, "lost", None)
        if at_end:
            self.step = len(self._history.entries)

    def close(self) -> None:
        """Stop listening, and close the view."""
        self._heard.end()
        if hasattr(super(), "close"):
            super().close()

    def state(self) -> dict[str, Any]:
        self.refresh()
        return super().state()

    def _later(self) -> None:
        """There is more to show: once this cell has ended, where there are cells."""
        if self._stale:
            return
        try:
            asyncio.get_running_loop().call_soon(self.refresh)
        except RuntimeError:  # a script: whoever looks at the view refreshes it
            return
        self._stale = True

    def _asked(self, _: Any, message: Any, __: Any = None) -> None:
        """Do what the reader asked for in the page; what is refused is told there."""
        try:
            number, kind = message["map"], str(message["do"])
            map = self._heard.maps[number]
            if kind == LOOK:
                self.refresh()
                return
            key, value = _literal(message["key"]), _literal(message["value"])
        except (KeyError, IndexError, TypeError):
            return
        with suppress(EbpfLabError):  # what is refused stands in the journal
            _do(map, kind, key, value)
        self.step = len(self._heard)
        self.refresh()

    def _packed(self) -> str:
        entries = self._history.read(LIMIT)
        whole = {
            "limit": LIMIT,
            "cut": len(self._heard) + self._heard.missed - len(entries),
            "maps": self._history.maps(),
            "operations": entries,
            "run": self._run(),
            "lost": str(getattr(self._heard, "lost", None) or ""),
        }
        return json.dumps(whole, ensure_ascii=False, separators=(",", ":"))

    def _run(self) -> dict[str, Any] | None:
        """Return by what a stepper of the same run is known, on the same page."""
        if self._timeline is None:
            return None
        steps = len(self._timeline.steps)
        return {"key": f"{self._timeline.title}/{steps}", "steps": steps}

    def _told(self, number: int) -> str:
        """Tell one map: the last operation up to `step`, then what it holds."""
        map, history = self._heard.maps[number], self._history
        done = [entry for entry in history.entries[: self.step] if entry["m"] == number]
        all_of_it = sum(entry["m"] == number for entry in history.entries)
        key = "text-after" if done else "text-start"
        last = ""
        if done:
            result = done[-1]["r"]
            last = done[-1]["o"] + (f" -> {result}" if result else "")
        head = self._phrases[key].format(
            name=map.name, type=map.type, t=len(done), count=all_of_it, last=last
        )
        rows = history.rows_at(number, self.step)
        lines = [f"  {row['k']}{_told_row(row)}" for row in rows[:SHOWN_ROWS]]
        if len(rows) > SHOWN_ROWS:
            more = self._phrases["text-more"]
            lines.append("  " + more.format(count=len(rows) - SHOWN_ROWS))
        return "\n".join([head, *lines])

    def _digest(self) -> str:
        whole = repr((self._history.maps(), self._history.entries))
        digits = sha256(whole.encode()).hexdigest()[:DIGITS]
        count = len(self._history.entries)
        return self._phrases["text-digest"].format(count=count, digest=digits)


def _told_row(row: dict[str, Any]) -> str:
    shown = row.get("v", "")
    both = " | ".join(shown) + f"  ({row['s']})" if isinstance(shown, list) else shown
    return " = " + both if both else ""


def _literal(text: Any) -> Any:
    """Read what a reader typed: a number, a dict, else the text itself."""
    try:
        return literal_eval(str(text).strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return str(text).strip()


def _do(map: Map | LiveMap, kind: str, key: Any, value: Any) -> None:
    actions: dict[str, Callable[[], Any]] = {
        "update": lambda: map.update(key, value),
        "delete": lambda: map.delete(key),
        "push": lambda: map.update(b"", value),
        "peek": lambda: map.lookup(value),
        "pop": lambda: map.pop(),
        "read": lambda: getattr(map, "read", map.pop)(),
    }
    if kind in actions:
        actions[kind]()


def watch(
    thing: Map | LiveMap | Run | Mapping[str, Any] | Iterable[Any],
    *,
    at: int | None = None,
    size: str = "",
) -> MapView:
    """Show maps, and every operation on them from now on; of a run, its own.

    Of a map in the real kernel, Python's operations are heard; what others did to it is
    seen when the view looks again: `view.refresh()`, or "look again" in the page.

    Args:    thing: a live map, several, `lab.maps(obj)`, `lab.linux.maps(obj)`, or a
             run.
             at: after how many operations to stand at first; None = after the last.
             size: "" or "large", for the back row.
    Raises:  ViewError: these are no live maps, one holds too much, or `at` is no
             number.
             MapError: the kernel does not let us read one.
             RunError: the run came from a real kernel, which records no steps.
    """
    if at is not None and not isinstance(at, int):
        raise ViewError.of("no-moment", found=repr(at))
    if isinstance(thing, Run):
        heard, timeline = heard_again(thing)
        return MapView(heard, timeline, at, size=size)
    maps = live_maps(thing)
    for map in maps:
        check_entries(map)
    in_kernel = isinstance(maps[0], LiveMap)
    heard = kernel_journal(maps) if in_kernel else journal(maps)
    heard.begin()
    return MapView(heard, None, at, size=size)
