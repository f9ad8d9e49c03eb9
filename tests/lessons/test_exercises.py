"""The exercises: solutions pass, starters fail, each mistake gets its own hint.

An answer is judged by running it, so nothing here looks at its text. Where there is a
real kernel, its verifier must take every solution, and run it alike. Exercises of a
lesson with more to it add their table here, and keep what is theirs in a file beside.
"""

from typing import Any

import pytest
from ebpflab_widgets.exercise import check
from ebpflab_widgets.exercise_programs import EXERCISES

import ebpflab as lab
from tests.lessons import (
    test_exercises_events,
    test_exercises_helpers,
    test_exercises_maps,
)
from tests.lessons.answers import (
    NOTEBOOKS,
    PACKETS,
    distinct_hints,
    hint,
    program,
    solution,
    starters,
)

IPV4 = "data[12] == 8 && data[13] == 0 && "
TO_PASS, TO_DROP = (f"end)\n        return {x}" for x in ("XDP_PASS", "XDP_DROP"))

# Exercise, what a learner wrote instead of what, and the row that explains it.
WRONG = [
    ("mend-the-program", "data + 38", "data + 36", "mend-reads-outside"),
    ("mend-the-program", "data + 38", "data + 37", "mend-reads-outside"),
    ("mend-the-program", TO_PASS, TO_DROP, "mend-drops-short"),
    ("mend-the-program", "data + 38", "data + 64", "mend-passes-question"),
    ("mend-the-program", "data[23] == 17 && ", "", "mend-drops-other"),
    ("mend-the-program", "data[36] == 0 && ", "", "mend-drops-other"),
    ("packet-counter", "*value += 1", "{ __u64 n = *value; n += 1; }", "counter-stays"),
    ("packet-counter", "*value += 1", "*value = 1", "counter-stays"),
    ("packet-counter", "*value += 1", "*value += 2", "counter-wrong"),
    ("packet-counter", "*value += 1", "*(__u32 *)value += 1", "counter-32-bits"),
    ("packet-counter", "if (value)", "", "counter-no-null-check"),
    ("packet-counter", "XDP_PASS", "0", "counter-verdict"),
    ("packet-counter", "packets", "counts", "counter-no-map"),
    ("packet-counter", "TYPE_ARRAY", "TYPE_HASH", "counter-map"),
    ("packet-counter", '"xdp"', '"socket"', "exercise-one-program"),
    ("safe-is-not-correct", "data + 35 > data_end", "0", "safe-reads-outside"),
    ("safe-is-not-correct", TO_PASS, TO_DROP, "safe-drops-short"),
    ("safe-is-not-correct", " && data[34] == 8", "", "safe-drops-reply"),
    ("safe-is-not-correct", "data[23] == 1 && ", "", "safe-drops-other"),
    ("safe-is-not-correct", IPV4, "", "safe-drops-ipv6"),
    ("safe-is-not-correct", "data[34] == 8", "data[34] == 0", "safe-passes-request"),
]  # fmt: skip

TABLES = (test_exercises_events, test_exercises_helpers, test_exercises_maps)
ALL_WRONG = [*WRONG, *(row for table in TABLES for row in table.WRONG)]
ALL = [*EXERCISES, *(name for table in TABLES for name in table.EXERCISES)]


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("exercise", ALL)
def test_a_solution_passes(
    exercise: str, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EBPFLAB_LANG", language)
    answer = check(exercise, solution(exercise))
    assert answer.passed, answer
    assert answer.text.startswith({"en": "Right.", "fr": "Juste."}[language])


@pytest.mark.parametrize("exercise", EXERCISES)
def test_linux_takes_the_solutions(exercise: str, linux: Any) -> None:
    right = program(solution(exercise))
    assert linux.verify(right).accepted
    given = [linux.run(right, packet).retval for packet in PACKETS]
    assert given == [run.retval for run in lab.run(right, PACKETS)]


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize(("exercise", "right", "wrong", "row"), ALL_WRONG)
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
    answer = check(exercise, source.replace(right, wrong))
    assert not answer.passed
    assert hint(row, answer)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_different_mistakes_get_different_hints(
    language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EBPFLAB_LANG", language)
    for exercise in ALL:
        rows = {row for name, _, _, row in ALL_WRONG if name == exercise}
        assert distinct_hints(rows)


@pytest.mark.parametrize("exercise", ALL)
def test_the_starter_of_the_lesson_fails(exercise: str) -> None:
    answer = check(exercise, starters()[exercise])
    assert not answer.passed
    assert answer.text.startswith("Not yet")


def test_the_starter_is_right_on_the_capture() -> None:
    """The lesson says that all captured packets get the right answer already."""
    starter, right = (
        [run.retval for run in lab.run(program(source), PACKETS)]
        for source in (starters()["mend-the-program"], solution("mend-the-program"))
    )
    assert starter == right
    assert starter.count(1) == 1


def test_linux_takes_the_wrong_program_that_is_safe(linux: Any) -> None:
    """The lesson says so; and it refuses the one that reads a byte too far."""
    assert linux.verify(program(starters()["safe-is-not-correct"])).accepted
    assert not linux.verify(program(starters()["mend-the-program"])).accepted


def test_the_solution_is_not_in_the_lessons() -> None:
    for path in NOTEBOOKS.rglob("*.ipynb"):
        text = path.read_text()
        for told in ("data + 38 >", "data[34] == 8", "*value += 1;", "if (value)"):
            assert told not in text, f"{path.name} tells {told}"


def test_an_answer_that_does_not_compile_is_told_as_one() -> None:
    answer = check("packet-counter", "int x")
    assert not answer.passed
    assert "prog.c:1" in answer.text


def test_an_answer_that_faults_is_told_as_one() -> None:
    source = solution("packet-counter").replace("if (value)", "")
    answer = check("packet-counter", source.replace("key = 0", "key = 1"))
    assert not answer.passed
    assert "insn" in answer.text


def test_an_object_and_a_program_are_answers_too() -> None:
    made = lab.compile(solution("packet-counter"))
    assert check("packet-counter", made).passed
    assert check("packet-counter", made.programs["count"]).passed


@pytest.mark.parametrize(("exercise", "answer"), [("x", ""), ("packet-counter", 1)])
def test_what_cannot_be_checked_is_an_error(exercise: str, answer: Any) -> None:
    with pytest.raises(lab.EbpfLabError) as caught:
        check(exercise, answer)
    assert caught.value.hint
