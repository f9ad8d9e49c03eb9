"""What `make bench` measured, as a picture: our time over the kernel's, and the spread.

A bar is the best of all measurements, over the kernel's best; each dot is one of them,
so that the machine's noise is seen. The line at 1 is the kernel, the mark what we want.
"""

from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).parents[1] / "build" / "bench.svg"
KERNEL, OURS, UNCHECKED = "#8a8a8a", "#1f77b4", "#9ecae9"
_FURTHEST = 2.5  # kernels' times; slower measurements are drawn at the edge


@dataclass(frozen=True, slots=True)
class Row:
    """One program's times in ns a run, as measured; an empty tuple: not measured."""

    name: str
    kernel: tuple[float, ...]
    ours: tuple[float, ...]
    unchecked: tuple[float, ...] = ()
    wanted: float = 1.0

    def ratio(self, times: tuple[float, ...]) -> float:
        """Return the best of some times over the kernel's best."""
        return min(times) / min(self.kernel)


def draw(rows: list[Row], file: Path = FILE) -> Path:
    """Draw the rows that the kernel ran, too; return where the picture is."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows = [row for row in rows if row.kernel]
    figure, axes = pyplot.subplots(figsize=(8, 1.2 + 0.75 * len(rows)))
    for place, row in enumerate(rows):
        _draw_row(axes, -place, row)
    axes.axvline(1, color=KERNEL, linewidth=1)
    axes.set_yticks([-n for n in range(len(rows))], [row.name for row in rows])
    axes.set_xlim(0, _FURTHEST)
    axes.set_xlabel("time of a run, over the kernel's best (shorter is faster)")
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(left=False)
    above = {"loc": "lower center", "bbox_to_anchor": (0.5, 1), "ncols": 4}
    axes.legend(*_legend(pyplot), frameon=False, fontsize=8, **above)
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, bbox_inches="tight")
    pyplot.close(figure)
    return file


_INK = {KERNEL: "white", OURS: "white", UNCHECKED: "black"}
_LANES = (("kernel", KERNEL), ("ours", OURS), ("unchecked", UNCHECKED))


def _draw_row(axes, place: float, row: Row) -> None:  # type: ignore[no-untyped-def]
    lanes = [(getattr(row, name), color) for name, color in _LANES]
    lanes = [(times, color) for times, color in lanes if times]
    height = 0.7 / len(lanes)
    for number, (times, color) in enumerate(lanes):
        at = place + 0.35 - height * (number + 0.5)
        axes.barh(at, row.ratio(times), height * 0.8, color=color)
        dots = [min(time / min(row.kernel), _FURTHEST) for time in times]
        axes.plot(dots, [at] * len(dots), "|", color="black", markersize=4, alpha=0.4)
        told = f"{row.ratio(times):.2f}"
        axes.text(0.02, at, told, va="center", fontsize=7, color=_INK[color])
    axes.plot([row.wanted] * 2, [place - 0.4, place + 0.4], ":", color="#d62728")


def _legend(pyplot):  # type: ignore[no-untyped-def]
    bars = [pyplot.Rectangle((0, 0), 1, 1, color=color) for _, color in _LANES]
    wanted = pyplot.Line2D([], [], color="#d62728", linestyle=":")
    names = ("Linux", "machine code", "without checks (proved)", "wanted, at most")
    return [*bars, wanted], names
