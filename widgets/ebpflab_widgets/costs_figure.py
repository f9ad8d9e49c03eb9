"""The costs as a figure on paper: one dot a row on an axis of powers of ten."""

from collections.abc import Mapping
from io import BytesIO
from typing import TYPE_CHECKING

from ebpflab.cost import Cost, Costs
from ebpflab_widgets.wording import ViewError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, READ, WRITE = "#000000", "#005f96", "#8b5900"
MARKS = {  # kind: marker, its face, its edge
    "measured": ("o", INK, INK),
    "published": ("D", "white", READ),
    "model": ("s", "white", WRITE),
}
ROW_INCHES, WIDTH_INCHES = 0.34, 8.0


def draw(rows: Costs, say: Mapping[str, str]) -> "Figure":
    """Draw the costs; the spread of a measured one and a published range as a line.

    Raises:  ViewError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ViewError.of("no-matplotlib") from error

    class Picture(Figure):
        """A figure that a notebook shows as it is, without pyplot."""

        def _repr_png_(self) -> bytes:
            file = BytesIO()
            self.savefig(file, format="png")
            return file.getvalue()

    height = ROW_INCHES * (len(rows) + 3)
    figure = Picture(figsize=(WIDTH_INCHES, height), layout="constrained")
    axes = figure.subplots()
    for place, one in enumerate(reversed(rows)):
        _row(axes, place, one)
    axes.set_xscale("log")
    axes.set_yticks(range(len(rows)), [one.name for one in reversed(rows)])
    axes.set_xlabel(say["axis"])
    axes.grid(axis="x", color="#dddddd")
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    sources = dict.fromkeys(f"{one.kind_name}: {one.source}" for one in rows)
    figure.supxlabel("\n".join(sources), fontsize=6)
    return figure


def _row(axes: "Axes", place: int, one: Cost) -> None:
    marker, face, edge = MARKS[one.kind]
    low, high = one.spread
    axes.plot([low, high], [place, place], color=edge, linewidth=2)
    axes.plot(one.ns, place, marker=marker, markerfacecolor=face, markeredgecolor=edge)
    axes.annotate(
        one.value,
        (high, place),
        xytext=(8, 0),
        textcoords="offset points",
        va="center",
        fontsize=8,
    )
