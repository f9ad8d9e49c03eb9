"""What is measured on the page of any view: contrast, names, sizes, what is cut or laid
over something else. Each is a script that returns what is wrong; [] is right.

Source: the accessibility checklist of the views' design (contrast 4.5 for text, 3 for
signs and borders; targets of 24 pixels; one live line; sliders that speak). Not here:
how it is measured (`looks.js`).
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

LOOKS = Path(__file__).with_suffix(".js").read_text(encoding="utf-8").rstrip()
# A view may draw again for its new width: two frames later it has.
DRAWN = """() => new Promise(done =>
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 30))))"""


def measured(name: str) -> str:
    """Return the script of one measurement."""
    return f"() => ({LOOKS.removesuffix(';')}).{name}()"


def cpu_of(page: Any) -> Callable[[], float]:
    """Begin to measure; the function returned tells the seconds that a page worked.

    What other programs do meanwhile does not count.
    """
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def worked() -> float:
        told = session.send("Performance.getMetrics")["metrics"]
        return next(m["value"] for m in told if m["name"] == "TaskDuration")

    before = worked()
    return lambda: float(worked() - before)


def for_each(check: str) -> str:
    """Return a script that measures every view of a page, one after another."""
    return f"""() => [...document.querySelectorAll('.ebpflab')].map(view => {{
      window.lookedAt = view
      return ({check})().slice(0, 5)
    }})"""


def table(*names: str) -> dict[str, str]:
    return {name: measured(name) for name in names}


ALWAYS = table("names", "targets", "roles", "spaces")
IN_EACH_THEME = table("contrast", "borders")
AT_EACH_WIDTH = table("wide", "cut", "laidOver")
