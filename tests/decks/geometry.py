"""What the last row sees of a slide: is it large enough, whole, and apart?

One script looks at every visible line of text. Not here: which slides.
"""

from pathlib import Path
from typing import Any

SMALLEST = 28 / 1080  # of the height: 28 px at 1920 x 1080

SECTION = "section"  # a slide of a static deck

LOOK = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")


def complaints(page: Any, slide: str = SECTION) -> list[str]:
    """Return what the last row cannot read on the slide that is shown."""
    wrong: list[str] = page.evaluate(LOOK, [SMALLEST, slide])
    return wrong
