"""`costs()`: what things cost, on one axis; a packet's way; rules against a lookup.

Measured where the notebook runs, published, or a model: never mixed, and each number
says where it comes from. Python measures, the browser compares. Not here: the numbers
and their sources (`ebpflab.cost`), the drawing (`costs.js`), the same as a figure on
paper (`costs_figure.py`).
"""

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from ebpflab import cost
from ebpflab.cost import Cost, Costs
from ebpflab.errors import CompileError
from ebpflab.language import current_language
from ebpflab_widgets.view import View, script, style
from ebpflab_widgets.wording import ViewError, phrases

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PARTS = (
    "js/dom.js",
    "js/shared/mount.js",
    "js/costs/telling.js",
    "js/costs/rows.js",
    "js/costs/stages.js",
    "js/costs/crossover.js",
    "costs.js",
)
MOST = 200  # rows that somebody can compare
CROSSINGS = (
    "kernel_call",
    "getpid_off",
    "getpid_on",
    "getppid_counted",
)  # published, beside our own


class CostView(View):
    """Costs to compare; `chosen` is the row that is the unit, `step` the stage."""

    name: ClassVar[str] = "costs"
    _esm = script(*PARTS)
    _css = style("costs.css")

    def __init__(self, rows: Costs, **traits: Any) -> None:
        language = current_language()
        self.rows, self._phrases = rows, phrases(self.name, language, set())
        super().__init__(
            data=json.dumps(self._packed()),
            lang=language,
            phrases=self._phrases,
            **traits,
        )

    @property
    def text(self) -> str:
        model = cost.crossover()
        ways = [
            sum(one.ns for one in way if one)
            for way in zip(*((s.stacks, s.ebpf) for s in cost.stages()), strict=True)
        ]
        say = self._phrases
        sums = say["text-stages"].format(stacks=f"{ways[0]:.0f}", ebpf=f"{ways[1]:.0f}")
        meets = say["text-crossover"].format(count=f"{model.meets:.0f}")
        return "\n".join([str(self.rows), sums, meets])

    @property
    def title(self) -> str:
        return self._phrases["name"]

    def figure(self) -> "Figure":
        """Return the first chart as a matplotlib figure.

        Raises:  ViewError: matplotlib is not installed.
        """
        from ebpflab_widgets.costs_figure import draw

        return draw(self.rows, self._phrases)

    def _packed(self) -> dict[str, Any]:
        model = cost.crossover()
        return {
            "rows": [_row(one) for one in self.rows],
            "stages": [
                {
                    "name": stage.text,
                    "stacks": stage.stacks and _row(stage.stacks),
                    "ebpf": stage.ebpf and _row(stage.ebpf),
                }
                for stage in cost.stages()
            ],
            "crossover": {
                "slope": model.slope,
                "lookup": model.lookup,
                "meets": model.meets,
                "source": model.source,
                "conditions": model.conditions,
            },
        }


def _row(one: Cost) -> dict[str, Any]:
    return {
        "name": one.name,
        "ns": one.ns,
        "spread": one.spread,
        "value": one.value,
        "kind": one.kind,
        "source": one.source,
        "conditions": one.conditions,
        "between": one.spread_text,
    }


def costs(
    rows: Iterable[Cost] | None = None, *, unit: int = 0, size: str = ""
) -> CostView:
    """Show costs beside one another; by default those of crossing into the kernel.

    Without `rows` they are measured now, which takes some seconds; where nothing can be
    measured, the published ones are shown alone.

    Args:    unit: which row all others are compared with at first.
             size: "" or "large", for the back row.
    Raises:  ViewError: there are no rows or too many, or one is no cost.
    """
    if not isinstance(rows, Iterable | None):
        raise ViewError.of("no-costs")
    shown = tuple(_crossings() if rows is None else rows)
    if not shown or not all(isinstance(one, Cost) for one in shown):
        raise ViewError.of("no-costs")
    if len(shown) > MOST:
        raise ViewError.of("too-many-costs", count=len(shown), limit=MOST)
    if not isinstance(unit, int) or not 0 <= unit < len(shown):
        raise ViewError.of("no-such-unit", found=repr(unit), last=len(shown) - 1)
    return CostView(Costs(shown), chosen=unit, step=len(cost.stages()), size=size)


def _crossings() -> Iterable[Cost]:
    """Measure here, and put beside it what others published of the same."""
    published = [one for one in cost.published() if one.operation in CROSSINGS]
    try:
        return [*cost.measure(), *published]
    except CompileError:  # no compiler, or a machine whose loops are not known
        return published
