"""The base of every view: what it knows, and the four ways in which it is seen.

In a notebook a view is a widget, in a terminal text, in a static deck or a saved file a
page that needs no Python. All four show one truth: `data` for the drawing, `text` for
the eye and for nbval. Not here: what a view draws (its own module and scripts), how a
page is put together (`page.py`).
"""

import os
from pathlib import Path
from typing import Any, ClassVar

from ebpflab.errors import expect
from ebpflab_widgets.page import fragment, page
from ebpflab_widgets.wording import ViewError

try:
    from anywidget import AnyWidget
    from traitlets import Dict, Int, Unicode
except ImportError:
    from ebpflab_widgets.plain import (  # type: ignore[assignment]
        AnyWidget,
        Dict,
        Int,
        Unicode,
    )

__all__ = ["HERE", "STATIC", "AnyWidget", "View", "script", "style"]

HERE = Path(__file__).parent
STATIC = "EBPFLAB_STATIC"  # "1": display as a page, for decks that no Python serves


def script(*names: str) -> str:
    """Return one ES module made of several files, which share their names."""
    return "\n".join((HERE / name).read_text(encoding="utf-8") for name in names)


def style(*names: str) -> str:
    """Return the look that all views share, and that of one view."""
    return "\n".join(
        (HERE / name).read_text(encoding="utf-8") for name in ("look.css", *names)
    )


class View(AnyWidget):
    """One thing shown. A child sets `_esm`, `_css` and `name`, its catalogue prefix."""

    name: ClassVar[str] = "view"

    data = Unicode("{}").tag(sync=True)  # JSON: what is drawn
    lang = Unicode("en").tag(sync=True)
    phrases = Dict({}).tag(sync=True)  # the sentences, as templates
    step = Int(0).tag(sync=True)  # where the view stands; 0 = before the first step
    chosen = Int(0).tag(sync=True)  # which of several things it shows
    size = Unicode("").tag(sync=True)  # "" or "large"

    @property
    def text(self) -> str:
        """The view in words: what it prints, and what nbval compares."""
        raise NotImplementedError

    @property
    def title(self) -> str:
        """The name of what is shown, for the head of a saved page."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **options: Any) -> Any:
        plain = {"text/plain": self.text}
        if os.environ.get(STATIC) == "1":
            return plain | {"text/html": self.html()}
        made: Any = super()._repr_mimebundle_(**options)
        if made is None:  # no anywidget, or nothing to display it
            return plain
        bundle, metadata = made if isinstance(made, tuple) else (made, {})
        return bundle | plain, metadata

    def html(self) -> str:
        """Return the view as a piece of HTML; several may stand on one page."""
        return fragment(self.state(), self.text, str(self._esm), str(self._css))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the view as one HTML file that works anywhere, without a network.

        Folders on the way are made.

        Raises:  ViewError: the file cannot be written. ProgramError: it is no path.
        """
        expect(path, (str, os.PathLike), "save(path)")
        whole, file = page(self.html(), self.title, self.lang), Path(path)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(whole, encoding="utf-8")
        except (OSError, ValueError) as error:
            raise ViewError.of("not-saved", at=str(file), error=error) from error

    def state(self) -> dict[str, Any]:
        """Return what the drawing reads: the traits that are told to the browser."""
        names = ("data", "lang", "phrases", "step", "chosen", "size")
        return {name: getattr(self, name) for name in names}
