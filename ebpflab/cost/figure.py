"""One cost, never without where it comes from: measured here, published, or a model.

The three kinds are never mixed into one number. A measured cost keeps its samples, so
its spread can be told and drawn; a published one keeps its source and conditions.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from statistics import median_low

from ebpflab.errors import CostError
from ebpflab.language import catalogue

MEASURED, PUBLISHED, MODEL = KINDS = ("measured", "published", "model")
_MICROSECOND = 1000.0  # ns
# What no measurement sees of itself: from minute to minute, a processor's clock and its
# neighbors change. With this much at both ends, 97 in 100 of 1,162 new figures lay in
# the spread before, on a busy virtual machine, and each spread overlapped that before.
BEYOND = 0.1
_SPREAD_WIDTH = 7  # characters, if no row has a spread


@dataclass(frozen=True, slots=True)
class Cost:
    """What one operation costs, in nanoseconds.

    `ns` is the best sample of a measured cost, or the published figure; `upper_ns` the
    upper end where the source gives a range, else 0. `source` says who measured and
    where it stands; `conditions` on what machine, how. `samples` are those of a
    measurement, ns an operation: of each round, its best loop and its usual one.
    """

    operation: str  # a row of the catalogue: cost-<operation>
    ns: float
    kind: str
    source: str
    conditions: str
    upper_ns: float = 0.0
    samples: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise CostError.of("cost-without-source", operation=self.operation)
        has_source(self.operation, self.source, self.conditions)

    @property
    def name(self) -> str:
        """The operation in words, in the language of the kit."""
        key = f"cost-{self.operation}"
        return catalogue().say(key) if key in catalogue().rows else self.operation

    @property
    def spread(self) -> tuple[float, float]:
        """What another measurement here may give: from, to, ns.

        It reaches from the best loop of all to the usual loop of the worst round, and
        as far `BEYOND` as machines change between two measurements. Without samples it
        is what the source gives.
        """
        if not self.samples:
            return self.ns, max(self.ns, self.upper_ns)
        return min(self.samples) * (1 - BEYOND), max(self.samples) * (1 + BEYOND)

    @property
    def spread_text(self) -> str:
        """The spread as people write it: `127-160 ns`; "" without samples."""
        return range_text(*self.spread) if self.samples else ""

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


def has_source(operation: str, source: str, conditions: str) -> None:
    """Raise CostError where a number does not say where it comes from."""
    if not source.strip() or not conditions.strip():
        raise CostError.of("cost-without-source", operation=operation)


def _row(cost: Cost, width: int = _SPREAD_WIDTH) -> str:
    return (
        f"{cost.name:<36}{cost.value:>11}{cost.spread_text:>{width}}  {cost.kind_name}"
    )


def sample(loops: Iterable[float]) -> tuple[float, float]:
    """Return what is kept of a round's loops: the best, and the usual (the median)."""
    found = sorted(loops)
    return found[0], median_low(found)


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
        widest = max((len(row.spread_text) for row in self), default=0)
        width = widest + 2 if widest else _SPREAD_WIDTH
        rows = [
            f"{_row(row, width):<{63 + width}} "
            f"[{sources.index(row.source) + 1}] {row.conditions}"
            for row in self
        ]
        notes = [f"[{number}] {text}" for number, text in enumerate(sources, 1)]
        told = [catalogue().say("cost-spread")] if widest else []
        return "\n".join([*rows, *told, *notes])

    __repr__ = __str__


def time_text(ns: float) -> str:
    """Write a time: two figures or more, never more than it is worth."""
    if ns >= 10 * _MICROSECOND:
        return f"{ns / _MICROSECOND:.0f} µs"
    if ns >= _MICROSECOND:
        return f"{ns / _MICROSECOND:.1f} µs"
    return f"{ns:.1f} ns" if ns < 9.95 else f"{ns:.0f} ns"


def range_text(low: float, high: float) -> str:
    """Write a range of times: its unit once, where both ends have the same."""
    first, last = time_text(low), time_text(high)
    number, unit = first.split()
    return f"{number if last.endswith(f' {unit}') else first}-{last}"
