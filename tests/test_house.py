"""The rules of the house, executed: layers, imports, files, locks, lessons.

Each check takes the root of a tree and returns what is wrong there, in sentences. It
runs on this tree, where nothing may be wrong, and on a copy in which its rule was
broken on purpose: a check that cannot fail is none.
"""

import ast
import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
GENERATED = {".git", ".venv", "build", "__pycache__", ".ipynb_checkpoints"}
CACHES = {".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache"}
ARROWS = """language ← errors ← broken ← isa ← program ← listing ← timeline ← results
    ← logs ← packets ← reasons ← btf ← maps ← helpers ← hooks ← elf c vm verifier linux
    ← claims remedy cost ← reference ← jit ← sim ← cli"""
LAYERS = [row.split() for row in ARROWS.split("←")]
LEVEL = {name: level for level, row in enumerate(LAYERS) for name in row}
SIDEWAYS = {("c", "elf")}  # the one import between neighbors
WHOLE = {"__init__", "__main__", "cli"}  # these may import everything
JUPYTER = {"IPython", "matplotlib", "ipywidgets", "anywidget", "ebpflab_widgets"}
LAZY = {
    "elftools": "pyelftools",
    "ziglang": "ziglang",
    "dpkt": "dpkt",
    "llvmlite": "llvmlite",
}
LESSON_FOLDERS = ("notebooks", "slides")
UNSTORED = ("image/", "application/vnd.jupyter.widget")
VAGUE_NAMES = {"utils.py", "common.py", "misc.py"}
WORDS = "TO" + "DO|FIX" + "ME"  # apart, lest this file be found
UNFINISHED = re.compile(rf"\b({WORDS})\b".encode())


def files(root: Path) -> Iterator[Path]:
    """Yield the files of the tree that are kept, in order."""
    for path in sorted(root.iterdir()):
        if path.is_dir() and path.name not in GENERATED | CACHES:
            yield from files(path)
        elif path.is_file():
            yield path


def python_files(folder: Path) -> list[Path]:
    return [path for path in files(folder) if path.suffix == ".py"]


def lessons(root: Path) -> list[Path]:
    folders = [root / name for name in LESSON_FOLDERS if (root / name).is_dir()]
    return [path for f in folders for path in files(f) if path.suffix == ".ipynb"]


# ---- the layers ----------------------------------------------------------------


