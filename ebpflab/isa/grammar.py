"""The templates of all forms, arranged for reading: by the shape of a line.

The shape of a line is its tokens with every operand replaced by its class:

    r1 = *(u16 *)(r6 + 176)          R = * ( u16 * ) ( R NUMBER )

A shape leads to the templates that may be meant (mostly one), and the tree of all
shapes tells, at any token, what could have stood there instead.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

from ebpflab.isa.forms import KINDS, PLACEHOLDER, Form
from ebpflab.isa.spellings import FORMS
from ebpflab.isa.tokens import Token, tokenize

Shape = tuple[str, ...]
CLASSES = ("R", "W", "NUMBER", "PC", "CALLEE", "MAP")
NAME, END = "NAME", "END"
_NAME_FOLLOWS = {"goto", "gotol", "may_goto", "call"}
_NAME_PRECEDES = {"ll", "[0]"}


@dataclass(frozen=True, slots=True)
class Operand:
    """One operand of a template: which token says it, and what it is."""

    index: int  # of the token
    field: str  # of the instruction; "" = a register that is always the same
    kind: str
    number: int = 0  # of that register


@dataclass(frozen=True, slots=True)
class Reading:
    """One template of a form, with its operands."""

    form: Form
    operands: tuple[Operand, ...]


def shape_of(tokens: Sequence[Token]) -> Shape:
    """Return the shape of a line."""
    words = ["", *(token.text for token in tokens), ""]
    return tuple(
        _symbol(token, words[i], words[i + 2]) for i, token in enumerate(tokens)
    )


def _symbol(token: Token, before: str, after: str) -> str:
    """Return a token's symbol; whether a word is a name is told by its neighbors."""
    if token.kind in CLASSES:
        return token.kind
    is_name = before in _NAME_FOLLOWS or after in _NAME_PRECEDES
    return NAME if token.kind == "WORD" and is_name else token.text


def _template_symbols(tokens: Sequence[Token]) -> Iterator[tuple[str, ...]]:
    """Yield, for each token of a template, the symbols that may stand for it."""
    for token in tokens:
        placeholder = PLACEHOLDER.fullmatch(token.text)
        if placeholder:
            yield KINDS[placeholder[2]].tokens
        else:
            yield (token.kind if token.kind in CLASSES else token.text,)


def _template_operands(tokens: Sequence[Token]) -> Iterator[Operand]:
    for index, token in enumerate(tokens):
        if placeholder := PLACEHOLDER.fullmatch(token.text):
            yield Operand(index, placeholder[1], placeholder[2])
        elif token.kind in CLASSES:
            yield Operand(index, "", token.kind.lower(), token.number)


@cache
def readings() -> dict[Shape, list[Reading]]:
    """Return the readings of every shape, in the order in which they are tried."""
    found: dict[Shape, list[Reading]] = defaultdict(list)
    first = [(form, form.text) for form in FORMS]
    others = [(form, text) for form in FORMS for text in form.others]
    for form, template in first + others:
        tokens = tuple(tokenize(template))
        reading = Reading(form, tuple(_template_operands(tokens)))
        for shape in product(*_template_symbols(tokens)):
            found[shape].append(reading)
    return found


@cache
def tree() -> dict[str, Any]:
    """Return all shapes as one tree: {symbol: {symbol: ...}}, each ending in END."""
    root: dict[str, Any] = {}
    for shape in readings():
        node = root
        for symbol in (*shape, END):
            node = node.setdefault(symbol, {})
    return root


def first_wrong(shape: Shape) -> tuple[int, tuple[str, ...]]:
    """Return the index of the first symbol that no shape allows, and what would do."""
    node, index = tree(), 0
    for symbol in (*shape, END):
        if symbol not in node:
            break
        node, index = node[symbol], index + 1
    return index, tuple(sorted(node))
