"""Where we differ from Linux, gathered from the docstrings that say so.

A docstring says it behind a mark (`MARK`). So the page cannot fall behind: it is what
the code says of itself.
"""

import ast
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ENGINE = Path(__file__).parents[1]
MARK = "Kernel differs:"
ENDS = re.compile(r" (?:Source|Raises|Args):")


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where the engine simplifies."""

    file: str  # from the package's folder
    name: str  # of the function or class; "" = the whole file
    text: str


def differences(root: Path = ENGINE) -> Iterator[Difference]:
    """Yield every difference that a docstring tells, file by file."""
    for path in sorted(root.rglob("*.py")):
        tree = ast.parse(path.read_bytes())
        file = path.relative_to(root).as_posix()
        for node in ast.walk(tree):
            if isinstance(
                node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
            ):
                for text in _told(ast.get_docstring(node, clean=False) or ""):
                    yield Difference(file, getattr(node, "name", ""), text)


def _told(docstring: str) -> Iterator[str]:
    """Yield what a docstring says behind each mark, on one line.

    Another remark (`Source:`, `Raises:`) ends it as well as an empty line does.
    """
    lines = inspect.cleandoc(docstring).splitlines()
    for number, line in enumerate(lines):
        _, mark, begin = line.partition(MARK)
        if not mark:
            continue
        told = [begin.strip()]
        for rest in lines[number + 1 :]:
            if not rest.strip():
                break
            told.append(rest.strip())
        yield ENDS.split(" ".join(told))[0]
