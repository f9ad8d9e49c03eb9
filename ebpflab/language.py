"""Which language the kit speaks, and where its sentences stand.

Every sentence that a person may read is a row of a catalogue: a TOML file whose keys
name the sentence and whose values hold it in each language. Code names the row and
passes the values; nobody writes a sentence twice. Not here: identifiers, kernel
messages and assembler text, which are the same in every language.
"""

import locale
import os
import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

LANGUAGES = ("en", "fr")
MARKER = ".ebpflab-lang"
NO_BREAK = "\u00a0"  # French has this space before : ; ? ! and within quotes
_FRENCH_SPACE = re.compile(r" (?=[:;?!»](?:\s|$))|(?<=«) ")


def current_language() -> str:
    """Return "en" or "fr": EBPFLAB_LANG, else the marker file, else the locale.

    The marker is a file `.ebpflab-lang` in the working directory (the lessons'
    folders have one) that holds the two letters.
    """
    candidates = (
        os.environ.get("EBPFLAB_LANG", ""),
        _marked(Path(MARKER)),
        locale.getlocale()[0] or "",
    )
    for candidate in candidates:
        if candidate[:2].lower() in LANGUAGES:
            return candidate[:2].lower()
    return "en"


def _marked(marker: Path) -> str:
    """Return what the marker file says; "" if it is not there or no text."""
    try:
        return marker.read_text(errors="replace").strip()
    except OSError:
        return ""


class Catalogue:
    """The sentences of one package, read from the TOML files of one folder."""

    def __init__(self, folder: Path) -> None:
        self.rows: dict[str, Mapping[str, Any]] = {}
        for file in sorted(folder.glob("*.toml")):
            for key, row in tomllib.loads(file.read_text(encoding="utf-8")).items():
                if key in self.rows:
                    raise ValueError(f"{file.name}: the row {key!r} stands twice")
                self.rows[key] = typeset(row)

    def say(self, key: str, part: str = "", /, **values: object) -> str:
        """Return the sentence `key` (or its `part`), filled with `values`.

        Raises:  KeyError: there is no such row. A row without the part gives "".
        """
        row = self.rows[key]
        sentences = row.get(part, {}) if part else row
        template: str = sentences.get(current_language(), "")
        return template.format(**values)


def typeset(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with French spaces in its French; the file has plain ones."""
    made: dict[str, Any] = {}
    for name, text in row.items():
        if isinstance(text, Mapping):
            made[name] = typeset(text)
        elif name == "fr" and isinstance(text, str):
            made[name] = _FRENCH_SPACE.sub(NO_BREAK, text)
        else:
            made[name] = text
    return made


@cache
def catalogue() -> Catalogue:
    """Return the engine's own catalogue, read once."""
    return Catalogue(Path(__file__).parent / "catalogue")
