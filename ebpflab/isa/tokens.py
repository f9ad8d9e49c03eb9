"""Assembler text cut into lines and tokens; what the tokens mean is not known here.

A line may carry what logs and dumps print around an instruction: its slot, its opcode
or its bytes in front, a comment behind. Comments are `#` (not inside a call's
`name#number`), `//`, `;` and `/* */`. The signs are those of the operation tables.

Source: the verifier log of Linux 6.18, bpftool's and llvm-objdump's listings.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ebpflab.isa.operations import ALU_OPS, ATOMIC_OPS, JUMP_OPS
from ebpflab.language import catalogue

NAME = r"[A-Za-z_.$][\w.$]*"
_NUMBER = r"(?:0[xX][0-9a-fA-F]{1,30}|\d{1,30})(?!\w)"
_SYMBOLS = {op.symbol for table in (ALU_OPS, JUMP_OPS, ATOMIC_OPS) for op in table}
_SIGNS = sorted(
    (s for s in _SYMBOLS if re.fullmatch(r"s?[^\w\s()]+", s)), key=len, reverse=True
)
_TOKEN = re.compile(
    rf"""(?P<PC>pc\s*[+-]\s*{_NUMBER})
    |(?P<CALLEE>[A-Za-z_][\w.-]*\#-?\d{{1,30}})
    |(?P<MAP>map\[\s*(?:id:\s*\d{{1,30}}|name:[^\]\s]+|-?{_NUMBER})\s*\](?!\s*[+-]))
    |(?P<START>\[0\](?=\s*[+{{-]))
    |(?P<R>r\d{{1,4}}(?![\w.$])) | (?P<W>w\d{{1,4}}(?![\w.$]))
    |(?P<NUMBER>(?:[+-]\s*){{0,2}}{_NUMBER})
    |(?P<SIGN>{"|".join(map(re.escape, _SIGNS))})
    |(?P<WORD>{NAME})
    |(?P<MARK>\{{\w+:\w+\}}|\S)""",
    re.VERBOSE | re.ASCII,
)
_VALUE = re.compile(r"([+\-\s]*)(0[xX][0-9a-fA-F]+|\d+)\s*\]?$")
_PREFIX = re.compile(
    r"""\s*(?:(?P<pc>\d{1,9}):)?                  # 12:
    \s*(?:[.0-9]{10}\s)?                         # live registers, in a log
    \s*(?:\((?P<opcode>[0-9a-f]{2})\)            # (b7)
       |(?:[0-9a-f]{2}[ ]){7,15}[0-9a-f]{2}\s)?   # its bytes
    """,
    re.VERBOSE | re.ASCII,
)
_LABEL = re.compile(rf"\s*({NAME}):", re.ASCII)
_COMMENT = re.compile(
    r"""/\*[\s\S]*?\*/ | //.* | ;.* | (?:^|(?<=\s))\#.*
    | <[^<>\n]*>\s*$                               # llvm-objdump: goto +3 <LBB0_2>
    | (?:^|(?<=\s))\d+:\ (?:frame\d+:\ )?R\d+\w*=.*   # a log: 0: R1=ctx() R10=fp0
    """,
    re.VERBOSE | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """One token: its class (a group of _TOKEN), its text, its place in the line."""

    kind: str
    text: str
    column: int  # from 0

    @property
    def number(self) -> int:
        """The number at the end of `-4`, `+ 4`, `pc+3`, `name#3`, `map[id:3]`, `r3`."""
        found = _VALUE.search(self.text)
        if not found:
            return 0
        signs, digits = found.groups()
        value = int(digits, 16 if digits[:2].lower() == "0x" else 10)
        return -value if signs.count("-") % 2 else value


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a program: an instruction's tokens, and what stands around them."""

    number: int  # from 1
    text: str
    labels: tuple[str, ...]
    pc: int | None  # the slot that a listing gives it
    opcode: int | None  # likewise
    tokens: tuple[Token, ...]

    def place(self, column: int) -> str:
        """Return where a column is, in words and with a caret under it."""
        below = re.sub(r"[^\t]", " ", self.text[:column])
        where = catalogue().say("line-and-column", line=self.number, column=column + 1)
        return f"{where}\n{self.text}\n{below}^"


def lines(text: str) -> Iterator[Line]:
    """Yield the lines of a program that say something."""
    bare = _COMMENT.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)
    rows = zip(text.split("\n"), bare.split("\n"), strict=True)
    for number, (whole, row) in enumerate(rows, 1):
        prefix = _PREFIX.match(row)
        assert prefix is not None  # all its parts may be missing
        labels, start = _labels(row, prefix.end())
        tokens = tuple(tokenize(row, start))
        if labels or tokens:
            pc = int(prefix["pc"]) if prefix["pc"] else None
            opcode = int(prefix["opcode"], 16) if prefix["opcode"] else None
            yield Line(number, whole, labels, pc, opcode, tokens)


def _labels(line: str, start: int) -> tuple[tuple[str, ...], int]:
    """Return the labels that stand before an instruction, and where they end."""
    names = []
    while found := _LABEL.match(line, start):
        names.append(found[1])
        start = found.end()
    return tuple(names), start


def tokenize(text: str, start: int = 0) -> Iterator[Token]:
    """Yield the tokens of one line; every character but white space is in one."""
    for found in _TOKEN.finditer(text, start):
        yield Token(str(found.lastgroup), found[0], found.start())
