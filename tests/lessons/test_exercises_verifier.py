"""The exercises about verdicts: solutions, starters, and a hint for each mistake.

As `test_exercises.py`, for known bits, forged rejections and the ten repairs. The real
kernel, where there is one, takes every repaired program and refuses every starter.
"""

from pathlib import Path
from typing import Any

import pytest
from ebpflab_widgets import exercise_repairs, exercise_verifier
from ebpflab_widgets.exercise import check
from ebpflab_widgets.wording import catalogue

import ebpflab as lab
from tests.lessons.answers import starters

SOLUTIONS = Path(__file__).parent.parent.parent / "notebooks" / "solutions"
REPAIRS = list(exercise_repairs.EXERCISES)
FORGED = list(exercise_verifier.FORGED)
PROGRAMS = [*REPAIRS, *FORGED]
FUNCTIONS = list(exercise_verifier.FUNCTIONS)
DROPS = "repair-does-not-pass"
REFUSED_FOR = {"false-positive": "packet-range", "forge-a-leak": "reference-leak"}

# Exercise, what a learner wrote instead of what, and the row that explains it.
WRONG = [
    ("false-positive", "data_end - data < 48", "data + 48 > data_end", "accepted"),
    ("false-positive", "data_end - data < 48", "0", "forged-unsafe"),
    ("false-positive", "data < 48", "data < 47", "forged-unsafe"),
    ("false-positive", "data < 48", "data < 64", "forged-answers"),
    ("false-positive", "data[47] == 2", "data[47] == 18", "forged-answers"),
    ("false-positive", "data[47] == 2", "2", "forged-answers"),
    ("forge-a-leak", " || ctx->rx_queue_index > 3", "", "accepted"),
    ("forge-a-leak", "!event || ", "", "other"),
    ("repair-1", "data + 24", "data + 23", "repair-refused"),
    ("repair-1", "return XDP_PASS", "return XDP_DROP", DROPS),
    ("repair-1", "data + 24", "data + 60", "repair-answers"),
    ("repair-1", "== 17", "!= 17", "repair-answers"),
    ("repair-2", "data + 48", "data + 47", "repair-refused"),
    ("repair-2", "data[47] == 2", "data[46] == 2", "repair-answers"),
    ("repair-2", "data + 48", "data + 54", "repair-answers"),
    ("repair-3", "if (count)", "", "repair-refused"),
    ("repair-3", "*count += 1", "*count = 1", "repair-holds"),
    ("repair-3", "return XDP_PASS", "return XDP_DROP", DROPS),
    ("repair-3", "counts", "others", "repair-no-map"),
    ("repair-4", "queue < 8", "queue < 9", "repair-refused"),
    ("repair-4", "queue < 8", "queue < 7", "repair-holds"),
    ("repair-4", "bytes[queue]", "bytes[queue & 3]", "repair-holds"),
    ("repair-5", "place >= 0 && ", "", "repair-refused"),
    ("repair-5", "place >= 0 && ", "place > 0 && ", "repair-holds"),
    ("repair-5", "bytes[place] = 1", "bytes[place] = 2", "repair-holds"),
    ("repair-6", "place < 8", "place < 9", "repair-refused"),
    ("repair-6", ": XDP_PASS", ": XDP_DROP", DROPS),
    ("repair-6", "place < 8", "place && place < 8", "repair-answers"),
    ("repair-7", "data[0] == 1", "data[0] != 1", DROPS),
    ("repair-7", "return data[0] == 1 ? XDP_DROP :", "return", "repair-answers"),
    ("repair-7", "return data", "while (data[0] != 1) ; return data", "repair-refused"),
    ("repair-8", "bpf_ringbuf_submit(event, 0)", "", "repair-refused"),
    ("repair-8", "bpf_ringbuf_submit", "bpf_ringbuf_discard", "repair-holds"),
    ("repair-8", "> 3", "> 4", "repair-holds"),
    ("repair-9", "ctx->rx_queue_index > 3", "*event > 3", "repair-refused"),
    ("repair-9", "ctx->rx_queue_index > 3", "0", "repair-answers"),
    ("repair-9", "> 3", "> 2", DROPS),
    ("repair-10", "version == 0x45", "data[14] == 0x45", "repair-refused"),
    ("repair-10", "bpf_xdp_adjust_head(ctx, 14);", "", "repair-size"),
    ("repair-10", "version == 0x45", "1", DROPS),
]  # fmt: skip


