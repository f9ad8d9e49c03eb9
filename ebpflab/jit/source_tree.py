"""How the blocks of a function find each other in Python source, which has no goto.

What only one block leads to stands inside it; the others are leaves of a tree of ifs
over their number, `at`. A leaf that leads back to itself is a loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

INDENT = "  "


@dataclass(frozen=True, slots=True)
class Goto:
    """Stands in a leaf's lines for the way to another block."""

    target: int
    due: int  # instructions still to be counted
    budget_at: int = -1  # slot of the backward jump that asks for the budget


Lines = list[tuple[int, str | Goto]]  # indent, what


def finished(
    lines: Lines, head: int, number: Callable[[int], int]
) -> list[tuple[int, str]]:
    """Return a leaf's lines; one that leads back to its head becomes a loop."""
    back = {line for _, line in lines if isinstance(line, Goto) and line.target == head}
    done: list[tuple[int, str]] = []
    counted = len(back) == 1 and not any(_counts(line) for _, line in lines)
    if back:
        round = next(iter(back)).due
        by_range = f"for n in range(n, max(n, limit) + 1, {round}):"
        done.append((0, by_range if counted else "while True:"))
    for indent, line in lines:
        indent += bool(back)
        if not isinstance(line, Goto):
            done.append((indent, line))
        elif counted and line.target == head:
            done.append((indent, "continue"))
        else:
            done += [(indent, text) for text in _way(line, head, number, bool(back))]
    if counted:
        (jump,) = back
        done.append((0, f"else: run.over({jump.budget_at}, n + {jump.due})"))
    return done


def _counts(line: str | Goto) -> bool:
    return isinstance(line, str) and line.startswith("n +=")


def _way(
    goto: Goto, head: int, number: Callable[[int], int], in_loop: bool
) -> Iterator[str]:
    """Yield the lines that go to another block, or once more to this one."""
    if goto.due:
        yield f"n += {goto.due}"
    if goto.budget_at >= 0:
        yield f"if n > limit: run.over({goto.budget_at}, n)"
    if goto.target == head:
        yield "continue"
    else:
        yield f"at = {number(goto.target)}"
        if in_loop:
            yield "break"


def tree(
    leaves: list[list[tuple[int, str]]], low: int, high: int, indent: int
) -> Iterator[str]:
    """Yield the lines that find leaf number `at`."""
    if high - low == 1:
        yield from (INDENT * (indent + deeper) + line for deeper, line in leaves[low])
        return
    middle = (low + high) // 2
    yield f"{INDENT * indent}if at < {middle}:"
    yield from tree(leaves, low, middle, indent + 1)
    yield f"{INDENT * indent}else:"
    yield from tree(leaves, middle, high, indent + 1)
