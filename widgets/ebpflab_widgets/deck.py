"""Decks: notebooks shown as slides, live in JupyterLab or as pages without Python.

`python -m ebpflab_widgets.deck` (`make slides`) runs the notebooks of `slides/` and
writes build/slides/<language>/<deck>/index.html: one file that asks nobody for
anything. In JupyterLab, `deck.look()` in the first cell gives the live slides the same
look. A slide is a cell with the slide type `slide` and the cells after it; those of the
type `notes` are for the lecturer, `skip` for nobody. Not here: views.
"""

import html
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ebpflab.language import LANGUAGES, MARKER
from ebpflab_widgets.lessons import TIMEOUT_S, notebooks
from ebpflab_widgets.view import HERE, STATIC, AnyWidget
from ebpflab_widgets.wording import phrases

BUILD = Path("build/slides")
KERNEL = "python3"
PAGE = """<!doctype html>
<html lang="{lang}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>{css}</style>
<body class="deck reveal">
{slides}
<nav data-next="{next}">
<span class="hint">{hint}</span>
<button data-go="-1" aria-label="{back}">◀</button>
<output></output>
<button data-go="1" aria-label="{forward}">▶</button>
</nav>
<script type="module">{script}</script>
</body>
</html>
"""


class Look(AnyWidget):
    """The look and the keys of live slides, while JupyterLab shows a deck."""

    _css = (HERE / "deck.css").read_text(encoding="utf-8")
    _esm = (HERE / "deck_live.js").read_text(encoding="utf-8")

    def __repr__(self) -> str:
        return "Look()"


def look() -> Look:
    """Return what gives a deck its look in JupyterLab, once it is displayed."""
    return Look()


@dataclass
class Slide:
    """One slide: what everybody sees, and what the lecturer reads, as HTML."""

    parts: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        notes = f'<aside class="notes">{"".join(self.notes)}</aside>'
        return f"<section>\n{''.join(self.parts)}\n{notes}\n</section>"


def main(names: list[str]) -> int:
    """Build the decks in `names`, by default all; return 0."""
    folders = names or [f"slides/{language}" for language in LANGUAGES]
    for path in notebooks(folders):
        language = (path.parent / MARKER).read_text().strip()
        target = BUILD / language / path.stem / "index.html"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(page(ran(path), language), encoding="utf-8")
        print(target, flush=True)
    return 0


def ran(path: Path) -> Any:
    """Return a notebook, run where it stands, its views as pieces of pages."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(path.parent)}}
    # The language is that of the deck's folder, whatever the caller speaks.
    environment = {k: v for k, v in os.environ.items() if k != "EBPFLAB_LANG"}
    NotebookClient(
        notebook, timeout=TIMEOUT_S, kernel_name=KERNEL, resources=resources
    ).execute(env=environment | {STATIC: "1"})
    return notebook


def page(notebook: Any, language: str) -> str:
    """Return a notebook that has run as one page."""
    first = next(c for c in notebook.cells if c.source.startswith("# "))
    return PAGE.format(
        lang=language,
        title=html.escape(first.source.splitlines()[0].removeprefix("# ")),
        css=(HERE / "deck.css").read_text(encoding="utf-8"),
        script=(HERE / "deck.js").read_text(encoding="utf-8"),
        slides="\n".join(map(str, slides(notebook.cells))),
        **phrases("deck", language, set()),
    )


def slides(cells: list[Any]) -> list[Slide]:
    """Sort the cells of a deck into slides and their notes."""
    deck: list[Slide] = []
    for cell in cells:
        match cell.metadata.get("slideshow", {}).get("slide_type", "-"):
            case "skip":
                continue
            case "notes":
                deck[-1].notes += pieces(cell)
                continue
            case "slide":
                deck.append(Slide())
        deck[-1].parts += pieces(cell)
    return deck


def pieces(cell: Any) -> Iterator[str]:
    """Yield what a cell shows: its text, or its program and what that answered."""
    if cell.cell_type == "markdown":
        yield rendered("text/markdown", cell.source)
        return
    if not cell.metadata.get("jupyter", {}).get("source_hidden"):
        yield rendered("text/plain", cell.source)
    for output in cell.outputs:
        data = output.get("data", {"text/plain": output.get("text", "")})
        kind = next(k for k in RENDERED if k in data)
        yield f'<div class="jp-OutputArea">{rendered(kind, data[kind])}</div>'


RENDERED = ("text/html", "text/markdown", "text/plain")  # the best first


def rendered(kind: str, text: str) -> str:
    """Return one text as HTML, in elements named as JupyterLab names them."""
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

    match kind:
        case "text/html":
            return f"<div>{text}</div>\n"
        case "text/markdown":
            renderer = IPythonRenderer(escape=False, exclude_anchor_links=True)
            made = MarkdownWithMath(renderer=renderer).render(text)
            return f'<div class="jp-RenderedMarkdown">{made}</div>\n'
        case _:
            return f"<pre>{html.escape(text)}</pre>\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
