"""The exercises about system calls: counts are judged, so no machine is too slow.

As `test_exercises.py`, for answers that are Python functions.
"""

from collections.abc import Callable
from typing import Any

import pytest
from ebpflab_widgets.exercise import check
from ebpflab_widgets.exercise_costs import FUNCTIONS, LINES, ROOM, fewest_writes

from tests.lessons.answers import NOTEBOOKS, distinct_hints, hint, starters

ASKED = "read(4096)"
LAST = "    if batch:\n        write(batch)\n"
FULL = "if len(batch) + len(line) > 4096:"

# Exercise, what a learner wrote instead of what, and the row that explains it.
WRONG = [
    ("few-reads", ASKED, "read(1)", "reads-many"),
    ("few-reads", ASKED, "read(2048)", "reads-many"),
    ("few-reads", ASKED, "read(8192)", "reads-room"),
    ("few-reads", ASKED, "read(0)", "reads-room"),
    ("few-reads", ASKED, "read('4096')", "reads-room"),
    ("few-reads", "        data += piece", "        return piece",
     "reads-first-only"),
    ("few-reads", "+= piece", "+= piece\n        if len(piece) < 4096: break",
     "reads-short"),
    ("few-reads", "    return data", "    read(1)\n    return data", "reads-after-end"),
    ("few-reads", "return data", "return data.hex()", "reads-shape"),
    ("few-reads", "+= piece", "= piece + data", "reads-other"),
    ("few-reads", "data = b", "data = ", "calls-fail"),
    ("batch-lines", FULL, "if batch:", "batch-each"),
    ("batch-lines", "> 4096", ">= 4096", "batch-room"),
    ("batch-lines", "> 4096", "> 100", "batch-room"),
    ("batch-lines", LAST, "", "batch-lost"),
    ("batch-lines", LAST, "    write(batch)\n", "batch-nothing"),
    ("batch-lines", "> 4096", "> 5000", "batch-long"),
    ("batch-lines", 'batch = b""\n        batch', "pass\n        batch", "batch-long"),
    ("batch-lines", LAST, "    write(batch[:9])\n    write(batch[9:])", "batch-torn"),
    ("batch-lines", "in lines", "in lines[::-1]", "batch-other"),
    ("batch-lines", LAST, "    while batch:\n        write(b'x')", "batch-endless"),
    ("batch-lines", "write(batch)", "write(batch.decode())", "batch-shape"),
    ("batch-lines", "in lines", "in lines[0]", "calls-fail"),
]  # fmt: skip


def solution(exercise: str) -> str:
    return (NOTEBOOKS / "solutions" / f"{exercise}.py").read_text()


def function(source: str) -> Callable[..., Any]:
    made: dict[str, Any] = {}
    exec(source, made)
    return made.get("fetch") or made["send"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("exercise", FUNCTIONS)
def test_a_solution_passes(
    exercise: str, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EBPFLAB_LANG", language)
    answer = check(exercise, function(solution(exercise)))
    assert answer.passed, answer
    assert "system call" in answer.text or "appel système" in answer.text


@pytest.mark.parametrize("exercise", FUNCTIONS)
def test_the_starter_of_the_lesson_fails(exercise: str) -> None:
    answer = check(exercise, starters()[exercise])
    assert not answer.passed
    row = {"few-reads": "reads-many", "batch-lines": "batch-each"}[exercise]
    assert hint(row, answer)


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize(("exercise", "right", "wrong", "row"), WRONG)
def test_a_mistake_gets_its_hint(
    exercise: str,
    right: str,
    wrong: str,
    row: str,
    language: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("EBPFLAB_LANG", language)
    source = solution(exercise)
    assert right in source
    answer = check(exercise, function(source.replace(right, wrong)))
    assert not answer.passed
    assert hint(row, answer)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_different_mistakes_get_different_hints(
    language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EBPFLAB_LANG", language)
    for exercise in FUNCTIONS:
        rows = {row for name, _, _, row in WRONG if name == exercise}
        assert distinct_hints(rows)


def test_no_way_of_cutting_needs_fewer_writes() -> None:
    """All ways of cutting short lists, against the one that fills each write."""

    def fewest(sizes: tuple[int, ...]) -> int:
        fits = (n for n in range(1, len(sizes) + 1) if sum(sizes[:n]) <= ROOM)
        return min((1 + fewest(sizes[n:]) for n in fits), default=0)

    for lines in LINES:
        short = lines[-8:]
        assert len(fewest_writes(short)) == fewest(tuple(map(len, short)))


def test_the_solutions_are_not_in_the_lesson() -> None:
    for language in ("en", "fr"):
        text = (NOTEBOOKS / language / "01-kernel-and-userspace.ipynb").read_text()
        for told in ("read(4096)", "len(batch)"):
            assert told not in text
