"""The kinds of rejections: which message is which kind.

One TOML file a category, one row a kind, with the templates of its messages: today's
first, then those of other kernels. `{off:d}` stands for a number, `{pointer}` for one
word, `{what:any}` for anything. A table `[insn]` holds what is said of the instruction
that is looked at, `[program]` what is said of the program as a whole. The sentences
stand in the catalogue, as `reject-<key>` (`catalogue/reasons-*.toml`).
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from string import Formatter

_SPECS = {"d": r"-?(?:0x[0-9a-f]{1,16}|0|[1-9]\d{0,19})", "": r"\S+?", "any": r".*?"}
_NUMBER = "d"
_LONGEST = 2000  # characters; the kernel's own buffer for a message has 1,024


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of rejection."""

    key: str
    category: str  # the name of its file: "memory-safety"
    is_about_insn: bool  # False: about the program as a whole
    templates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """A line of the kernel's, recognized."""

    kind: Kind
    values: dict[str, int | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Template:
    kind: Kind
    pattern: re.Pattern[str]
    numbers: frozenset[str]
    literal: int  # how many letters are fixed: the more, the more telling

    def read(self, line: str) -> Match | None:
        found = self.pattern.fullmatch(line)
        if found is None:
            return None
        values: dict[str, int | str] = {}
        for name, text in found.groupdict().items():
            values[name] = int(text, 0) if name in self.numbers else text
        return Match(self.kind, values)


@cache
def kinds() -> dict[str, Kind]:
    """Return all kinds by key."""
    found: dict[str, Kind] = {}
    for file in sorted(Path(__file__).parent.glob("*.toml")):
        for table, rows in tomllib.loads(file.read_text(encoding="utf-8")).items():
            for key, templates in rows.items():
                if key in found:
                    raise ValueError(f"{file.name}: the kind {key!r} stands twice")
                about = table == "insn"
                found[key] = Kind(key, file.stem, about, tuple(templates))
    return found


def match(line: str) -> Match | None:
    """Return what kind a line of the kernel's is; None if no row has it."""
    if len(line) > _LONGEST:
        return None
    bare = line.strip().rstrip(".!")
    for template in _templates():
        if found := template.read(line.strip()) or template.read(bare):
            return found
    return None


@cache
def _templates() -> tuple[_Template, ...]:
    """Return the templates, the most telling ones first."""
    made = [_template(k, text) for k in kinds().values() for text in k.templates]
    return tuple(sorted(made, key=lambda template: -template.literal))


def _template(kind: Kind, text: str) -> _Template:
    pattern, numbers, literal = "", set(), 0
    for fixed, name, spec in _parsed(text):
        pattern += re.escape(fixed)
        literal += len(fixed)
        if name:
            pattern += f"(?P<{name}>{_SPECS[spec]})"
            numbers |= {name} if spec == _NUMBER else set()
    return _Template(kind, re.compile(pattern), frozenset(numbers), literal)


def _parsed(text: str) -> Iterator[tuple[str, str, str]]:
    for fixed, name, spec, _ in Formatter().parse(text):
        yield fixed, name or "", spec or ""
