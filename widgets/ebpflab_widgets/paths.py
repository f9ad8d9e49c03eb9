"""`paths(verdict)`: how the verifier walked a program, stretch by stretch.

Each stretch runs between two forks; a path goes straight on, its other sides are walked
later, and most stop early because a state that is known to be safe covers them. The
heat tells what that cost: each instruction, by the round of its loop. Not here: the
walk (`ebpflab.results.Exploration`), comparing states (`prunings.py`).
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from ebpflab.language import current_language
from ebpflab.program import Program
from ebpflab.results import Exploration, Node, Verdict
from ebpflab.results.exploration import FORK, SAFE
from ebpflab_widgets.prunings import Prunings
from ebpflab_widgets.view import View, script, style
from ebpflab_widgets.wording import ViewError, phrases

PARTS = (
    "js/dom.js",
    "js/shared/mount.js",
    "js/shared/passing.js",
    "js/saying.js",
    "js/paths/tree.js",
    "js/paths/sentence.js",
    "js/paths/comb.js",
    "js/paths/pruned.js",
    "js/paths/heat.js",
    "paths.js",
)
MOST = 20_000  # stretches that a browser is given
WALKED = 100_000  # instructions: a longer walk takes minutes to tell
LINES = 60  # of the text
ROUNDS = 8  # columns of heat; those in between are one
LISTED = 2_000  # instructions, the hottest ones of a longer program


class PathsView(View):
    """The exploration; `step` is the chosen stretch, from 0."""

    name: ClassVar[str] = "paths"
    _esm = script(*PARTS)
    _css = style("paths.css")

    def __init__(self, verdict: Verdict, **traits: Any) -> None:
        language = current_language()
        if verdict.insns_processed > WALKED:
            count = verdict.insns_processed
            raise ViewError.of("too-long-walk", count=count, limit=WALKED)
        self.verdict, self.exploration = verdict, verdict.exploration
        self._phrases = phrases(self.name, language, set())
        count = len(self.exploration.nodes)
        if count > MOST:
            raise ViewError.of("too-many-paths", count=count, limit=MOST)
        super().__init__(
            data=json.dumps(self._packed(), separators=(",", ":")),
            lang=language,
            phrases=self._phrases,
            **traits,
        )

    @property
    def title(self) -> str:
        return self.exploration.timeline.title or self._phrases["a-program"]

    @property
    def text(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        say, nodes = self._phrases, self.exploration.nodes
        heat = sum(self.exploration.heat.values())
        pruned = sum(node.ended == SAFE for node in nodes)
        yield say["text-head"].format(
            name=self.title, processed=heat, count=len(nodes), pruned=pruned
        )
        for number, node in enumerate(nodes[:LINES], 1):
            come = f"← {node.parent + 1}" if node.parent >= 0 else ""
            ended = say[f"ended-{node.ended or 'cut'}"].format(pc=node.pruned_at)
            slots = spell(slots_of(self.exploration, node)) or str(node.pc)
            yield f"{number:>5} {come:>6}  {slots:<24} {ended}".rstrip()
        if len(nodes) > LINES:
            yield say["text-more"].format(count=len(nodes) - LINES)

    def _packed(self) -> dict[str, Any]:
        told, timeline = self.exploration, self.exploration.timeline
        known = getattr(self.verdict.story, "program", None)
        program = known if isinstance(known, Program) else None
        last = max(told.rounds.values(), default=1)
        return {
            "name": self.title,
            "accepted": self.verdict.accepted,
            "processed": sum(told.heat.values()),
            "insns": len(timeline.listing),
            "rounds": last,
            "nodes": [_node(told, node) for node in told.nodes],
            "pruned": {
                n: [p.by, p.rows, p.is_known] for n, p in Prunings(told, program).all()
            },
            "columns": columns(last),
            "heat": heat_rows(told, columns(last)),
        }


def slots_of(told: Exploration, node: Node) -> list[int]:
    """Return the slots of a stretch, in order."""
    steps = told.timeline.steps[node.first : node.first + node.count]
    return [step.pc for step in steps]


def spell(slots: Sequence[int], wide: frozenset[int] = frozenset()) -> str:
    """Spell slots as runs: 8–13, 8–9. A gap of one may be a wide instruction."""
    runs: list[list[int]] = []
    for slot in slots:
        if runs and 0 < slot - runs[-1][1] <= 1 + (runs[-1][1] in wide):
            runs[-1][1] = slot
        else:
            runs.append([slot, slot])
    return ", ".join(f"{a}" if a == b else f"{a}–{b}" for a, b in runs)


def _node(told: Exploration, node: Node) -> list[Any]:
    """Pack a stretch: parent, pc, slots, count, ended, round, pruned at, deepest."""
    steps = told.timeline.steps[node.first : node.first + node.count]
    slots = [step.pc for step in steps]
    ends = slots[-1] if node.ended == FORK and slots else -1
    runs = spell(slots).split(", ")
    shown = ", ".join(runs) if len(runs) <= 4 else ", ".join([*runs[:3], "…"])
    deepest = max((step.frame for step in steps), default=0)
    at = node.pruned_at if node.ended == SAFE else ends
    return [
        node.parent,
        node.pc,
        shown,
        node.count,
        node.ended,
        node.round,
        at,
        deepest,
    ]


def columns(last: int) -> list[list[int]]:
    """Return which rounds a column of heat stands for, first and last."""
    if last <= ROUNDS:
        return [[number, number] for number in range(1, last + 1)]
    head = [[number, number] for number in range(1, ROUNDS - 1)]
    return [*head, [ROUNDS - 1, last - 1], [last, last]]


def heat_rows(told: Exploration, columns: list[list[int]]) -> list[list[Any]]:
    """Return slot, text, loop?, heat by column, sum, C line where one begins."""
    rows: list[list[Any]] = []
    source, last = told.timeline.source.split("\n"), 0
    for line in told.timeline.listing:
        by_round = told.heat_by_round.get(line.pc, {})
        counts = [
            sum(count for number, count in by_round.items() if low <= number <= high)
            for low, high in columns
        ]
        loops = told.rounds.get(line.pc, 1) > 1
        known = 0 < line.source_line <= len(source) and line.source_line != last
        quoted = source[line.source_line - 1].strip() if known else ""
        last = line.source_line or last
        rows.append([line.pc, line.text, loops, counts, sum(by_round.values()), quoted])
    if len(rows) > LISTED:
        limit = sorted((row[4] for row in rows), reverse=True)[LISTED - 1]
        rows = [row for row in rows if row[4] >= max(limit, 1)][:LISTED]
    return rows


def paths(verdict: Verdict, *, size: str = "") -> PathsView:
    """Show how the verifier explored a program.

    Args:    verdict: of `lab.verify`, `lab.linux.verify` or `lab.explain`; the walk is
             made again where its log does not tell every step.
             size: "" or "large", for the back row.
    Raises:  ViewError: no verdict, or a walk too long to tell or to hold in a page.
             RunError: nobody can tell the walk.
    """
    if not isinstance(verdict, Verdict):
        raise ViewError.of("no-walk", found=type(verdict).__name__)
    return PathsView(verdict, size=size)
