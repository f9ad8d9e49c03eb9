"""Two models, said to be models: a packet's way to a pod, and rules against a lookup.

A stage of the way is a difference of published rates where there is one, else our
assumption; a sum with an assumption in it is a model. The crossover is two straight
lines held by two published observations; its parameters are there to be moved.
"""

from dataclasses import dataclass
from typing import Any

from ebpflab.cost.figure import MODEL, Cost, has_source
from ebpflab.language import catalogue


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a packet's way: its cost through two stacks, and with eBPF.

    None: the stage is not on that way, or it is skipped there.
    """

    name: str  # a row of the catalogue: stage-<name>
    stacks: Cost | None
    ebpf: Cost | None

    @classmethod
    def of(cls, row: dict[str, Any]) -> "Stage":
        ways = {way: _cost(row, way) for way in ("stacks", "ebpf")}
        return cls(row["name"], **ways)

    @property
    def text(self) -> str:
        return catalogue().say(f"stage-{self.name}")


def _cost(row: dict[str, Any], way: str) -> Cost | None:
    told = {"source": row["source"], "conditions": row["conditions"]}
    kind = row.get("kind", MODEL)
    return Cost(row["operation"], row[way], kind, **told) if way in row else None


@dataclass(frozen=True, slots=True)
class Crossover:
    """Cost of one short connection against the number of Services, rules at 1 = 1.

    rules(n) = 1 + slope * n / 1000        a list that is walked
    lookup(n) = lookup                     one lookup in a hash, whatever n is
    """

    slope: float  # added by 1,000 Services of rules
    lookup: float
    kind: str
    source: str
    conditions: str

    def __post_init__(self) -> None:
        has_source("crossover", self.source, self.conditions)

    def rules(self, services: float) -> float:
        return 1 + self.slope * services / 1000

    @property
    def meets(self) -> float:
        """The number of Services at which both cost the same."""
        return (self.lookup - 1) / self.slope * 1000
