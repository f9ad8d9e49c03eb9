"""Figures of others, and our models: read from tables, each with its source.

`published.toml` holds what others measured, with source and conditions. `models.toml`
holds what nobody measured as it stands: sums, differences and assumptions of ours. A
row without source or conditions cannot be made at all (figure.py).
"""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from ebpflab.cost.figure import MODEL, PUBLISHED, Cost, Costs
from ebpflab.cost.models import Crossover, Stage

HERE = Path(__file__).parent


@cache
def table(name: str) -> dict[str, Any]:
    return tomllib.loads((HERE / name).read_text(encoding="utf-8"))


def published() -> Costs:
    """Return the published costs, each with its source and conditions."""
    return Costs(Cost(kind=PUBLISHED, **row) for row in table("published.toml")["cost"])


def stages() -> tuple[Stage, ...]:
    """Return the stages of a packet's way to a pod: two stacks, and with eBPF."""
    return tuple(Stage.of(row) for row in table("models.toml")["stage"])


def crossover() -> Crossover:
    """Return the model of a list of rules against one lookup in a map."""
    return Crossover(**table("models.toml")["crossover"], kind=MODEL)
