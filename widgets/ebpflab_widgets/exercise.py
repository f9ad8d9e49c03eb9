"""`check("packet-counter", answer)`: what a learner wrote is tried, and told about.

An answer is judged by what it does with packets, never by how it looks. What is wrong
is said in one sentence and a hint, the first thing first. Not here: the exercises
themselves (`exercise_programs.py`), their sentences (`catalogue/exercises.toml`).
"""

from dataclasses import dataclass
from textwrap import wrap

from ebpflab import EbpfLabError, Object, Program, VmFault, compile
from ebpflab_widgets.exercise_programs import EXERCISES, Mistake
from ebpflab_widgets.wording import ViewError, catalogue


@dataclass(frozen=True, slots=True)
class Checked:
    """What the checker says: passed or not yet, and why. It prints as that sentence."""

    passed: bool
    text: str

    def __repr__(self) -> str:
        return self.text


def check(exercise: str, answer: str | Object | Program) -> Checked:
    """Try an answer to an exercise.

    Args:    exercise: its name, as the lesson tells it.
             answer: C source, an Object, or a Program.
    Returns: what is right or wrong with it; an answer that does not even compile is
             a wrong answer, no exception.
    Raises:  ViewError: there is no such exercise, or this cannot be an answer.
    """
    if exercise not in EXERCISES:
        known = ", ".join(EXERCISES)
        raise ViewError.of("exercise-unknown", exercise=repr(exercise), known=known)
    if not isinstance(answer, str | Object | Program):
        raise ViewError.of("exercise-not-an-answer", found=type(answer).__name__)
    try:
        tried = EXERCISES[exercise](_object(answer))
    except Mistake as mistake:
        said = (catalogue().say(mistake.row, p, **mistake.values) for p in PARTS)
        found, hint = map(_folded, said)
        return Checked(False, catalogue().say("exercise-wrong", found=found, hint=hint))
    except EbpfLabError as error:
        row = "exercise-fault" if isinstance(error, VmFault) else "exercise-refused"
        return Checked(False, catalogue().say(row, error=error))
    return Checked(True, catalogue().say("exercise-right", count=tried))


PARTS = ("found", "hint")
HANGING = "\n" + " " * 11
COLUMNS = 76


def _folded(sentence: str) -> str:
    """Lay a long sentence out in lines, all but the first under the label's text."""
    return HANGING.join(wrap(sentence, COLUMNS, break_on_hyphens=False))


def _object(answer: str | Object | Program) -> Object:
    """Return the answer as an object, compiled if it is C."""
    if isinstance(answer, Program):
        maps = {spec.name: spec for spec in answer.maps}
        return Object({answer.name: answer}, maps)
    return compile(answer) if isinstance(answer, str) else answer
