"""Hidden cells assert, and change nothing that the reader sees.

A lesson with live views is run as it is, except that each hidden cell is put between
two looks at the view before it. Not here: what the hidden cells assert.
"""

import json
from pathlib import Path

import nbformat
import pytest

from tests.lessons.test_shape import LESSONS, cells, tags

WATCHES = [
    path
    for path in sorted((LESSONS / "en").glob("0*.ipynb"))
    if any("view = watch(" in cell["source"] for cell in cells(path))
]
BEFORE = "seen_before = view.text if 'view' in globals() else ''\n"
AFTER = "\nif seen_before:\n    assert view.text == seen_before, 'the view has changed'"
LOOKS_UP = "\n[*maps['clients'].items()]"


def changed(path: Path, planted_in: str = "") -> str:
    """Run a lesson, a hidden cell of it perhaps spoiled; return what failed, or ""."""
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if "docassert" in tags(cell):
            planted = LOOKS_UP if cell.id == planted_in else ""
            cell.source = BEFORE + cell.source + planted + AFTER
    resources = {"metadata": {"path": str(path.parent)}}
    try:
        NotebookClient(notebook, timeout=120, resources=resources).execute()
    except CellExecutionError as error:
        return str(error.evalue)
    return ""


def test_there_are_views_to_change() -> None:
    assert [path.stem for path in WATCHES] == ["03-6-maps"]


@pytest.mark.parametrize("path", WATCHES, ids=lambda path: path.stem)
def test_hidden_cells_change_no_view(path: Path) -> None:
    assert changed(path) == ""


def test_a_hidden_look_into_the_map_is_found(tmp_path: Path) -> None:
    notebook = json.loads(WATCHES[0].read_text())
    ids = [cell["id"] for cell in notebook["cells"]]
    notebook["cells"] = notebook["cells"][: ids.index("full-assert") + 1]
    copy = tmp_path / WATCHES[0].name
    copy.write_text(json.dumps(notebook))
    (tmp_path / "traffic.pcap").write_bytes((LESSONS / "en/traffic.pcap").read_bytes())
    assert "the view has changed" in changed(copy, "full-assert")
