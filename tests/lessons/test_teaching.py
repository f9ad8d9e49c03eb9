"""How lessons teach: questions before answers, hints in turn, no term unexplained.

Each check takes a folder that holds `en` and `fr` and returns what is wrong there, as
those in `test_shape.py` do; it runs on the lessons, and on copies in which its rule was
broken on purpose. Not here: the size of cells, the two languages (`test_shape.py`).
"""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from ebpflab_widgets.wording import catalogue

from tests.lessons.terms import BOLD, TERMS, own_words, unexplained
from tests.lessons.test_shape import (
    LANGUAGES,
    LESSONS,
    Cell,
    cells,
    change,
    lessons,
    tags,
)

QUESTIONS, EXERCISES = 3, 2  # a lesson, at least
SHORT = "00-start-here.ipynb"  # ten minutes, one exercise
PREDICT = {"en": "**Predict", "fr": "**Prédisez"}
ANSWER = re.compile(r"<details><summary>(?!Hint|Indice)")
ASKS = re.compile(r'^check\("([\w-]+)"', re.MULTILINE)
HINTS = re.compile(
    r"<details><summary>\w+ 1</summary>[^\n]+\n"
    r"<details><summary>\w+ 2</summary>[^\n]+\n"
    r"<details><summary>Solution, [^<]+</summary>[^\n]*"
    r'href="\.\./solutions/([\w.-]+)"[^\n]*</details></details></details>'
)
GLYPH = re.compile(r"[◀▶◆ƒ]")  # on what is clicked
IN_HTML = re.compile(r"</summary>[^\n]*(?:`|\*\*|\]\()")
SECTIONS = {
    "en": ("Synopsis", "What Linux does differently", "Lessons learned", "Next"),
    "fr": ("En bref", "Ce que Linux fait autrement", "À retenir", "Ensuite"),
}


def numbered(folder: Path) -> Iterator[tuple[str, str, list[Cell]]]:
    """Yield language, name and cells of each lesson; the gallery is none."""
    for name in lessons(folder):
        for language in LANGUAGES if name[0].isdigit() else ():
            yield language, name, cells(folder / language / name)


def visible(found: list[Cell]) -> list[Cell]:
    return [cell for cell in found if "docassert" not in tags(cell)]


# ---- questions and exercises ---------------------------------------------------


def few_questions(folder: Path) -> list[str]:
    """A lesson asks for three predictions at least, and has two exercises."""
    wrong = []
    for language, name, found in numbered(folder):
        asked = sum(cell["source"].count(PREDICT[language]) for cell in found)
        exercises = sum(bool(ASKS.search(cell["source"])) for cell in found)
        if asked < QUESTIONS:
            wrong.append(f"{language}/{name} asks for {asked} predictions")
        if exercises < (1 if name == SHORT else EXERCISES):
            wrong.append(f"{language}/{name} has {exercises} exercises")
    return wrong


def open_answers(folder: Path) -> list[str]:
    """What answers a question stays folded until the reader wants it."""
    return [
        f"{language}/{name}: {cell} shows the answer, or there is none"
        for language, name, found in numbered(folder)
        for cell in answered_at_once(visible(found), PREDICT[language])
    ]


def answered_at_once(found: list[Cell], predict: str) -> Iterator[str]:
    """Yield where a question is answered by what everybody sees, or never."""
    question, ran = "", None
    for cell in found:
        if cell["cell_type"] == "code":
            ran = cell
            continue
        if question and (ANSWER.search(cell["source"]) or predict in cell["source"]):
            if ran and unfolded(ran):
                yield ran["id"]
            question = ""
        if predict in cell["source"]:
            question, ran = cell["id"], None
    if question:
        yield question


def unfolded(cell: Cell) -> bool:
    hidden = cell["metadata"].get("jupyter", {}).get("outputs_hidden")
    return bool(cell["outputs"]) and not hidden


def bad_hints(folder: Path) -> list[str]:
    """An exercise has two hints and a solution, each inside the one before."""
    wrong = []
    for language, name, found in numbered(folder):
        near = [cell["source"] for cell in found]
        for at, source in enumerate(near):
            asked = ASKS.search(source)
            if not asked:
                continue
            told = HINTS.findall("\n".join(near[max(0, at - 1) : at + 2]))
            files = [file for file in told if file.split(".")[0] == asked[1]]
            if not files or not (folder / "solutions" / files[0]).is_file():
                wrong.append(f"{language}/{name}: {asked[1]} has no hints in turn")
    return wrong


