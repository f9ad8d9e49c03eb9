"""The shape of every lesson: one code in both languages, short cells, public names.

Each check takes a folder that holds `en` and `fr` and returns what is wrong there, in
sentences. It runs on the lessons, where nothing may be wrong, and on a copy in which
its rule was broken on purpose. Not here: what the lessons say (nbval compares that).
"""

import ast
import json
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import ebpflab_widgets
import pytest
from ebpflab_widgets import exercise

import ebpflab
from ebpflab.jit import listing, proofs, source
from ebpflab.linux.jited import jited

LESSONS = Path(__file__).parent.parent.parent / "notebooks"
LANGUAGES = ("en", "fr")
CODE_LINES, PROSE_WORDS = 15, 60
DIGITS = 12  # of the hash that names what was translated
PUBLIC = {  # module -> the names that a lesson may take from it; None = any
    "ebpflab": set(dir(ebpflab)),
    "ebpflab.jit": {listing.__name__},
    "ebpflab.jit.proofs": {proofs.prove.__name__, proofs.worth.__name__},
    "ebpflab.jit.source": {source.source_of.__name__},
    "ebpflab.linux.jited": {jited.__name__},
    "ebpflab_widgets": set(ebpflab_widgets.__all__),
    "ebpflab_widgets.exercise": {exercise.check.__name__},
    "IPython.display": None,
}
NOT_PROSE = re.compile(r"```.*?```|<[^>]+>|\]\([^)]*\)", re.DOTALL)
WORD = re.compile(r"\w[\w’'.-]*")

Cell = dict[str, Any]


def lessons(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "en").glob("*.ipynb"))


def cells(path: Path) -> list[Cell]:
    read: list[Cell] = json.loads(path.read_text())["cells"]
    return [{**cell, "source": "".join(cell["source"])} for cell in read]


def all_cells(folder: Path) -> Iterator[tuple[str, Cell]]:
    """Yield each cell of each lesson, with its place."""
    for name in lessons(folder):
        for language in LANGUAGES:
            for cell in cells(folder / language / name):
                yield f"{language}/{name}: {cell['id']}", cell


def tags(cell: Cell) -> list[str]:
    found: list[str] = cell["metadata"].get("tags", [])
    return found


def digest(source: str) -> str:
    return sha256(source.encode()).hexdigest()[:DIGITS]


# ---- the two languages ---------------------------------------------------------


def different_code(folder: Path) -> list[str]:
    """Code cells are equal to the letter, and stand in the same order."""
    wrong = []
    for name in lessons(folder):
        english, french = (cells(folder / language / name) for language in LANGUAGES)
        if [c["id"] for c in english] != [c["id"] for c in french]:
            wrong.append(f"{name}: other cells, or another order")
        for ours, theirs in zip(english, french, strict=False):
            if "code" in (ours["cell_type"], theirs["cell_type"]):
                kept = ("cell_type", "source", "metadata")
                if [ours[k] for k in kept] != [theirs[k] for k in kept]:
                    wrong.append(f"{name}: {ours['id']} is not the same code")
    return wrong


def old_translations(folder: Path) -> list[str]:
    """A French text names the English one that it translates: its id and hash."""
    wrong = []
    for name in lessons(folder):
        english = {c["id"]: c["source"] for c in cells(folder / "en" / name)}
        for cell in cells(folder / "fr" / name):
            if cell["cell_type"] == "markdown":
                source = english.get(cell["id"], "")
                current = {"id": cell["id"], "hash": digest(source)}
                if cell["metadata"].get("translates") != current:
                    wrong.append(f"{name}: {cell['id']} translates another {current}")
    return wrong


def bad_spaces(folder: Path) -> list[str]:
    """French has no-break spaces before : ; ? ! » %, after «, in 4 096; and ’."""
    wrong = []
    for name in lessons(folder):
        for cell in cells(folder / "fr" / name):
            if cell["cell_type"] == "markdown":
                prose = NOT_PROSE.sub("", re.sub(r"`[^`]*`", "x", cell["source"]))
                if re.search(r" [:;?!»]|\d %|« |'|\d \d{3}(?!\d)", prose):
                    wrong.append(f"{name}: {cell['id']} has a space or a ' of English")
    return wrong


def different_files(folder: Path) -> list[str]:
    """What lessons read is the same file in both languages."""
    wrong = []
    for path in sorted((folder / "en").iterdir()):
        twin = folder / "fr" / path.name
        if path.is_file() and path.suffix and path.suffix != ".ipynb":
            if not twin.is_file() or twin.read_bytes() != path.read_bytes():
                wrong.append(f"{path.name} is not the same file in fr")
    return wrong


# ---- the size of cells ---------------------------------------------------------


def long_code(folder: Path) -> list[str]:
    """A code cell has 15 lines at most; hidden ones are for the tests."""
    return [
        f"{place} has {cell['source'].count(chr(10)) + 1} lines"
        for place, cell in all_cells(folder)
        if cell["cell_type"] == "code" and "docassert" not in tags(cell)
        if cell["source"].count("\n") >= CODE_LINES
    ]


def long_prose(folder: Path) -> list[str]:
    """A text cell has 60 words at most."""
    counted = (
        (place, len(WORD.findall(NOT_PROSE.sub(" ", cell["source"]))))
        for place, cell in all_cells(folder)
        if cell["cell_type"] == "markdown"
    )
    return [f"{place} has {n} words" for place, n in counted if n > PROSE_WORDS]