def solution(exercise: str) -> str:
    return (SOLUTIONS / f"{exercise}.c").read_text()


def program(source: str) -> lab.Program:
    return next(iter(lab.compile(source).programs.values()))


def added() -> Any:
    """Return the solution of the exercise about known bits."""
    made: dict[str, Any] = {}
    exec((SOLUTIONS / "known-bits-add.py").read_text(), made)
    return made["add"]


@pytest.fixture(params=["en", "fr"])
def language(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("EBPFLAB_LANG", request.param)
    return str(request.param)


def test_solutions_pass(language: str) -> None:
    answers = {name: check(name, solution(name)) for name in PROGRAMS}
    answers["known-bits-add"] = check("known-bits-add", added())
    assert all(answer.passed for answer in answers.values()), answers
    begins = {"en": "Right.", "fr": "Juste."}[language]
    assert all(answer.text.startswith(begins) for answer in answers.values())


@pytest.mark.parametrize("exercise", [*PROGRAMS, *FUNCTIONS])
def test_the_starter_of_the_lesson_fails(exercise: str) -> None:
    answer = check(exercise, starters()[exercise])
    assert not answer.passed
    assert answer.text.startswith("Not yet")


def test_linux_agrees_about_repairs(linux: Any) -> None:
    given = starters()
    for exercise in REPAIRS:
        assert not linux.verify(program(given[exercise])).accepted, exercise
        assert linux.verify(program(solution(exercise))).accepted, exercise


def test_linux_agrees_about_what_was_forged(linux: Any) -> None:
    given = starters()
    for exercise, kind in REFUSED_FOR.items():
        assert linux.verify(program(given[exercise])).accepted, exercise
        why = linux.verify(program(solution(exercise))).rejection
        assert why
        assert why.kind == kind


def row_of(exercise: str, row: str) -> str:
    short = row in ("accepted", "other")
    return f"forged-{REFUSED_FOR[exercise]}-{row}" if short else row


@pytest.mark.parametrize(("exercise", "right", "wrong", "row"), WRONG)
def test_a_mistake_gets_its_hint(
    exercise: str, right: str, wrong: str, row: str, language: str
) -> None:
    source = solution(exercise)
    assert right in source
    answer = check(exercise, source.replace(right, wrong))
    assert not answer.passed
    assert told(answer.text, row_of(exercise, row), language), answer.text


def told(text: str, row: str, language: str) -> bool:
    """Tell whether an answer is that of a row: by its hint, or how it begins."""
    begins = catalogue().rows[row]["found"][language].split("{")[0]
    says = begins if row == "repair-refused" else catalogue().say(row, "hint")
    return " ".join(says.split()) in " ".join(text.split())


@pytest.mark.parametrize("exercise", PROGRAMS)
def test_each_exercise_knows_different_mistakes(exercise: str) -> None:
    rows = {row for name, _, _, row in WRONG if name == exercise}
    assert len(rows) >= 2


WRONG_SUMS = [
    (lambda a, b: ((a[0] + b[0]) & ~(a[1] | b[1]) & 15, a[1] | b[1]), "known-loses"),
    (lambda a, b: (0, 15), "known-gives-up"),
    (lambda a, b: (16, 0), "known-shape"),
    (lambda a, b: (1, 1), "known-overlap"),
    (lambda a, b: a + b, "known-shape"),
    (lambda a: a, "known-fails"),
]


@pytest.mark.parametrize(("add", "row"), WRONG_SUMS)
def test_a_wrong_sum_gets_its_hint(add: Any, row: str, language: str) -> None:
    answer = check("known-bits-add", add)
    assert not answer.passed
    assert told(answer.text, row, language), answer.text


def test_what_cannot_be_checked_is_an_error() -> None:
    with pytest.raises(lab.EbpfLabError) as caught:
        check("known-bits-add", "add")
    assert "add" in caught.value.hint
    with pytest.raises(lab.EbpfLabError):
        check("repair-1", added())


def test_no_solution_stands_in_the_lessons() -> None:
    for path in SOLUTIONS.parent.glob("*/03-[23]-*.ipynb"):
        text = path.read_text()
        for answer in ("data + 24", "queue_index > 3)\\n    event", "place >= 0"):
            assert answer not in text, f"{path.name} tells {answer}"
        assert "data_end - data < 48" not in text