def raw_markup(folder: Path) -> list[str]:
    """On the line of a summary stands HTML: Markdown there is shown as it is."""
    return [
        f"{language}/{name}: {cell['id']}"
        for language, name, found in numbered(folder)
        for cell in found
        if cell["cell_type"] == "markdown" and IN_HTML.search(cell["source"])
    ]


def other_sections(folder: Path) -> list[str]:
    """Every lesson has the sections of all lessons, called alike."""
    return [
        f"{language}/{name} has no section {title!r}"
        for language, name, found in numbered(folder)
        if name != SHORT
        for title in SECTIONS[language]
        if not any(f"## {title}\n" in cell["source"] for cell in found)
    ]


def wrong_labels(folder: Path) -> list[str]:
    """Where a text says what to click, its bold words are those of the view."""
    return [
        f"{language}/{name}: {cell['id']} tells of {bold}, which no view has"
        for language, name, found in numbered(folder)
        for cell in found
        if any(GLYPH.search(bold) for bold in BOLD.findall(cell["source"]))
        for bold in BOLD.findall(cell["source"])
        if not labels(language).fullmatch(bare(bold))
        if bold[:3] != PREDICT[language][2:5]
        if not any(patterns[language].search(bold) for patterns in TERMS)
    ]


@cache
def labels(language: str) -> re.Pattern[str]:
    """Return a pattern of all words of the views, with anything for `{name}`."""
    rows = (str(row.get(language, "")) for row in catalogue().rows.values())
    said = {re.sub(r"\\{\w+\\}", ".+", re.escape(bare(row))) for row in rows}
    return re.compile("|".join(sorted(one for one in said if one[:2] != ".+")))


def bare(label: str) -> str:
    return GLYPH.sub("", label).strip().lower()


# ---- the checks, on the lessons and on broken copies ---------------------------

FIRST, SECOND = SHORT.removesuffix(".ipynb"), "03-1-a-program"


def unfold(cell: Cell) -> None:
    cell["metadata"] = {}


PLANTED: list[
    tuple[Callable[[Path], list[str]], str, str, str, Callable[[Cell], None]]
] = [
    (few_questions, "en", FIRST, "predict-1", change("**Predict.**", "**Think.**")),
    (few_questions, "fr", FIRST, "exercise-mend", change("\ncheck(", "\nprint(")),
    (open_answers, "en", FIRST, "fault", unfold),
    (open_answers, "fr", FIRST, "linux-answer", change("<details>", "<p>")),
    (bad_hints, "en", FIRST, "exercise-hints", change("Hint 2", "Hint B")),
    (bad_hints, "fr", FIRST, "exercise-hints", change("the-program.c", "it.c")),
    (raw_markup, "en", FIRST, "exercise-hints", change("Byte 47", "Byte `47`")),
    (wrong_labels, "fr", FIRST, "look", change("◀ retour", "◀ arrière")),
    (other_sections, "fr", SECOND, "learned", change("À retenir", "Retenez")),
    (unexplained, "en", FIRST, "event", change("**kernel**", "kernel")),
    (unexplained, "fr", SECOND, "section", change("", " Une kfunc, par exemple.")),
]
CHECKS = list(dict.fromkeys(check for check, *_ in PLANTED))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_lessons_teach(check: Callable[[Path], list[str]]) -> None:
    assert check(LESSONS) == []


@pytest.mark.parametrize(
    ("check", "language", "name", "id", "breaks"),
    PLANTED,
    ids=[f"{check.__name__}-{number}" for number, (check, *_) in enumerate(PLANTED)],
)
def test_a_planted_violation_is_found(
    check: Callable[[Path], list[str]],
    language: str,
    name: str,
    id: str,
    breaks: Callable[[Cell], None],
    tmp_path: Path,
) -> None:
    ignored = shutil.ignore_patterns(".ipynb_checkpoints")
    copy = shutil.copytree(LESSONS, tmp_path / "notebooks", ignore=ignored)
    path = copy / language / f"{name}.ipynb"
    notebook = json.loads(path.read_text())
    breaks(next(cell for cell in notebook["cells"] if cell["id"] == id))
    path.write_text(json.dumps(notebook))
    assert check(copy)


def test_every_term_is_used() -> None:
    """A row that no lesson uses would check nothing."""
    for language in LANGUAGES:
        paths = (LESSONS / language / name for name in lessons(LESSONS))
        prose = "\n".join(
            own_words(cell["source"])
            for path in paths
            for cell in cells(path)
            if cell["cell_type"] == "markdown"
        )
        unused = [p[language].pattern for p in TERMS if not p[language].search(prose)]
        assert unused == []