def imported(path: Path, package: Path) -> Iterator[tuple[str, int]]:
    """Yield each absolute module name that a file imports, and the line."""
    here = ["ebpflab", *path.relative_to(package).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = here[: len(here) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from ((f"{module}.{alias.name}", node.lineno) for alias in node.names)


def may_import(importer: str, target: str) -> bool:
    """Tell whether one part of the engine may import another."""
    if importer in WHOLE or importer == target or (importer, target) in SIDEWAYS:
        return True
    return importer in LEVEL and LEVEL.get(target, len(LEVEL)) < LEVEL[importer]


def broken_layers(root: Path) -> list[str]:
    """Imports run one way, and the engine knows no Jupyter."""
    package, wrong = root / "ebpflab", []
    for path in python_files(package):
        part = path.relative_to(package).parts[0].removesuffix(".py")
        for name, line in imported(path, package):
            top, *rest = name.split(".")
            target = rest[0] if rest else ""
            if top in JUPYTER:
                wrong.append(f"{path}:{line}: the engine imports {top}")
            elif top == "ebpflab" and not may_import(part, target):
                wrong.append(f"{path}:{line}: {part} imports {target or top}")
    return wrong


def unknown_parts(root: Path) -> list[str]:
    """Whatever holds code in ebpflab/ has its place in the layers."""
    paths = [
        path.relative_to(root / "ebpflab") for path in python_files(root / "ebpflab")
    ]
    names = {path.parts[0].removesuffix(".py") for path in paths} - WHOLE
    return [f"ebpflab/{name} is in no layer" for name in sorted(names - LEVEL.keys())]


def imports_when_loaded(body: list[ast.stmt]) -> Iterator[ast.Import | ast.ImportFrom]:
    """Yield the imports that run when the module is loaded."""
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from imports_when_loaded(node.orelse)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for inner in ("body", "orelse", "handlers", "finalbody"):
                yield from imports_when_loaded(getattr(node, inner, []))


def eager_imports(root: Path) -> list[str]:
    """Other people's packages load when first used, never with the engine."""
    wrong = []
    for path in python_files(root / "ebpflab"):
        for node in imports_when_loaded(ast.parse(path.read_bytes()).body):
            names = [alias.name for alias in node.names]
            if isinstance(node, ast.ImportFrom):
                names = [] if node.level else [str(node.module)]
            for top in {name.split(".")[0] for name in names}:
                if top != "ebpflab" and top not in sys.stdlib_module_names:
                    wrong.append(f"{path}:{node.lineno}: {top} at module level")
    return wrong


def unlisted_imports(root: Path) -> list[str]:
    """What the engine loads lazily is what its extra installs."""
    known, package = {*sys.stdlib_module_names, "ebpflab", *LAZY}, root / "ebpflab"
    wrong = [
        f"{path}:{line}: {name} is not a part of the `engine` extra"
        for path in python_files(package)
        for name, line in imported(path, package)
        if name.split(".")[0] not in known
    ]
    declared = {name_of(row) for row in extras(root)["engine"]}
    return wrong + [f"engine extra: {x}" for x in declared ^ set(LAZY.values())]


# ---- files ---------------------------------------------------------------------


def unfinished(root: Path) -> list[str]:
    """Nothing is left for later in a comment, and file names say what is inside."""
    wrong = [f"{p}: a vague name" for p in files(root) if p.name in VAGUE_NAMES]
    marked = (path for path in files(root) if UNFINISHED.search(path.read_bytes()))
    return wrong + [f"{path}: left for later" for path in marked]


def without_docstring(root: Path) -> list[str]:
    """Every file says first what it is."""
    paths = python_files(root / "ebpflab") + python_files(root / "widgets")
    parsed = ((path, ast.parse(path.read_bytes())) for path in paths)
    return [
        f"{path}: no docstring" for path, tree in parsed if not ast.get_docstring(tree)
    ]


def long_makefile(root: Path) -> list[str]:
    """The Makefile can be read on stage."""
    count = len((root / "Makefile").read_text().splitlines())
    return [f"Makefile: {count} lines, 60 allowed"] if count > 60 else []


# ---- dependencies --------------------------------------------------------------


def extras(root: Path) -> dict[str, list[str]]:
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    return {"": project["dependencies"], **project["optional-dependencies"]}


def name_of(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement)[0]


def unexplained_dependencies(root: Path) -> list[str]:
    """Each dependency has its paragraph: what it saves us, and that it is kept."""
    told = (root / "CONTRIBUTING.md").read_text()
    names = {name_of(row) for rows in extras(root).values() for row in rows}
    return [
        f"{n}: no paragraph"
        for n in sorted(names - {"ebpflab"})
        if f"**{n}**" not in told
    ]


def loose_locks(root: Path) -> list[str]:
    """Locks hold versions and hashes, and name no host and no folder."""
    wrong = []
    for lock in sorted(root.glob("requirements*.lock")):
        rows = lock.read_text().replace("\\\n", " ").splitlines()
        for row in (row for row in rows if not row.lstrip().startswith("#")):
            if not re.fullmatch(
                r"[\w.-]+==[^/\\]+--hash=sha256:[0-9a-f]{64}[^/\\]*", row
            ):
                wrong.append(f"{lock}: {row[:60]}")
        wrong += [
            f"{lock}: {word}"
            for word in ("://", "index-url")
            if word in lock.read_text()
        ]
    return wrong


# ---- lessons -------------------------------------------------------------------


def one_language_only(root: Path) -> list[str]:
    """Every lesson and deck exists in English and in French."""
    found = {path.relative_to(root) for path in lessons(root)}
    pairs = {(p.parts[0], p.parts[2:]) for p in found}
    return [
        f"{kind}/{language}/{'/'.join(rest)} is missing"
        for kind, rest in sorted(pairs)
        for language in ("en", "fr")
        if Path(kind, language, *rest) not in found
    ]


def badly_stored(root: Path) -> list[str]:
    """Outputs are stored (nbval skips a cell that never ran), as text only."""
    wrong = []
    for path in lessons(root):
        notebook = json.loads(path.read_text())
        if "widgets" in notebook["metadata"]:
            wrong.append(f"{path}: stores widget state")
        for number, cell in enumerate(notebook["cells"]):
            if cell["cell_type"] != "code" or not "".join(cell["source"]).strip():
                continue
            if cell["execution_count"] is None:
                wrong.append(f"{path}: cell {number} has not run; make lessons")
            kinds = [kind for out in cell["outputs"] for kind in out.get("data", {})]
            if any(kind.startswith(UNSTORED) and "svg" not in kind for kind in kinds):
                wrong.append(f"{path}: cell {number} stores a picture or a widget")
    return wrong


# ---- the checks, on this tree and on broken copies of it -----------------------

NOTEBOOK = (
    '{{"metadata": {}, "cells": [{{"cell_type": "code", "source": "1", '
    '"execution_count": {}, "outputs": {}}}], "nbformat": 4, "nbformat_minor": 5}}'
)
PICTURE = '[{"output_type": "display_data", "metadata": {}, "data": {"image/png": ""}}]'
DOC = '"""A planted file."""\n'
PLANTED: list[tuple[Callable[[Path], list[str]], str, str]] = [
    (broken_layers, "ebpflab/errors.py", "import ebpflab.vm"),
    (broken_layers, "ebpflab/isa/planted.py", "from ..helpers import contract"),
    (broken_layers, "ebpflab/vm/planted.py", "def f():\n    from ebpflab import elf"),
    (broken_layers, "ebpflab/elf/planted.py", "from ebpflab.c import headers"),
    (broken_layers, "ebpflab/maps/planted.py", "from ebpflab import run"),
    (broken_layers, "ebpflab/jit/planted.py", "def f():\n    import IPython.display"),
    (broken_layers, "ebpflab/__init__.py", "import ebpflab_widgets"),
    (unknown_parts, "ebpflab/planted.py", DOC),
    (eager_imports, "ebpflab/elf/planted.py", "from elftools.elf import elffile"),
    (
        eager_imports,
        "ebpflab/c/planted.py",
        "try:\n    import ziglang\nfinally:\n    1",
    ),
    (unlisted_imports, "ebpflab/sim/planted.py", "def f():\n    import scapy"),
    (unfinished, "widgets/ebpflab_widgets/planted.js", "// TO" + "DO: later"),
    (unfinished, "ebpflab/vm/utils.py", DOC),
    (without_docstring, "ebpflab/vm/planted.py", "x = 1"),
    (without_docstring, "widgets/ebpflab_widgets/planted.py", ""),
    (long_makefile, "Makefile", "#\n" * 61),
    (unexplained_dependencies, "CONTRIBUTING.md", "Nothing."),
    (loose_locks, "requirements.lock", "numpy==2.4.6"),
    (loose_locks, "requirements.lock", "--index-url https://localhost/simple"),
    (one_language_only, "notebooks/en/planted.ipynb", NOTEBOOK.format("{}", 1, "[]")),
    (one_language_only, "slides/fr/planted.ipynb", NOTEBOOK.format("{}", 1, "[]")),
    (badly_stored, "notebooks/en/planted.ipynb", NOTEBOOK.format("{}", "null", "[]")),
    (badly_stored, "slides/en/planted.ipynb", NOTEBOOK.format("{}", 1, PICTURE)),
    (
        badly_stored,
        "slides/en/planted.ipynb",
        NOTEBOOK.format('{"widgets": 1}', 1, "[]"),
    ),
]
CHECKS = list(dict.fromkeys(check for check, _, _ in PLANTED))


def copy_of_the_tree(target: Path) -> Path:
    ignored = shutil.ignore_patterns(*GENERATED, *CACHES)
    return shutil.copytree(ROOT, target / "tree", ignore=ignored, symlinks=True)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_house_stands(check: Callable[[Path], list[str]]) -> None:
    assert check(ROOT) == []


@pytest.mark.parametrize(
    ("check", "path", "text"),
    PLANTED,
    ids=[f"{check.__name__}-{number}" for number, (check, _, _) in enumerate(PLANTED)],
)
def test_a_planted_violation_is_found(
    check: Callable[[Path], list[str]], path: str, text: str, tmp_path: Path
) -> None:
    tree = copy_of_the_tree(tmp_path)
    before = check(tree)
    (tree / path).parent.mkdir(parents=True, exist_ok=True)
    (tree / path).write_text(text)
    assert set(check(tree)) - set(before)


# ---- the engine alone ----------------------------------------------------------


def import_alone(root: Path) -> subprocess.CompletedProcess[str]:
    """Import the engine where nothing is installed, and list what came with it."""
    path = f"import sys; sys.path.insert(0, {str(root)!r})"
    code = f"{path}; import ebpflab; print(*sys.modules)"
    command = [sys.executable, "-I", "-S", "-c", code]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_the_engine_needs_the_standard_library_only() -> None:
    done = import_alone(ROOT)
    assert done.returncode == 0, done.stderr
    loaded = {name.split(".")[0] for name in done.stdout.split()}
    assert loaded <= {*sys.stdlib_module_names, "ebpflab", "__main__"}


def test_an_engine_that_needs_more_is_found(tmp_path: Path) -> None:
    tree = copy_of_the_tree(tmp_path)
    with (tree / "ebpflab" / "__init__.py").open("a") as file:
        file.write("\nimport pytest\n")
    assert "No module named 'pytest'" in import_alone(tree).stderr
