"""A timeline in words: the announcement of each step, and the whole run as text.

The text is what a terminal prints, what nbval compares, and what a page without
JavaScript shows. A digest over every step ends it, so no register can change anywhere
and leave it as it was. Not here: how a value is spelled (`words.py`), what there is to
tell (`facts.py`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256

from ebpflab.timeline import EXPLORATION, Timeline
from ebpflab_widgets.beside import SideBySide
from ebpflab_widgets.facts import Fact, Facts
from ebpflab_widgets.walks import Path

SHOWN = 60  # lines, of which the last quarter tells the end
COUNTED = ("count", "size", "bytes")  # of one, a row `x` has a row `x-one`
DIGITS = 12  # of the digest


@dataclass
class Text:
    """One timeline in the language of `phrases` (key -> template)."""

    timeline: Timeline
    phrases: dict[str, str]
    base: int = 16
    beside: SideBySide | None = None
    path: Path | None = None
    forks: frozenset[int] = frozenset()
    is_whole: bool = True

    def sentences(self) -> Iterator[str]:
        """Yield what is announced at the start and after each step."""
        for position, facts in enumerate(self._facts().walk()):
            told = [self._head(position), *(self._announce(f, position) for f in facts)]
            if position == 0 and self.timeline.kind != EXPLORATION:
                told.append(self.phrases["unknown"])
            yield " ".join(part for part in told if part)

    def whole(self, shown: int = SHOWN) -> str:
        """Return the header, one line a step, and the digest."""
        return "\n".join([self.header(), *self._lines(shown), self.digest()])

    def question(self) -> str:
        """Return what may be known before anything is predicted: the listing."""
        timeline = self.timeline
        head = self.phrases["question"].format(
            title=timeline.title, type=timeline.type, count=len(timeline.steps)
        )
        return "\n".join([head, *(f"{x.pc:>5}  {x.text}" for x in timeline.listing)])

    def header(self) -> str:
        """Tell the run in one line: what ran, on what, how long, what it gave."""
        timeline, outcome = self.timeline, self.timeline.outcome
        packet = next((r for r in timeline.regions if r.kind == "packet"), None)
        key = "run-on" if packet else "run"
        values: dict[str, str | int] = {
            "title": timeline.title,
            "type": timeline.type,
            "bytes": packet.size if packet else 0,
            "count": len(timeline.steps),
        }
        head = self._fill(key, values)
        if outcome.fault:
            return head + self.phrases["run-fault"].format(fault=outcome.fault)
        if outcome.retval is None:
            return head
        name = f" ({outcome.name})" if outcome.name else ""
        value = int(outcome.retval, 16)
        return head + self.phrases["run-returned"].format(value=value) + name

    def digest(self) -> str:
        """Tell all steps in a few digits."""
        seen = sha256()
        for step in self.timeline.steps:
            seen.update(repr((step.frame, step.pc, step.changes, step.test)).encode())
        for told in self.beside.told if self.beside else ():
            seen.update(repr((told.changed, told.outside, told.covered)).encode())
        for drawn in self.beside.claims.drawn if self.beside else ():
            seen.update(str(drawn["t"]).encode())
        digits = seen.hexdigest()[:DIGITS]
        return self.phrases["digest"].format(digest=digits)

    def _head(self, position: int) -> str:
        count = len(self.timeline.steps)
        if position == 0:
            return self.phrases["at-start"].format(count=count)
        step = self.timeline.steps[position - 1]
        key = "at-frame" if step.frame else "at"
        return self.phrases[key].format(
            t=position, count=count, frame=step.frame, text=self._listed(step.pc)
        )

    def _listed(self, pc: int) -> str:
        return self._listing.get(pc, f"#{pc}")

    def _announce(self, fact: Fact, position: int) -> str:
        sentence = self._say("" if position else "start-", fact)
        told = sentence and fact.key.startswith("effect:")
        return sentence + "." if told else sentence

    def _say(self, form: str, fact: Fact) -> str:
        key = form + fact.key if form + fact.key in self.phrases else fact.key
        return self._fill(key, fact.values)

    def _fill(self, key: str, values: Mapping[str, str | int]) -> str:
        """Fill a template, or that of one thing where something counted is one."""
        if any(values.get(name) == 1 for name in COUNTED):
            key = f"{key}-one" if f"{key}-one" in self.phrases else key
        return self.phrases.get(key, "").format(**values)

    def lines(self, first: int) -> Iterator[str]:
        """Yield the lines of the steps from `first`, numbered from 0, to the end."""
        return (line for position, line in self._told() if position > first)

    def _lines(self, shown: int) -> Iterator[str]:
        count = len(self.timeline.steps)
        tail = shown // 4 if count > shown else 0
        last = shown - tail if tail else count  # of the head
        for position, line in self._told():
            if position == last + 1 and tail:
                left_out = count - last - tail
                yield "  " + self.phrases["left-out"].format(count=left_out)
            if position <= last or position > count - tail:
                yield line

    def _told(self) -> Iterator[tuple[int, str]]:
        """Yield each step's number and line, and at last that of a fault."""
        timeline, steps, outcome = (
            self.timeline,
            self.timeline.steps,
            self.timeline.outcome,
        )
        wide = max((len(text) for text in self._listing.values()), default=0)
        for position, facts in enumerate(self._facts().walk()):
            if position == 0:
                continue
            step = steps[position - 1]
            ran = [fact for fact in facts if fact.key not in ("fault", "refused-at")]
            told = "; ".join(filter(None, (self._say("line-", f) for f in ran)))
            listed = "  " * step.frame + self._listed(step.pc)
            line = f"{position:>5}{step.pc:>5}  {listed:<{wide}}  {told}".rstrip()
            yield position, line
        if outcome.fault:
            pc, text = outcome.fault_pc, self._listed(outcome.fault_pc)
            fault = outcome.fault.replace("\n", "; ")
            kind = "refused" if timeline.kind == EXPLORATION else "fault"
            told = self.phrases[f"line-{kind}"].format(fault=fault)
            yield len(steps) + 1, f"{'✕':>5}{pc:>5}  {text:<{wide}}  {told}"

    def _facts(self) -> Facts:
        return Facts(
            self.timeline,
            self.base,
            self.beside,
            self.path,
            self.forks,
            self.is_whole,
        )

    def __post_init__(self) -> None:
        self._listing = {line.pc: line.text for line in self.timeline.listing}
