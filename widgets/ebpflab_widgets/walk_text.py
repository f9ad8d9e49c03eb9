"""An exploration in words: its paths, the steps that each adds, how each ended.

Not here: what a step tells (`facts.py`, `text.py`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from ebpflab_widgets.text import DIGITS, SHOWN, Text
from ebpflab_widgets.walks import Path, Walk


@dataclass
class WalkText:
    """One exploration in the language of `phrases`."""

    walk: Walk
    phrases: dict[str, str]

    def of(self, path: Path, base: int = 16) -> Text:
        """Return one path, told as a line."""
        return Text(
            self.walk.line(path),
            self.phrases,
            base,
            path=path,
            forks=self.walk.forks_on(path),
            is_whole=self.walk.accepted is True,
        )

    def whole(self, shown: int = SHOWN) -> str:
        """Return the header, each path with the steps that it adds, and the digest."""
        lines, left = [], shown
        for number, (indices, path) in enumerate(self.walk.stretches(), 1):
            if left <= 0:
                break
            told = [*self._stretch(number, len(indices), path)]
            lines += told[:left]
            left -= len(told)
        count = len(self.walk.timeline.steps) + len(self.walk.paths)
        if len(lines) < count:
            lines.append("  " + self.phrases["left-out"].format(count=count - shown))
        return "\n".join([self.header(), *lines, self.digest()])

    def header(self) -> str:
        timeline, walk = self.walk.timeline, self.walk
        key = {True: "walk-accepted", False: "walk-refused", None: "walk-told"}
        named = timeline.title and timeline.type
        return self.phrases["walk" if named else "walk-unnamed"].format(
            title=timeline.title,
            type=timeline.type,
            steps=self._counted("steps", len(timeline.steps)),
            paths=self._counted("paths", len(walk.paths)),
            verdict=self.phrases[key[walk.accepted]],
        )

    def _counted(self, key: str, count: int) -> str:
        return self.phrases[f"{key}-one" if count == 1 else key].format(count=count)

    def _stretch(self, number: int, count: int, path: Path) -> Iterator[str]:
        text = self.of(path)
        whole = len(text.timeline.steps)
        start = text.timeline.steps[whole - count].pc if count else path.pruned_at
        end = self.phrases[f"end-{path.ended}"].format(pc=path.pruned_at)
        yield "  " + self.phrases["walk-path"].format(number=number, pc=start, end=end)
        yield from text.lines(whole - count)

    def digest(self) -> str:
        """Tell all steps and ends in a few digits."""
        seen = sha256()
        for step in self.walk.timeline.steps:
            told = (step.parent, step.frame, step.pc, step.changes)
            seen.update(repr(told).encode())
        seen.update(repr(self.walk.paths).encode())
        return self.phrases["digest"].format(digest=seen.hexdigest()[:DIGITS])
