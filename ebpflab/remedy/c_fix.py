"""The same fix in the C source, where it is clear what to write there.

    eth->h_proto                    if ((void *)(eth + 1) > data_end) return XDP_PASS;
    value = bpf_map_lookup_elem     if (!value) return 0;

A line is proposed only for what reads like this, and counts only once the compiled
result was accepted: text is guessed, the verdict is not.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ebpflab.c.compiler import compile
from ebpflab.errors import EbpfLabError, expect
from ebpflab.language import catalogue
from ebpflab.program import Program
from ebpflab.remedy.mend import Verify, judged
from ebpflab.results import Rejection, Verdict

ANSWERS = {"xdp": "XDP_PASS", "sched_cls": "TC_ACT_OK", "cgroup_skb": "1"}
_END = re.compile(r"(\w+)\s*=\s*[^;=]*->\s*data_end\s*;")
_MEMBER = re.compile(r"\b(\w+)->\w+")
_INDEXED = re.compile(r"\b(\w+)\[(\w+)\]")
_STAR = re.compile(r"\*\s*(\w+)")
_LOOKUP = re.compile(r"\b(\w+)\s*=\s*[^;=]*\bbpf_\w+\s*\(")
_INDENT = re.compile(r"\s*")


@dataclass(frozen=True, slots=True)
class CLine:
    """A C line to be put in front of line `line` (from 1)."""

    line: int
    text: str

    def put_into(self, source: str) -> str:
        """Return the source with the line in it."""
        lines = source.split("\n")
        at = self.line - 1
        indent = _INDENT.match(lines[at])
        lines.insert(at, (indent[0] if indent else "") + self.text)
        return "\n".join(lines)


@dataclass(frozen=True)
class CFix:
    """A line of C that mends a program, with what it compiles to."""

    line: CLine
    source: str  # whole, with the line in it
    after: Program
    verdict: Verdict

    def __str__(self) -> str:
        told = {"line": self.line.line, "text": self.line.text}
        return catalogue().say("fix-c-line", **told)


def fix_source(
    program: Program, verdict: Verdict, *, verify: Verify = judged
) -> CFix | None:
    """Return a line of C with which the program is accepted; None: none is clear.

    Args:    verify: judges a program; by default `lab.verify`.
    Raises:  ProgramError: it is no program, no verdict.
    """
    expect(program, Program, "fix_source(program)")
    expect(verdict, Verdict, "fix_source(verdict)")
    if verdict.rejection is None or not program.source:
        return None
    for line in c_lines(verdict.rejection, program.type, program.source):
        source = line.put_into(program.source)
        try:
            after = compile(source).programs.get(program.name)
        except EbpfLabError:
            continue  # it reads like C and is none
        judged = verify(after) if after else None
        if after and judged and judged.accepted:
            return CFix(line, source, after, judged)
    return None


def c_lines(rejection: Rejection, type: str, source: str) -> Iterator[CLine]:
    """Yield lines that may mend the source, the likelier first."""
    row = _ROWS.get(rejection.kind)
    if row and rejection.at.line and rejection.at.source:
        yield from row(rejection, ANSWERS.get(type, "0"), source)


def _packet(rejection: Rejection, answer: str, source: str) -> Iterator[CLine]:
    end = _END.search(source)
    if not end:
        return
    at, text = rejection.at.line, rejection.at.source
    for pointer in dict.fromkeys(_MEMBER.findall(text)):
        yield CLine(
            at, f"if ((void *)({pointer} + 1) > (void *){end[1]}) return {answer};"
        )
    for pointer, index in dict.fromkeys(_INDEXED.findall(text)):
        test = f"(void *)(&{pointer}[{index}] + 1) > (void *){end[1]}"
        yield CLine(at, f"if ({test}) return {answer};")
    for pointer in dict.fromkeys(_STAR.findall(text)):
        yield CLine(
            at, f"if ((void *)({pointer} + 1) > (void *){end[1]}) return {answer};"
        )


def _null(rejection: Rejection, answer: str, source: str) -> Iterator[CLine]:
    text = rejection.at.source
    names = [*_STAR.findall(text), *_MEMBER.findall(text)]
    looked_up = set(_LOOKUP.findall(source))
    for name in dict.fromkeys(name for name in names if name in looked_up):
        yield CLine(rejection.at.line, f"if (!{name}) return {answer};")


_ROWS: dict[str, Callable[[Rejection, str, str], Iterator[CLine]]] = {
    "packet-range": _packet,
    "null-pointer": _null,
    "pointer-null-math": _null,
}
