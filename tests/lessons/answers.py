"""What the tests of all exercises share: solutions, starters, and the hint given."""

import json
import re
from pathlib import Path
from typing import Any

from ebpflab_widgets.exercise import Checked
from ebpflab_widgets.wording import catalogue

import ebpflab as lab

NOTEBOOKS = Path(__file__).parent.parent.parent / "notebooks"
PACKETS = lab.read_capture(NOTEBOOKS / "en" / "traffic.pcap")
FILLERS = ("packet", "size", "given", "why", "found")


def solution(exercise: str) -> str:
    return (NOTEBOOKS / "solutions" / f"{exercise}.c").read_text()


def program(source: str) -> lab.Program:
    return next(iter(lab.compile(source).programs.values()))


def starters() -> dict[str, str]:
    """Return the source that each lesson starts its exercises from."""
    found: dict[str, str] = {}
    for path in sorted((NOTEBOOKS / "en").glob("*.ipynb")):
        for cell in json.loads(path.read_text())["cells"]:
            source = "".join(cell["source"])
            if asked := re.search(r'^check\("([\w-]+)", (\w+)\)', source, re.MULTILINE):
                made: dict[str, Any] = {}
                exec(source[: asked.start()], made)
                found[asked[1]] = made[asked[2]]
    return found


def distinct_hints(rows: set[str]) -> bool:
    """Tell whether an exercise knows two mistakes at least, each by its own hint."""
    return len({catalogue().say(row, "hint") for row in rows}) == len(rows) >= 2


def hint(row: str, answer: Checked) -> str:
    """Return the hint of a row, if that is what the answer says."""
    said = catalogue().say(row, "hint", **dict.fromkeys(FILLERS, ""))
    assert " ".join(answer.text.split()).endswith(" ".join(said.split())), answer.text
    return said
