"""A refused program as the rejection view shows it: what is known, and what was tried.

Not here: the numbers of the pictures (`proofs.py`), trying (`tried.py`), the view
itself (`explain.py`).
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ebpflab.errors import EbpfLabError
from ebpflab.logs.states import read_value
from ebpflab.maps.rights import errno_name
from ebpflab.program import Program
from ebpflab.results import Rejection, Verdict
from ebpflab.results.rejection import Cause, Place
from ebpflab_widgets.proofs import proof_of
from ebpflab_widgets.rejection_case import Case
from ebpflab_widgets.tried import Search, can_go_wrong, fix_of

FRAME_POINTER = "r10"
AROUND = 12  # C lines shown before and behind those that matter
ROWS = 120  # of the listing, around the instruction
CAUSES = 40  # shown of how a value came to be, the last ones


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
        if self.program is None or rejection is None or not self.tries:
            return None
        if not can_go_wrong(rejection):
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


def packed(told: Told, name: str) -> dict[str, Any]:
    """Return what the page draws."""
    rejection = told.rejection
    data: dict[str, Any] = {
        "name": name,
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
        "slot": _slot(rejection),
        "how": [_cause(cause) for cause in told.causes],
        "proof": told.proof,
        "source": _source(told.program, places),
        "listing": _listing(told),
        "witness": told.search.packed() if told.search else None,
        "fix": told.fix,
    }


def _slot(rejection: Rejection) -> str:
    """Return the register that it is about; r10 never came to be what it is."""
    slot = str(rejection.values.get("slot", ""))
    return "" if slot == FRAME_POINTER else slot


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
