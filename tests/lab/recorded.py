"""What lessons and decks recorded, read from a run of their own: the oracle here.

Each notebook is run once, without a browser, with its views as pieces of pages; the
timelines in these say what a stepper must show. Not here: the browser.
"""

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ebpflab.language import MARKER
from ebpflab.timeline import Timeline

ROOT = Path(__file__).parent.parent.parent
STATE = re.compile(r'<script type="application/json">(.*?)</script>', re.DOTALL)
CALL = re.compile(r"\bstep\(")

# What each register's row shows, where something is known.
REGISTERS = """view => Object.fromEntries([...view.querySelectorAll('.regs tbody tr')]
  .filter(row => !row.querySelector('.lv.unk'))
  .map(row => [row.dataset.row, row.querySelector('.new').textContent]))"""


@dataclass(frozen=True)
class Recorded:
    """One stepper of a notebook: the cell that shows it, its run, where it stands."""

    cell: int
    timeline: Timeline
    at: int


def states(path: Path) -> list[tuple[int, dict[str, Any]]]:
    """Return what each view of a notebook shows: its cell and its state."""
    return [
        (index, json.loads(text))
        for index, cell in enumerate(ran(path).cells)
        for output in cell.get("outputs", [])
        for text in STATE.findall(output.get("data", {}).get("text/html", ""))
    ]


def notebooks(*folders: str) -> list[Path]:
    """Return the notebooks of some folders that show a stepper."""
    found = (path for folder in folders for path in (ROOT / folder).glob("*/*.ipynb"))
    return sorted(path for path in found if any(map(shows, cells(path))))


def cells(path: Path) -> list[dict[str, Any]]:
    notebook: dict[str, Any] = json.loads(path.read_text())
    return list(notebook["cells"])


def shows(cell: dict[str, Any]) -> bool:
    """Tell whether a cell shows a stepper."""
    return cell["cell_type"] == "code" and bool(CALL.search("".join(cell["source"])))


def label(path: Path) -> str:
    return "-".join(path.relative_to(ROOT).with_suffix("").parts)


def language(path: Path) -> str:
    return (path.parent / MARKER).read_text().strip()


@cache
def ran(path: Path) -> Any:
    """Run a notebook, once for all tests."""
    from ebpflab_widgets.deck import ran

    return ran(path)


def recorded(path: Path) -> list[Recorded]:
    """Return what the steppers of a notebook must show, the first run of each."""
    found = []
    for index, state in states(path):
        for run in json.loads(state["data"]).get("runs", [])[:1]:  # of a stepper alone
            timeline = Timeline.from_json(json.dumps(run["timeline"]))
            found.append(Recorded(index, timeline, state["step"]))
    return found


def registers(timeline: Timeline, moment: int) -> dict[str, str]:
    """Spell what is known of the registers after `moment` steps."""
    from ebpflab_widgets.words import Spelling

    spelling, state = Spelling(timeline.regions), timeline.state(moment - 1)
    return {
        name: spelling.word(word, name in state.pointers)
        for name, word in state.registers.items()
        if word is not None
    }
