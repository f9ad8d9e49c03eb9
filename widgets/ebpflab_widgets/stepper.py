"""`step(run)`: a run, forwards and backwards, one instruction at a time.

The browser steps over the recorded timeline; Python is not asked. A verdict may stand
beside a run (`beside.py`), or be stepped through itself, path by path (`walks.py`).
Not here: what happened (`ebpflab.timeline`), how it is drawn (`stepper.js` and its
parts), how it is told (`text.py`).
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ebpflab import describe
from ebpflab.errors import VmFault
from ebpflab.language import current_language
from ebpflab.results import Run, Verdict
from ebpflab.timeline import EXPLORATION, Timeline
from ebpflab_widgets.beside import Claims, SideBySide
from ebpflab_widgets.text import SHOWN, Text
from ebpflab_widgets.view import View, script, style
from ebpflab_widgets.walk_text import WalkText
from ebpflab_widgets.walks import Walk
from ebpflab_widgets.wording import ViewError, phrases

Steppable = Run | Timeline | VmFault | Verdict

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
    "js/arcs.js",
    "js/machine.js",
    "js/stack.js",
    "js/bytes.js",
    "js/drawers.js",
    "js/shared/passing.js",
    "js/keys.js",
    "js/stepper/choices.js",
    "js/stepper/claims.js",
    "js/stepper/rulers.js",
    "js/stepper/columns.js",
    "js/stepper/bits.js",
    "js/stepper/frames.js",
    "js/stepper/ahead.js",
    "js/stepper/stops.js",
    "js/stepper/predict.js",
    "js/stepper/controls.js",
    "js/stepper/acts.js",
    "js/stepper/view.js",
    "stepper.js",
)


@dataclass(frozen=True)
class Shown:
    """One thing to step through: a run, maybe beside a verdict, or an exploration."""

    timeline: Timeline
    beside: SideBySide | None = None
    walk: Walk | None = None


class Stepper(View):
    """What to step through; `step` is the position, `chosen` which run or path."""

    name: ClassVar[str] = "stepper"
    _esm = script(*PARTS)
    _css = style("stepper.css")

    def __init__(
        self, shown: Sequence[Shown], claims: Claims, predict: bool, **traits: Any
    ) -> None:
        language = current_language()
        steps = (step for one in shown for step in one.timeline.steps)
        effects = {step.effect.key for step in steps if step.effect}
        self._shown, self._claims, self._predict = tuple(shown), claims, predict
        self._phrases = phrases(self.name, language, effects)
        walks = [one.walk for one in shown if one.walk]
        first = walks[0].first_shown if walks and len(shown) == 1 else 0
        super().__init__(
            data=self._packed(),
            lang=language,
            phrases=self._phrases,
            chosen=first,
            **traits,
        )

    @property
    def text(self) -> str:
        shown = max(SHOWN // len(self._shown), FEWEST_LINES)
        told = [self._told(one, shown) for one in self._shown]
        if len(told) == 1:
            return told[0]
        return "\n".join(f"{self._label(n)}\n{text}" for n, text in enumerate(told))

    @property
    def title(self) -> str:
        return self._shown[0].timeline.title

    def _told(self, one: Shown, shown: int) -> str:
        if one.walk:
            return WalkText(one.walk, self._phrases).whole(shown)
        text = Text(one.timeline, self._phrases, beside=one.beside)
        return text.question() if self._predict else text.whole(shown)

    def _packed(self) -> str:
        runs = ",".join(self._run(n, one) for n, one in enumerate(self._shown))
        claims = _json(self._claims.drawn)
        data = f'{{"limit":{LIMIT},"claims":{claims},"runs":[{runs}]}}'
        if not self._predict:
            return data
        # What happens is not to be read in the page before it is answered.
        return _json({"veiled": base64.b64encode(data.encode()).decode()})

    def _run(self, number: int, one: Shown) -> str:
        parts = {
            "label": _json(self._label(number)),
            "timeline": one.timeline.to_json(),
        }
        if one.beside:
            parts["beside"] = _json(one.beside.packed())
        if one.walk:
            parts["walk"] = _json(one.walk.packed())
        return "{" + ",".join(f'"{name}":{text}' for name, text in parts.items()) + "}"

    def _label(self, index: int) -> str:
        regions = self._shown[index].timeline.regions
        packets = [r.contents for r in regions if r.kind == "packet"]
        key = "label-packet" if packets else "label"
        packet = describe(bytes.fromhex(packets[0])) if packets else ""
        return self._phrases[key].format(number=index + 1, packet=packet)


def step(
    thing: Steppable | Sequence[Steppable],
    *,
    beside: Verdict | None = None,
    predict: bool = False,
    at: int = 0,
    size: str = "",
) -> Stepper:
    """Show a run step by step; several runs get a selector.

    A VmFault shows the run up to where it went wrong. A verdict, also one that was read
    from a kernel's log, shows what was known at each step, path by path.

    Args:    beside: what was claimed about the program: stands beside each live value.
             predict: hide what the next step does, and ask for it first.
             at: where to stand at first, 0 = before the first step.
             size: "" or "large", for the back row.
    Raises:  ViewError: this cannot be stepped through, or is too long.
             RunError: the run came from a real kernel, which records no steps; the
             verdict beside it tells no steps, or is of another program.
    """
    several = isinstance(thing, list | tuple)
    things = thing if isinstance(thing, list | tuple) else [thing]
    if several and not things:
        raise ViewError.of("nothing-to-step")
    claims = Claims()
    shown = [_shown(one, beside, claims) for one in things]
    if predict and any(one.walk for one in shown):
        raise ViewError.of("no-prediction")
    return Stepper(shown, claims, predict, step=at, size=size)


def _shown(thing: Any, beside: Verdict | None, claims: Claims) -> Shown:
    timeline = thing if isinstance(thing, Timeline) else _recorded(thing)
    if len(timeline.steps) > LIMIT:
        raise ViewError.of("too-many-steps", count=len(timeline.steps), limit=LIMIT)
    if timeline.kind == EXPLORATION:
        return Shown(timeline, walk=_walk(thing, timeline, beside, claims))
    for index, one in enumerate(timeline.steps):
        if one.parent != index - 1:
            raise ViewError.of("not-a-line", index=index)
    if beside is None:
        return Shown(timeline)
    if not isinstance(thing, Run | VmFault) or not isinstance(beside, Verdict):
        raise ViewError.of("not-beside", kind=type(beside).__name__)
    return Shown(timeline, beside=SideBySide(thing, beside, claims))


def _recorded(thing: Any) -> Timeline:
    """Return what a run recorded, up to its fault if it had one; a verdict's walk."""
    is_known = isinstance(thing, Run | VmFault | Verdict)
    timeline: Timeline | None = thing.timeline if is_known else None
    if timeline is None:
        raise ViewError.of("not-steppable", kind=type(thing).__name__)
    return timeline


def _walk(
    thing: Any, timeline: Timeline, beside: Verdict | None, claims: Claims
) -> Walk:
    if beside is not None:
        raise ViewError.of("not-beside", kind=type(beside).__name__)
    if isinstance(thing, Verdict):
        walk = Walk.of(thing.exploration, thing.accepted, thing.insns_processed)
    else:
        walk = Walk.of_timeline(timeline)
    told = (change for step in timeline.steps for change in step.changes)
    for change in (*timeline.start, *told):
        for text in (change.old, change.new):
            if text is not None and change.slot != "refs":
                claims.number(change.slot, text)
    return walk


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
