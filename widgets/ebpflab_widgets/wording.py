"""The views' own sentences, and the errors that they raise.

A view's sentences are the catalogue rows whose key starts with the view's name. They go
to the browser as templates, so both sides say the same thing. Not here: what a helper
did, which is a row of the engine's catalogue.
"""

from functools import cache
from pathlib import Path

from ebpflab.errors import EbpfLabError
from ebpflab.language import Catalogue
from ebpflab.language import catalogue as engine_catalogue


@cache
def catalogue() -> Catalogue:
    """Return the views' catalogue, read once."""
    return Catalogue(Path(__file__).parent / "catalogue")


class ViewError(EbpfLabError):
    """Something that cannot be shown, or not by this view."""

    sentences = staticmethod(catalogue)


def phrases(view: str, language: str, effects: set[str]) -> dict[str, str]:
    """Return the templates of one view, and those of the engine's `effects`.

    A row `stepper-written` is named `written`, an engine's row `x` is named `effect:x`.
    """
    prefix = f"{view}-"
    own = {
        key.removeprefix(prefix): str(row[language])
        for key, row in catalogue().rows.items()
        if key.startswith(prefix)
    }
    rows = engine_catalogue().rows
    told = {f"effect:{k}": str(rows[k][language]) for k in sorted(effects & set(rows))}
    return own | told
