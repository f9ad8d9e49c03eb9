"""Which helpers a program type may call: what Linux 6.18 answers, read from a table.

Source: program_types.toml, which is the kernel's own answer.
"""

import tomllib
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("program_types.toml")
ALL = "*"  # every program type


@cache
def _types_of() -> dict[str, frozenset[str]]:
    rows = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return {name: frozenset(types.split()) for name, types in rows.items()}


def may_call(program_type: str, helper: str) -> bool:
    """Tell whether programs of this type have the helper of this name."""
    types = _types_of().get(helper, frozenset())
    return ALL in types or program_type in types