def silent_code(folder: Path) -> list[str]:
    """Between two code cells stands a sentence."""
    wrong, before = [], ""
    for place, cell in all_cells(folder):
        if "docassert" in tags(cell):
            continue
        if cell["cell_type"] == before == "code":
            wrong.append(f"{place} follows code without a sentence")
        before = cell["cell_type"]
    return wrong


# ---- what the code uses --------------------------------------------------------


def private_names(folder: Path) -> list[str]:
    """Lessons take what a script of anybody's may take, and nothing else."""
    return [
        f"{place} uses {name}"
        for place, cell in all_cells(folder)
        if cell["cell_type"] == "code"
        for name in taken(ast.parse(python_of(cell["source"])))
    ]


def python_of(source: str) -> str:
    """Return the Python of a cell: without C under a magic, lines without its name."""
    if source.startswith("%%"):
        return ""
    return re.sub(r"^%(load_ext .*|\w+ ?)", "", source, flags=re.MULTILINE)


def taken(tree: ast.AST) -> Iterator[str]:
    """Yield the names that are not public."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (n.name for n in names if not known(n.name, None))
            case ast.ImportFrom(module=str(module), names=names):
                yield from (n.name for n in names if not known(module, n.name))
            case ast.Attribute(value=ast.Name(id="lab"), attr=name):
                if name not in PUBLIC["ebpflab"]:  # type: ignore[operator]
                    yield f"lab.{name}"
            case ast.Attribute(attr=name) | ast.Name(id=name):
                if name.startswith("_"):
                    yield name


def known(module: str, name: str | None) -> bool:
    if module.split(".")[0] in sys.stdlib_module_names:
        return True
    public = PUBLIC.get(module, set())
    return public is None or (bool(public) and (name is None or name in public))


def empty_asserts(folder: Path) -> list[str]:
    """A hidden cell pins what the prose claims: it asserts something."""
    return [
        f"{place} asserts nothing, or is not hidden"
        for place, cell in all_cells(folder)
        if "docassert" in tags(cell)
        if not cell["metadata"].get("jupyter", {}).get("source_hidden")
        or not any(asserts(node) for node in ast.walk(ast.parse(cell["source"])))
    ]


def asserts(node: ast.AST) -> bool:
    return isinstance(node, ast.Assert) and not isinstance(node.test, ast.Constant)


# ---- the checks, on the lessons and on broken copies ---------------------------


def change(old: str, new: str) -> Callable[[Cell], None]:
    """Make a change to the source of a cell."""

    def changed(cell: Cell) -> None:
        source = "".join(cell["source"])
        cell["source"] = source.replace(old, new) if old else source + new

    return changed


CODE, PROSE = "packets", "event"  # cells of the first lesson
PLANTED: list[tuple[Callable[[Path], list[str]], str, str, Callable[[Cell], None]]] = [
    (different_code, "fr", CODE, change("packet", "paquet")),
    (old_translations, "en", PROSE, change("real", "recorded")),
    (bad_spaces, "fr", PROSE, change("", " Vraiment ?")),
    (bad_spaces, "fr", PROSE, change("", " C'est")),
    (bad_spaces, "fr", PROSE, change("", " Dont 4 096.")),
    (long_code, "en", CODE, change("", "\n0" * CODE_LINES)),
    (long_prose, "fr", PROSE, change("", " mot" * PROSE_WORDS)),
    (private_names, "en", CODE, change("", "\nfrom ebpflab.vm.machine import Machine")),
    (private_names, "en", CODE, change("", "\nfrom ebpflab_widgets import stepper")),
    (private_names, "en", CODE, change("", "\nimport numpy")),
    (private_names, "en", CODE, change("", "\nlab.vm")),
    (private_names, "en", CODE, change("", "\npackets._x")),
    (private_names, "en", CODE, change("", "\n%step packets._x")),
    (empty_asserts, "en", "packets-assert", change("assert", "it =")),
    (silent_code, "en", PROSE, lambda cell: cell.update(cell_type="code", source="1")),
]
CHECKS = [different_files, *dict.fromkeys(check for check, *_ in PLANTED)]


def test_there_are_lessons() -> None:
    assert "00-start-here.ipynb" in lessons(LESSONS)


def test_a_different_file_is_found(tmp_path: Path) -> None:
    copy = shutil.copytree(LESSONS, tmp_path / "notebooks")
    (copy / "fr" / "traffic.pcap").write_bytes(b"")
    assert different_files(copy)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_lessons_have_their_shape(check: Callable[[Path], list[str]]) -> None:
    assert check(LESSONS) == []


@pytest.mark.parametrize(
    ("check", "language", "id", "breaks"),
    PLANTED,
    ids=[f"{check.__name__}-{number}" for number, (check, *_) in enumerate(PLANTED)],
)
def test_a_planted_violation_is_found(
    check: Callable[[Path], list[str]],
    language: str,
    id: str,
    breaks: Callable[[Cell], None],
    tmp_path: Path,
) -> None:
    ignored = shutil.ignore_patterns(".ipynb_checkpoints")
    copy = shutil.copytree(LESSONS, tmp_path / "notebooks", ignore=ignored)
    path = copy / language / "00-start-here.ipynb"
    notebook = json.loads(path.read_text())
    breaks(next(cell for cell in notebook["cells"] if cell["id"] == id))
    path.write_text(json.dumps(notebook))
    assert check(copy)
