"""The exercises about translation: solutions, starters, and a hint for each mistake.

As `test_exercises.py`. Where there is a real kernel, it takes the faster program and
answers alike, and its own machine code is the shorter for it.
"""

from typing import Any

import pytest
from ebpflab_widgets.exercise import check
from ebpflab_widgets.exercise_jit import EVERYBODY, MOST, frame
from ebpflab_widgets.wording import catalogue

import ebpflab as lab
from ebpflab.linux.jited import jited
from tests.lessons.answers import NOTEBOOKS, distinct_hints, program, solution, starters

WIDE = "*(__u32 *)data == 0xffffffff && *(__u16 *)(data + 4) == 0xffff"
BOUNDS = "if (data + 6 > data_end)\n        return XDP_PASS;"
BYTES = " && ".join(f"data[{place}] == 0xff" for place in range(6))
SHORTS = " && ".join(f"*(__u16 *)(data + {place}) == 0xffff" for place in (0, 2, 4))
LOOP = "for (int i = 0; i < 6; i++) if (data + i + 1 > data_end) return XDP_PASS;"

# What a learner wrote instead of what, and the row that explains it.
WRONG_PROGRAMS = [
    (BOUNDS, "", "faster-refused"),
    (BOUNDS, BOUNDS.replace("6", "4"), "faster-refused"),
    (WIDE, "*(__u32 *)data == 0xffffffff", "faster-drops"),
    (WIDE, WIDE.replace("data + 4", "data + 2"), "faster-drops"),
    (WIDE, "(" + WIDE.replace("&& ", "|| ") + ")", "faster-drops"),
    (WIDE, WIDE.replace("4) == 0xffff", "4) == -1"), "faster-passes"),
    (BOUNDS, BOUNDS.replace("6", "60"), "faster-passes"),
    (WIDE, BYTES, "faster-loads"),
    (WIDE, SHORTS, "faster-loads"),
    ('"xdp"', '"socket"', "exercise-one-program"),
]  # fmt: skip
WRONG_LINES = [
    (" & 2**64 - 1", "", "line-wraps"),
    ("({src} & 63)", "{src}", "line-shift"),
    ("({src} & 63)", "({src} & 31)", "line-answer"),
    ("{symbol} {src}", "{symbol} 1", "line-answer"),
    ('"sub": "-"', '"sub": "+"', "line-answer"),
    ('"sub": "-"', '"subtract": "-"', "line-fails"),
    ("return f", "return 1, f", "line-fails"),
    ("{dst} = {dst} {symbol}", "{dst} == {dst} {symbol}", "line-answer"),
]


def line_of(source: str) -> Any:
    made: dict[str, Any] = {}
    exec(source, made)
    return made["line"]


def line_source() -> str:
    return (NOTEBOOKS / "solutions" / "toy-line.py").read_text()


@pytest.fixture(params=["en", "fr"])
def language(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("EBPFLAB_LANG", request.param)
    return str(request.param)


def told(text: str, row: str) -> bool:
    """Tell whether an answer ends with the hint of a row."""
    hint = catalogue().say(row, "hint")
    return " ".join(text.split()).endswith(" ".join(hint.split()))


def test_solutions_pass(language: str) -> None:
    begins = {"en": "Right.", "fr": "Juste."}[language]
    answers = [
        check("make-it-faster", solution("make-it-faster")),
        check("toy-line", line_of(line_source())),
    ]
    assert all(answer.passed for answer in answers), answers
    assert all(answer.text.startswith(begins) for answer in answers)


@pytest.mark.parametrize(
    ("exercise", "row"),
    [("make-it-faster", "faster-checks"), ("toy-line", "line-wraps")],
)
def test_the_starter_of_the_lesson_fails(exercise: str, row: str) -> None:
    answer = check(exercise, starters()[exercise])
    assert not answer.passed
    assert answer.text.startswith("Not yet")
    assert told(answer.text, row)


@pytest.mark.parametrize(("right", "wrong", "row"), WRONG_PROGRAMS)
def test_a_program_gets_its_hint(
    right: str, wrong: str, row: str, language: str
) -> None:
    source = solution("make-it-faster")
    assert right in source
    answer = check("make-it-faster", source.replace(right, wrong))
    assert not answer.passed
    assert told(answer.text, row), answer.text


@pytest.mark.parametrize(("right", "wrong", "row"), WRONG_LINES)
def test_a_line_gets_its_hint(right: str, wrong: str, row: str, language: str) -> None:
    source = line_source()
    assert right in source
    answer = check("toy-line", line_of(source.replace(right, wrong)))
    assert not answer.passed
    assert told(answer.text, row), answer.text


def test_different_mistakes_get_different_hints(language: str) -> None:
    for table in (WRONG_PROGRAMS, WRONG_LINES):
        rows = {row for *_, row in table} | {"faster-checks"}
        assert distinct_hints(rows)


def test_the_count_is_the_same_however_often_it_is_taken() -> None:
    starter = starters()["make-it-faster"]
    assert len({check("make-it-faster", starter).text for _ in range(3)}) == 1


def test_linux_takes_the_faster_program(linux: Any) -> None:
    slow, fast = map(
        program, (starters()["make-it-faster"], solution("make-it-faster"))
    )
    assert linux.verify(fast).accepted
    for target in (EVERYBODY, EVERYBODY[:5] + b"\xfe", bytes(6)):
        packet = frame(target, 60)
        answers = {linux.run(p, packet).retval for p in (slow, fast)}
        assert answers == {lab.run(fast, packet).retval}
    assert len(jited(fast)) < len(jited(slow))


def test_no_solution_stands_in_the_lesson() -> None:
    for path in NOTEBOOKS.glob("*/03-4-jit.ipynb"):
        text = path.read_text()
        for answer in ("0xffffffff", "& 63", f"MOST = {MOST}"):
            assert answer not in text, f"{path.name} tells {answer}"
