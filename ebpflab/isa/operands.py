"""Operands from tokens: numbers in their ranges, and names that somebody gave.

One function a kind of operand (`forms.KINDS`), in the table READ. A reader returns the
field's value, a `Label` whose distance is not known yet, or None: the token says
something else, another template may take it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from ebpflab.errors import AssemblyError
from ebpflab.isa.forms import KINDS
from ebpflab.isa.grammar import CLASSES, END, NAME, Operand
from ebpflab.isa.tokens import Line, Token
from ebpflab.language import catalogue

NUMBER_COUNTS = {"unknown", "unspec"}  # no names: `call unknown#9999`
KFUNC = "kernel-function"


@dataclass(frozen=True, slots=True)
class Label:
    """A place that is known by its name only."""

    name: str
    kind: str
    at: str  # where it was read


@dataclass(slots=True)
class Scope:
    """The names that a text may use, and the map ids that it used so far."""

    maps: Sequence[str]
    helpers: Mapping[str, int]
    labels: dict[str, int] = field(default_factory=dict)  # name -> slot
    map_ids: list[int] = field(default_factory=list)
    listed_from: int | None = None  # the slot number of a listing's first line

    def index_of_id(self, id: int) -> int:
        """Number the ids of a kernel's maps in the order in which they appear."""
        if id not in self.map_ids:
            self.map_ids.append(id)
        return self.map_ids.index(id)


Reader = Callable[[Operand, Token, Line, Scope], int | Label | None]


def read_operand(
    operand: Operand, token: Token, line: Line, scope: Scope
) -> int | Label | None:
    """Return what a token says as this operand; None: it is not meant so.

    Raises:  AssemblyError: a number out of range, an unknown name.
    """
    return READ.get(operand.kind, _number)(operand, token, line, scope)


def _number(operand: Operand, token: Token, line: Line, scope: Scope) -> int:
    kind, value = KINDS[operand.kind], token.number
    if not kind.least <= value <= kind.most:
        raise AssemblyError.of(
            "number-out-of-range",
            at=line.place(token.column),
            value=token.text,
            least=kind.least,
            most=kind.most,
        )
    return value


def _register(operand: Operand, token: Token, line: Line, scope: Scope) -> int:
    number = token.number
    if not KINDS[operand.kind].least <= number <= KINDS[operand.kind].most:
        raise unknown(
            "register", token.text, REGISTERS[token.kind], line.place(token.column)
        )
    if not operand.field and number != operand.number:
        raise AssemblyError.of(
            "register-is-fixed",
            at=line.place(token.column),
            found=token.text,
            expected=f"{operand.kind}{operand.number}",
        )
    return number


def _place(operand: Operand, token: Token, line: Line, scope: Scope) -> int | Label:
    if token.kind == "WORD":
        return _label(operand, token, line, scope)
    return _number(operand, token, line, scope)


def _label(operand: Operand, token: Token, line: Line, scope: Scope) -> Label:
    at = line.place(token.column)
    if token.text not in scope.labels:
        raise unknown("label", token.text, scope.labels, at)
    return Label(token.text, operand.kind, at)


def _local(
    operand: Operand, token: Token, line: Line, scope: Scope
) -> int | Label | None:
    if token.kind == "WORD" and token.text not in scope.labels:
        return None
    return _place(operand, token, line, scope)


def _helper(operand: Operand, token: Token, line: Line, scope: Scope) -> int:
    if token.kind == "NUMBER":
        return _number(operand, token, line, scope)
    written = token.text.partition("#")[0]
    name = written.removeprefix("bpf_")
    if name in scope.helpers:
        return scope.helpers[name]
    if name in NUMBER_COUNTS and token.kind == "CALLEE":
        return _number(operand, token, line, scope)
    prefix = written[: len(written) - len(name)]
    known = [prefix + helper for helper in scope.helpers]
    raise unknown("helper", written, known, line.place(token.column))


def _kfunc(operand: Operand, token: Token, line: Line, scope: Scope) -> int | None:
    if token.text.partition("#")[0] != KFUNC:
        return None
    return _number(operand, token, line, scope)


def _map(operand: Operand, token: Token, line: Line, scope: Scope) -> int | None:
    inside = token.text.removeprefix("map[").removesuffix("]").strip()
    name = inside.removeprefix("name:") if token.kind == "MAP" else token.text
    if token.kind == "MAP" and inside.startswith("id:"):
        return scope.index_of_id(token.number)
    if token.kind == "MAP" and name == inside:
        return _number(operand, token, line, scope)
    if name in scope.maps:
        return scope.maps.index(name)
    if token.text in scope.labels:
        return None
    raise unknown("map", name, scope.maps, line.place(token.column))


READ: Mapping[str, Reader] = {
    "r": _register,
    "w": _register,
    "near": _place,
    "far": _place,
    "local": _local,
    "helper": _helper,
    "kfunc": _kfunc,
    "map": _map,
}
REGISTERS = {letter: [f"{letter.lower()}{n}" for n in range(11)] for letter in "RW"}
LONGEST_LIST = 12


def unknown(what: str, name: str, known: Iterable[str], at: str) -> AssemblyError:
    """Return the error of a name that nobody gave, with the closest one that is."""
    return AssemblyError.of(
        f"unknown-{what}",
        at=at,
        name=name,
        known=", ".join(list(known)[:LONGEST_LIST]) or "-",
        suggestion=suggestion(name, known),
    )


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return a sentence that suggests the closest of the known words, or ""."""
    words = list(known)
    close = get_close_matches(name, words, 1) or get_close_matches(name.lower(), words)
    return catalogue().say("did-you-mean", word=close[0]) if close else ""


def possible_words(symbols: Iterable[str]) -> list[str]:
    """Return the words that stand for the symbols of a shape; a number has none."""
    return [word for symbol in symbols for word in REGISTERS.get(symbol, [symbol])]


def described(symbols: Iterable[str]) -> str:
    """List the symbols of a shape for a reader: classes by what they are."""
    classes, words = {*CLASSES, NAME, END}, sorted(symbols)
    rows = [catalogue().say(f"token-{s.lower()}") for s in words if s in classes]
    rows += [word for word in words if word not in classes]
    return ", ".join(rows[:LONGEST_LIST]) + (" ..." if rows[LONGEST_LIST:] else "")
