"""The slides of the talk, and the cells of lessons and decks that tell them.

The table is `talk.toml`; under which heading a cell stands is read in the notebook. A
slide is told, told in part (a lesson for it is planned as well), missing, or of the
talk alone.
"""

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]  # of the project; notebooks are not in the installed package
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Place:
    """One cell: `lesson#cell`, or `slides/deck#cell`."""

    text: str

    @property
    def cell(self) -> str:
        return self.text.partition("#")[2]

    def notebook(self, language: str) -> Path:
        """Return the notebook's path, from the project's folder."""
        folder, _, name = self.text.partition("#")[0].rpartition("/")
        return Path(folder or "notebooks", language, f"{name}.ipynb")


@dataclass(frozen=True, slots=True)
class Slide:
    """One slide; title and what it is about in both languages."""

    title: dict[str, str]
    about: dict[str, str]
    told: tuple[Place, ...]
    planned: str

    @classmethod
    def of(cls, row: dict[str, Any]) -> "Slide":
        told = tuple(map(Place, row.get("told", ())))
        return cls(row["title"], row.get("about", {}), told, row.get("planned", ""))

    def name(self, language: str) -> str:
        about = self.about.get(language)
        return self.title[language] + (f" ({about})" if about else "")


@cache
def slides() -> tuple[Slide, ...]:
    """Return the slides in their order."""
    rows = tomllib.loads((HERE / "talk.toml").read_text(encoding="utf-8"))["slide"]
    return tuple(map(Slide.of, rows))


@cache
def cells(notebook: Path) -> dict[str, str]:
    """Return the headings of a notebook's cells by their id; {}: it is not here."""
    if not (ROOT / notebook).is_file():
        return {}
    heading, found = "", {}
    for cell in json.loads((ROOT / notebook).read_text(encoding="utf-8"))["cells"]:
        text = "".join(cell["source"]) if cell["cell_type"] == "markdown" else ""
        told = HEADING.search(text)
        heading = told[1] if told else heading
        found[cell["id"]] = heading
    return found


def missing_places(language: str) -> Iterator[Place]:
    """Yield each place of the table that is no cell."""
    for slide in slides():
        for place in slide.told:
            if place.cell not in cells(place.notebook(language)):
                yield place
