"""`check("packet-counter", answer)`: what a learner wrote is tried, and told about.

An answer is judged by what it does with packets, never by how it looks. What is wrong
is said in one sentence and a hint, the first thing first. Not here: the exercises
themselves (`exercise_programs.py` and the files beside it), their sentences
(`catalogue/exercises.toml` and the files beside it).
"""

from collections.abc import Callable
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

from ebpflab import EbpfLabError, Object, Program, VmFault, compile
from ebpflab_widgets import (
    exercise_costs,
    exercise_events,
    exercise_helpers,
    exercise_jit,
    exercise_maps,
    exercise_programs,
    exercise_repairs,
    exercise_verifier,
)
from ebpflab_widgets.exercise_programs import Mistake
from ebpflab_widgets.wording import ViewError, catalogue

EXERCISES = (
    exercise_programs.EXERCISES
    | exercise_maps.EXERCISES
    | exercise_helpers.EXERCISES
    | exercise_events.EXERCISES
    | exercise_jit.EXERCISES
    | exercise_verifier.FORGED
    | exercise_repairs.EXERCISES
)
# Answered by a Python function, no program:
FUNCTIONS = (
    exercise_verifier.FUNCTIONS | exercise_jit.FUNCTIONS | exercise_costs.FUNCTIONS
)
RIGHT = {  # else "exercise-right"
    "choose-the-map": "choose-right",
    "few-reads": "reads-right",
    "batch-lines": "batch-right",
    "make-it-faster": "faster-right",
    "toy-line": "line-right",
    **dict.fromkeys(exercise_verifier.FUNCTIONS, "known-right"),
    **dict.fromkeys(exercise_verifier.FORGED, "forged-right"),
    **dict.fromkeys(exercise_repairs.EXERCISES, "repair-right"),
}
Answer = str | Object | Program | Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Checked:
    """What the checker says: passed or not yet, and why. It prints as that sentence."""

    passed: bool
    text: str

    def __repr__(self) -> str:
        return self.text


def check(exercise: str, answer: Answer) -> Checked:
    """Try an answer to an exercise.

    Args:    exercise: its name, as the lesson tells it.
             answer: C source, an Object, or a Program; a Python function where the
             lesson asks for one.
    Returns: what is right or wrong with it; an answer that does not even compile is
             a wrong answer, no exception.
    Raises:  ViewError: there is no such exercise, or this cannot be an answer.
    """
    if exercise not in (known := {**EXERCISES, **FUNCTIONS}):
        names = ", ".join(known)
        raise ViewError.of("exercise-unknown", exercise=repr(exercise), known=names)
    try:
        tried = known[exercise](_taken(exercise, answer))
    except ViewError:
        raise
    except Mistake as mistake:
        said = (catalogue().say(mistake.row, p, **mistake.values) for p in PARTS)
        found, hint = map(_folded, said)
        return Checked(False, catalogue().say("exercise-wrong", found=found, hint=hint))
    except EbpfLabError as error:
        row = "exercise-fault" if isinstance(error, VmFault) else "exercise-refused"
        return Checked(False, catalogue().say(row, error=error))
    row = RIGHT.get(exercise, "exercise-right")
    return Checked(True, catalogue().say(row, count=tried))


PARTS = ("found", "hint")
HANGING = "\n" + " " * 11
COLUMNS = 76


def _folded(sentence: str) -> str:
    """Lay a long sentence out in lines, all but the first under the label's text."""
    return HANGING.join(wrap(sentence, COLUMNS, break_on_hyphens=False))


def _taken(exercise: str, answer: Answer) -> Any:
    """Return the answer as its exercise takes it."""
    if exercise in FUNCTIONS:
        if not callable(answer):
            found = type(answer).__name__
            raise ViewError.of("exercise-not-a-function", found=found)
        return answer
    if not isinstance(answer, str | Object | Program):
        raise ViewError.of("exercise-not-an-answer", found=type(answer).__name__)
    return _object(answer)


def _object(answer: str | Object | Program) -> Object:
    """Return the answer as an object, compiled if it is C."""
    if isinstance(answer, Program):
        maps = {spec.name: spec for spec in answer.maps}
        return Object({answer.name: answer}, maps)
    return compile(answer) if isinstance(answer, str) else answer
