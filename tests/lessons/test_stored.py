"""What `make lessons` stores: text that is the same each time, and nothing measured.

Not here: that what is stored is true (nbval runs each lesson again and compares).
"""

import nbformat
from ebpflab_widgets.lessons import MEASURES, strip
from nbformat.v4 import new_code_cell, new_notebook, new_output


def stored(outputs: list[nbformat.NotebookNode], *tags: str) -> list[str]:
    """Return the texts that are stored of a cell's outputs."""
    cell = new_code_cell("", outputs=outputs, metadata={"tags": list(tags)})
    notebook = new_notebook(cells=[cell])
    strip(notebook)
    return [str(one.get("text") or one.data) for one in notebook.cells[0].outputs]


def said(text: str, name: str = "stdout") -> nbformat.NotebookNode:
    return new_output("stream", text=text, name=name)


def test_what_came_in_pieces_is_stored_in_one() -> None:
    assert stored([said("a\n"), said("b\n"), said("c\n")]) == ["a\nb\nc\n"]


def test_streams_and_values_stay_apart_and_in_order() -> None:
    values = [new_output("display_data", {"text/plain": text}) for text in "12"]
    found = stored([said("a"), said("b", "stderr"), *values, said("c")])
    assert found == ["a", "b", "{'text/plain': '1'}", "{'text/plain': '2'}", "c"]


def test_measurements_pictures_and_views_are_not_stored() -> None:
    picture = new_output("display_data", {"image/png": "…"})
    assert stored([said("1.5 ns")], MEASURES) == []
    assert stored([picture]) == []
