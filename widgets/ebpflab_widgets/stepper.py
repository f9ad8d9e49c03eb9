"""`step(run)`: a run, forwards and backwards, one instruction at a time.

The browser steps over the recorded timeline; Python is not asked. Not here: what
happened (`ebpflab.timeline`), how it is drawn (`stepper.js` and its parts), how it is
told (`text.py`).
"""

import json
from collections.abc import Sequence
from typing import Any, ClassVar

from ebpflab import describe
from ebpflab.errors import VmFault
from ebpflab.language import current_language
from ebpflab.results import Run
from ebpflab.timeline import Timeline
from ebpflab_widgets.text import SHOWN, Text
from ebpflab_widgets.view import View, script, style
from ebpflab_widgets.wording import ViewError, phrases

Steppable = Run | Timeline | VmFault

LIMIT = 200_000  # steps that a browser can hold
FEWEST_LINES = 8  # of each of several runs, as text

PARTS = (
    "js/dom.js",
    "js/words.js",
    "js/history.js",
    "js/facts.js",
    "js/sentence.js",
    "js/tape.js",
    "js/listing.js",
    "js/machine.js",
    "js/bytes.js",
    "js/drawers.js",
    "js/keys.js",
    "stepper.js",
)


class Stepper(View):
    """Runs to step through; `step` is the position, `chosen` which of them."""

    name: ClassVar[str] = "stepper"
    _esm = script(*PARTS)
    _css = style("stepper.css")

    def __init__(self, timelines: Sequence[Timeline], **traits: Any) -> None:
        language = current_language()
        effects = {s.effect.key for t in timelines for s in t.steps if s.effect}
        self._timelines = tuple(timelines)
        self._phrases = phrases(self.name, language, effects)
        super().__init__(
            data=self._packed(), lang=language, phrases=self._phrases, **traits
        )

    @property
    def text(self) -> str:
        shown = max(SHOWN // len(self._timelines), FEWEST_LINES)
        told = [Text(t, self._phrases).whole(shown) for t in self._timelines]
        if len(told) == 1:
            return told[0]
        return "\n".join(f"{self._label(n)}\n{text}" for n, text in enumerate(told))

    @property
    def title(self) -> str:
        return self._timelines[0].title

    def _packed(self) -> str:
        runs = (
            f'{{"label":{json.dumps(self._label(n))},"timeline":{timeline.to_json()}}}'
            for n, timeline in enumerate(self._timelines)
        )
        return f'{{"limit":{LIMIT},"runs":[{",".join(runs)}]}}'

    def _label(self, index: int) -> str:
        regions = self._timelines[index].regions
        packets = [r.contents for r in regions if r.kind == "packet"]
        key = "label-packet" if packets else "label"
        packet = describe(bytes.fromhex(packets[0])) if packets else ""
        return self._phrases[key].format(number=index + 1, packet=packet)


def step(
    thing: Steppable | Sequence[Steppable], *, at: int = 0, size: str = ""
) -> Stepper:
    """Show a run step by step; several runs get a selector.

    A VmFault shows the run up to where it went wrong.

    Args:    at: where to stand at first, 0 = before the first step.
             size: "" or "large", for the back row.
    Raises:  ViewError: this cannot be stepped through, or is too long.
             RunError: the run came from a real kernel, which records no steps.
    """
    several = isinstance(thing, list | tuple)
    things = thing if isinstance(thing, list | tuple) else [thing]
    if several and not things:
        raise ViewError.of("nothing-to-step")
    return Stepper([timeline_of(one) for one in things], step=at, size=size)


def timeline_of(thing: Any) -> Timeline:
    """Return the timeline to show, once it is known that it can be shown."""
    timeline = thing if isinstance(thing, Timeline) else recorded(thing)
    if len(timeline.steps) > LIMIT:
        raise ViewError.of("too-many-steps", count=len(timeline.steps), limit=LIMIT)
    for index, one in enumerate(timeline.steps):
        if one.parent != index - 1:
            raise ViewError.of("not-a-line", index=index)
    return timeline


def recorded(thing: Any) -> Timeline:
    """Return what a run recorded, up to its fault if it had one."""
    timeline = thing.timeline if isinstance(thing, Run | VmFault) else None
    if timeline is None:
        raise ViewError.of("not-steppable", kind=type(thing).__name__)
    return timeline
