"""`explain(verdict)`: why a program was refused, with the failed proof as a picture.

The verifier's own lines come first, untouched; then one sentence, the proof that
failed, how the value came to be, an input on which it really goes wrong, and a fix that
was tried. A log pasted from anywhere tells the same, without the last two. Not here:
the numbers of the pictures (`proofs.py`), trying (`tried.py`), drawing (`explain.js`).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import ebpflab as lab
from ebpflab.errors import EbpfLabError
from ebpflab.language import current_language
from ebpflab.logs.states import read_value
from ebpflab.maps.rights import errno_name
from ebpflab.program import Program
from ebpflab.results import Rejection, Verdict
from ebpflab.results.rejection import Cause, Place
from ebpflab_widgets.proofs import proof_of
from ebpflab_widgets.rejection_case import Case
from ebpflab_widgets.tried import TRIES, Search, can_go_wrong, fix_of
from ebpflab_widgets.view import View, script, style
from ebpflab_widgets.wording import ViewError, phrases

PARTS = (
    "js/dom.js",
    "js/shared/mount.js",
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
AROUND = 12  # C lines shown before and behind those that matter
ROWS = 120  # of the listing, around the instruction
CAUSES = 40  # shown of how a value came to be, the last ones
TAIL = 1 << 18  # characters of a pasted log that are read: its end has the reason


@dataclass(frozen=True)
class Told:
    """A verdict with its program, where that is known, and what was tried on it."""

    verdict: Verdict
    program: Program | None
    tries: int

    @cached_property
    def rejection(self) -> Rejection | None:
        return self.verdict.rejection

    @property
    def causes(self) -> tuple[Cause, ...]:
        return tuple(self.rejection.how[-CAUSES:]) if self.rejection else ()

    @cached_property
    def search(self) -> Search | None:
        rejection = self.rejection
        if self.program is None or rejection is None or not can_go_wrong(rejection):
            return None
        return Search.on(self.program, rejection, self.tries)

    @cached_property
    def fix(self) -> dict[str, Any] | None:
        if self.program is None or self.rejection is None:
            return None
        return fix_of(self.program, self.verdict, self.search)

    @cached_property
    def proof(self) -> dict[str, Any]:
        assert self.rejection is not None
        trial = self.search.witness.trial if self.search else None
        sample = trial.data if trial else b""
        return proof_of(Case(self.rejection, self.verdict, self.program, sample))


class RejectionView(View):
    """Why it was refused; `step` is the chosen cause, `chosen` the chosen input."""

    name: ClassVar[str] = "rejection"
    _esm = script(*PARTS)
    _css = style("explain.css")

    def __init__(self, told: Told, **traits: Any) -> None:
        language = current_language()
        self.told, self._phrases = told, phrases(self.name, language, set())
        super().__init__(
            data=json.dumps(self._packed()),
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

    def _packed(self) -> dict[str, Any]:
        told, rejection = self.told, self.told.rejection
        data: dict[str, Any] = {
            "name": self._name,
            "accepted": told.verdict.accepted,
            "processed": told.verdict.insns_processed,
            "text": "",
        }
        if rejection is None:
            lines = told.verdict.log.strip().splitlines()[-1:]
            return data | {"message": "\n".join(lines)}
        errno = told.verdict.errno
        places = [rejection.at, *(cause.at for cause in told.causes)]
        return data | {
            "message": rejection.message,
            "title": rejection.title,
            "errno": errno_name(errno) if errno else "",
            "problem": rejection.problem,
            "why": rejection.why,
            "try": rejection.suggestion,
            "pc": rejection.at.pc,
            "line": rejection.at.line,
            "file": rejection.at.file,
            "does": Case(rejection, told.verdict).does,
            "insn": rejection.at.text,
            "slot": str(rejection.values.get("slot", "")),
            "how": [_cause(cause) for cause in told.causes],
            "proof": told.proof,
            "source": _source(told.program, places),
            "listing": _listing(told),
            "witness": told.search.packed() if told.search else None,
            "fix": told.fix,
        }


def _row(label: str, text: str) -> Iterator[str]:
    """Lay out one labelled row; further lines hang under the first."""
    for number, line in enumerate(text.splitlines()):
        yield f"  {'' if number else label:<9}{line}"


def _cause(cause: Cause) -> dict[str, Any]:
    value = read_value(cause.claim)
    return {
        "pc": cause.at.pc,
        "text": cause.at.text,
        "line": cause.at.line,
        "claim": cause.claim,
        "does": str(cause.does),
        "proved": value.number("r", -1) if value.type == "pkt" else -1,
    }


def _source(program: Program | None, places: list[Place]) -> list[list[Any]]:
    """Return the C lines that matter and those around them: number, text."""
    own = [p for p in places if p.line and p.file == places[0].file]
    if not own:
        return []
    text = program.source.split("\n") if program and program.source else []
    if not text:
        return [[p.line, p.source] for p in sorted(set(own), key=lambda p: p.line)]
    numbers = [p.line for p in own if abs(p.line - own[0].line) <= AROUND]
    low, high = max(1, min(numbers) - 2), min(len(text), max(numbers) + 2)
    return [[number, text[number - 1]] for number in range(low, high + 1)]


def _listing(told: Told) -> list[list[Any]]:
    """Return the instructions around the refused one: slot, text."""
    rows: list[list[Any]]
    if told.program and told.rejection:
        rows = Case(told.rejection, told.verdict, told.program).listing
    else:
        try:
            listing = told.verdict.timeline.listing
        except EbpfLabError:  # a log of the reason alone
            return []
        rows = [[line.pc, line.text] for line in listing]
    pc = told.rejection.at.pc if told.rejection else 0
    at = next((i for i, row in enumerate(rows) if row[0] >= pc), 0)
    return rows[max(0, at - ROWS // 2) : at + ROWS // 2]


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
             tries: how many inputs at most.
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
