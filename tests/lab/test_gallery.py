"""The gallery in JupyterLab: each view driven by keyboard and by mouse.

What the page shows is compared with the data of a run of its own. Not here: every
corner of a view (tests/widgets), steppers in all lessons (test_lab.py).
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.lab.conftest import Lab
from tests.lab.recorded import ROOT, language, states
from tests.lab.test_lab import SHOW_CELL, opened

GALLERIES = [ROOT / "notebooks" / name / "gallery.ipynb" for name in ("en", "fr")]
ACTIVE_VIEW = ".jp-Cell.jp-mod-active .ebpflab"
Data = dict[str, Any]


def explained(page: Any, view: Any, data: Data) -> None:
    """Walk how it came to be; drag the proof until it holds; choose an input."""
    assert view.locator(".kern").text_content() == data["message"]
    rows = view.locator(".how button")
    rows.last.focus()
    for cause in reversed(data["how"]):
        page.keyboard.press("ArrowUp")
        told = view.locator(".live").text_content()
        assert told == f"{cause['pc']}: {cause['text']}. {cause['does']}"
    rows.last.click()
    missing = data["proof"]["first"] + data["proof"]["size"] - data["proof"]["proved"]
    view.locator(".hd").focus()
    for _ in range(missing):
        page.keyboard.press("ArrowRight")
    assert "✓" in view.locator(".formula > b").text_content()
    strip = view.locator(".strip")
    place = strip.bounding_box()
    for index in (0, len(data["witness"]["cells"]) - 1):
        share = (index + 0.5) / len(data["witness"]["cells"])
        page.mouse.click(place["x"] + share * place["width"], place["y"] + 8)
        said = view.locator(".said").text_content()
        assert data["witness"]["cells"][index]["said"] in said
    view.locator("button.go").click()
    assert view.locator(".kern").text_content() == data["fix"]["message"]


def explored(page: Any, view: Any, data: Data) -> None:
    """Go through the stretches in order; by mouse to the last; the heat adds up."""
    view.focus()
    page.keyboard.press("Home")
    for n, (_, _, slots, *_) in enumerate(data["nodes"]):
        box = view.locator(".box[aria-pressed=true]")
        assert box.get_attribute("data-n") == str(n)
        assert slots in box.text_content()
        page.keyboard.press("ArrowRight")
    first = view.locator(".box").first
    first.click()
    assert first.get_attribute("aria-pressed") == "true"
    sums = view.locator(".heat tbody .all").all_text_contents()
    assert sum(map(int, sums)) == data["processed"]


def watched(page: Any, view: Any, data: Data) -> None:
    """Go back through all operations, forward by mouse; rows are those recorded."""
    slider, rows = view.get_by_role("slider"), view.locator(".contents [data-row]")
    view.focus()
    page.keyboard.press("End")
    for count in range(len(data["operations"]), 0, -1):
        operation = data["operations"][count - 1]
        assert slider.get_attribute("aria-valuenow") == str(count)
        assert operation["w"] in view.locator(".live").text_content()
        page.keyboard.press("ArrowLeft")
    view.locator("[data-act=last]").click()
    last = dict(data["maps"][0]["start"])
    for operation in data["operations"]:
        last |= {name: row for name, row, _ in operation["c"]}
    shown = [" ".join(text.split()) for text in rows.all_inner_texts()]
    for row in last.values():
        assert any(f"{row['k']} {row['v']}" in text for text in shown), (row, shown)


def weighed(page: Any, view: Any, data: Data) -> None:
    """Choose each row by keyboard, one by mouse: it becomes the unit."""
    rows = view.locator(".row")
    assert rows.count() == len(data["rows"])
    rows.first.focus()
    for row in data["rows"][1:]:
        page.keyboard.press("ArrowDown")
        assert row["name"] in view.locator(".live").text_content()
    rows.nth(1).click()
    assert "= 1" in view.locator(".times").nth(1).text_content()


DRIVEN: dict[str, Callable[[Any, Any, Data], None]] = {
    "rejection": explained,
    "paths": explored,
    "watch": watched,
    "costs": weighed,
}


def name_of(state: Data) -> str:
    """Return which view a state belongs to, by what it is made of."""
    keys = {
        "proof": "rejection",
        "nodes": "paths",
        "maps": "watch",
        "crossover": "costs",
    }
    data = json.loads(state["data"])
    return next((name for key, name in keys.items() if key in data), "stepper")


@pytest.mark.parametrize("path", GALLERIES, ids=language)
def test_every_view_is_driven(page: Any, lab: Lab, path: Path) -> None:
    opened(page, lab, path)
    done = set()
    for cell, state in states(path):
        name = name_of(state)
        if name in done or name not in DRIVEN:
            continue
        page.evaluate(SHOW_CELL, cell)
        view = page.locator(f"{ACTIVE_VIEW}.{name}").first
        view.wait_for()
        assert view.get_attribute("lang") == language(path)
        DRIVEN[name](page, view, json.loads(state["data"]))
        done.add(name)
    assert done == DRIVEN.keys()
    assert page.locator(".ebpflab.broken").count() == 0
    figures = page.locator(".jp-RenderedImage img").count()
    assert figures == 1


def test_an_edit_in_the_page_reaches_the_map(page: Any, lab: Lab) -> None:
    """Python is there: what the reader types is done, and shown as an operation."""
    path = GALLERIES[0]
    opened(page, lab, path)
    cell = next(index for index, state in states(path) if name_of(state) == "watch")
    page.evaluate(SHOW_CELL, cell)
    view = page.locator(f"{ACTIVE_VIEW}.watch").first
    view.wait_for()
    fields = view.locator(".edit input")
    fields.nth(0).fill("99")
    fields.nth(1).fill("12345")
    view.locator(".edit button[value=update]").click()
    view.locator(".say code", has_text="update 99 = 12345").wait_for()
    assert "12345" in view.locator(".contents").inner_text()
