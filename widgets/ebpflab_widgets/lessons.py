"""Run lessons and decks again and store what they say, as text.

`python -m ebpflab_widgets.lessons FOLDER-OR-NOTEBOOK ...` (`make lessons`). Stored are
the outputs that nbval compares; pictures, widgets and timings are not, nor anything
that tells of the machine. A cell with the tag `nbval-ignore-output` shows measurements,
so its outputs are not stored. Not here: the comparison, which is `make test`.
"""

import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

# nbval compares every other kind of output, so every other kind is stored.
UNSTORED = ("image/png", "image/jpeg", "application/vnd.jupyter.widget-view+json")
MEASURES = "nbval-ignore-output"
TIMEOUT_S = 120


def main(names: list[str]) -> int:
    """Run the notebooks in `names`; return 1 if a cell of one failed, else 0."""
    failed = 0
    for path in notebooks(names):
        print(path, flush=True)
        try:
            store(path)
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            print(f"{path}: not stored\n{error}", file=sys.stderr)
            failed = 1
    return failed


def notebooks(names: list[str]) -> Iterator[Path]:
    """Yield the notebooks named, and those in the folders named."""
    for path in map(Path, names):
        found = sorted(path.rglob("*.ipynb")) if path.is_dir() else [path]
        yield from (p for p in found if ".ipynb_checkpoints" not in p.parts)


def store(path: Path) -> None:
    """Run one notebook in its folder and write it back with its outputs."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=TIMEOUT_S,
        kernel_name="python3",
        record_timing=False,
        store_widget_state=False,
        resources={"metadata": {"path": str(path.parent)}},
    )
    client.execute()
    strip(notebook)
    nbformat.write(notebook, path)


def strip(notebook: Any) -> None:
    """Keep the text of the outputs; drop pictures, widgets and measurements."""
    notebook.metadata.pop("widgets", None)
    notebook.metadata["language_info"] = {"name": "python"}
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        cell.metadata.pop("execution", None)
        if MEASURES in cell.metadata.get("tags", ()):
            cell.outputs = []
        kept = [output for output in cell.outputs if keep_text(output)]
        cell.outputs = list(in_one_piece(kept))


def in_one_piece(outputs: list[Any]) -> Iterator[Any]:
    """Join what one stream said in several messages: how many is a matter of time."""
    for _, group in groupby(outputs, key=lambda one: one.get("name") or id(one)):
        first, *others = group
        for other in others:
            first.text += other.text
        yield first


def keep_text(output: Any) -> bool:
    """Drop from one output what is not stored; tell whether something is left."""
    if output.output_type == "error":
        # The frames name files of this machine; the message is the lesson.
        output.traceback = [f"{output.ename}: {output.evalue}"]
    for kind in UNSTORED:
        output.get("data", {}).pop(kind, None)
    return bool(output.get("data", True))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
