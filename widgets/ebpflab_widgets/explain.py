"""`explain(verdict)`: why a program was refused, with the failed proof as a picture.

The verifier's own lines come first, untouched; then one sentence, the proof that
failed, how the value came to be, an input on which it really goes wrong, and a fix that
was tried. A log pasted from anywhere tells the same, without the last two. Not here:
what goes to the page (`rejection_told.py`), drawing (`explain.js`).
"""

import json
from collections.abc import Iterator
from typing import Any, ClassVar

import ebpflab as lab
from ebpflab.language import current_language
from ebpflab.program import Program
from ebpflab.results import Verdict
from ebpflab_widgets.rejection_told import Told, packed
from ebpflab_widgets.tried import TRIES
from ebpflab_widgets.view import View, script, style
from ebpflab_widgets.wording import ViewError, phrases

PARTS = (
    "js/dom.js",
    "js/shared/mount.js",
    "js/shared/passing.js",
    "js/saying.js",
    "js/rejection/telling.js",
    "js/rejection/formula.js",
    "js/rejection/bounds.js",
    "js/rejection/boxes.js",
    "js/rejection/flows.js",
    "js/rejection/scales.js",
    "js/rejection/ways.js",
    "js/rejection/rules.js",
    "js/rejection/pictures.js",
    "js/rejection/history.js",
    "js/rejection/witness.js",
    "js/rejection/fix.js",
    "explain.js",
)
TAIL = 1 << 18  # characters of a pasted log that are read: its end has the reason


class RejectionView(View):
    """Why it was refused; `step` is the chosen cause, `chosen` the chosen input."""

    name: ClassVar[str] = "rejection"
    _esm = script(*PARTS)
    _css = style("explain.css")

    def __init__(self, told: Told, **traits: Any) -> None:
        language = current_language()
        self.told, self._phrases = told, phrases(self.name, language, set())
        super().__init__(
            data=json.dumps(packed(told, self._name)),
            lang=language,
            phrases=self._phrases,
            **traits,
        )

    @property
    def title(self) -> str:
        return self._name

    @property
    def text(self) -> str:
        return "\n".join(self._lines())

    @property
    def _name(self) -> str:
        program = self.told.program
        return program.name if program and program.name else self._phrases["a-program"]

    def _lines(self) -> Iterator[str]:
        say, told, rejection = self._phrases, self.told, self.told.rejection
        if rejection is None:
            yield say["text-accepted"].format(
                name=self._name, count=told.verdict.insns_processed
            )
            return
        yield say["text-refused"].format(name=self._name, title=rejection.title)
        yield from _row("linux", rejection.message)
        yield from _row(say["text-why"], rejection.why)
        yield from _row(say["text-at"], str(rejection.at))
        for cause in told.causes:
            yield from _row(say["text-how"], str(cause))
        if told.search:
            yield from _row(say["text-seen"], str(told.search.witness))
        yield from _row(say["text-try"], rejection.suggestion)
        if told.fix:
            yield from _row(say["text-fix"], self._fixed(told.fix))

    def _fixed(self, fix: dict[str, Any]) -> str:
        lines = [f"{sign} {text}" for sign, text in fix["diff"] if sign in "+-"]
        return "\n".join([*lines, self._phrases["text-fixed"]])


def _row(label: str, text: str) -> Iterator[str]:
    """Lay out one labelled row; further lines hang under the first."""
    for number, line in enumerate(text.splitlines()):
        yield f"  {'' if number else label:<9}{line}"


def _end_of(log: str | bytes) -> str | bytes:
    """Return the last lines of a log; a walk of a million lines takes too long."""
    if len(log) <= TAIL:
        return log
    end = log[-TAIL:]
    line = "\n" if isinstance(end, str) else b"\n"
    return end[end.find(line) + 1 :]  # type: ignore[arg-type]


def explain(
    verdict: Verdict | str | bytes,
    *,
    program: Program | None = None,
    tries: int = TRIES,
    size: str = "",
) -> RejectionView:
    """Show why a program was refused.

    Args:    verdict: of `lab.verify` or `lab.linux.verify`, or the text of a log.
             program: the program, where the verdict does not know it (a pasted log):
             then a witness is searched and a fix is tried.
             tries: how many inputs at most; 0 = search none.
             size: "" or "large", for the back row.
    Raises:  ViewError: no verdict. ProgramError: a text that is no log.
    """
    if isinstance(verdict, str | bytes):
        verdict = lab.explain(_end_of(verdict))
    if not isinstance(verdict, Verdict):
        raise ViewError.of("no-verdict", found=type(verdict).__name__)
    if program is not None and not isinstance(program, Program):
        raise ViewError.of("no-program", found=type(program).__name__)
    known = program or getattr(verdict.story, "program", None)
    told = Told(verdict, known, max(0, tries))
    chosen = told.search.packed()["at"] if told.search else 0
    return RejectionView(told, step=len(told.causes), chosen=chosen, size=size)
