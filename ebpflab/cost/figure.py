"""One cost, never without where it comes from: measured here, published, or a model.

The three kinds are never mixed into one number. A measured cost keeps all of its
samples, so its spread can be drawn; a published one keeps its source and conditions.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ebpflab.errors import CostError
from ebpflab.language import catalogue

MEASURED, PUBLISHED, MODEL = KINDS = ("measured", "published", "model")
_MICROSECOND = 1000.0  # ns


@dataclass(frozen=True, slots=True)
class Cost:
    """What one operation costs, in nanoseconds.

    `ns` is the best sample of a measured cost, or the published figure; `upper_ns` the
    upper end where the source gives a range, else 0. `source` says who measured and
    where it stands; `conditions` on what machine, how. `samples` are the batches of a
    measurement, ns an operation.
    """

    operation: str  # a row of the catalogue: cost-<operation>
    ns: float
    kind: str
    source: str
    conditions: str
    upper_ns: float = 0.0
    samples: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in KINDS or not self.source or not self.conditions:
            raise CostError.of("cost-without-source", operation=self.operation)

    @property
    def name(self) -> str:
        """The operation in words, in the language of the kit."""
        key = f"cost-{self.operation}"
        return catalogue().say(key) if key in catalogue().rows else self.operation

    @property
    def spread(self) -> float:
        """How far the worst sample lies above the best, as a share of the best."""
        return max(self.samples) / min(self.samples) - 1 if self.samples else 0.0

    @property
    def value(self) -> str:
        """The cost as people write it: `141 ns`, `4.9 µs`, `70-90 ns`."""
        if self.upper_ns:
            return f"{self.ns:g}-{self.upper_ns:g} ns"
        return time_text(self.ns)

    @property
    def kind_name(self) -> str:
        """The kind in words: measured here, published, model."""
        return catalogue().say(f"cost-kind-{self.kind}")

    def __str__(self) -> str:
        return f"{_row(self)}  {self.source}; {self.conditions}"


def _row(cost: Cost) -> str:
    spread = f"+{cost.spread:.0%}" if cost.samples else ""
    return f"{cost.name:<36}{cost.value:>11}{spread:>7}  {cost.kind_name}"


class Costs(tuple[Cost, ...]):
    """Several costs, in their order; prints itself as a table, its sources below."""

    __slots__ = ()

    def __new__(cls, rows: Iterable[Cost] = ()) -> "Costs":
        return super().__new__(cls, rows)

    def of(self, operation: str) -> Cost:
        """Return the first cost of an operation. Raises CostError: there is none."""
        for row in self:
            if row.operation == operation:
                return row
        known = ", ".join(dict.fromkeys(row.operation for row in self))
        raise CostError.of("cost-unknown", operation=operation, known=known)

    def ratios(self, unit: str) -> Iterator[tuple[Cost, float]]:
        """Yield each cost with how many times the operation `unit` it is."""
        one = self.of(unit).ns
        return ((row, row.ns / one) for row in self)

    def __str__(self) -> str:
        sources = list(dict.fromkeys(row.source for row in self))
        rows = [
            f"{_row(row):<70} [{sources.index(row.source) + 1}] {row.conditions}"
            for row in self
        ]
        notes = [f"[{number}] {text}" for number, text in enumerate(sources, 1)]
        return "\n".join([*rows, *notes])

    __repr__ = __str__


def time_text(ns: float) -> str:
    """Write a time: two figures or more, never more than it is worth."""
    if ns >= 10 * _MICROSECOND:
        return f"{ns / _MICROSECOND:.0f} µs"
    if ns >= _MICROSECOND:
        return f"{ns / _MICROSECOND:.1f} µs"
    return f"{ns:.1f} ns" if ns < 10 else f"{ns:.0f} ns"
