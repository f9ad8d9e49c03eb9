"""What the compiler said, turned into an error that a student can use.

clang writes `file:line:column: error: words`, then the line and a caret. The words stay
clang's own (they can be searched for); what they mean, and what to try, comes from the
catalogue: one row here for each mistake that is made often.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ebpflab.errors import CompileError

_HEAD = re.compile(
    r"^(?P<file>[^\s:][^:\n]*):(?P<line>\d+):(?P<column>\d+): "
    r"(?P<kind>fatal error|error|warning|note): (?P<words>.*)$"
)
_PICTURE = re.compile(r"^ *\d* \| ")
MAX_SHOWN = 3

_BCC = re.compile(  # how bcc's C differs: it is rewritten before it is compiled
    r"\bBPF_(?:HASH|ARRAY|TABLE|HISTOGRAM|PERF_OUTPUT|RINGBUF_OUTPUT|PERCPU_ARRAY|"
    r"PERCPU_HASH|PROG_ARRAY|STACK_TRACE|QUEUE|LPM_TRIE)\s*\(|TRACEPOINT_PROBE\s*\(|"
    r"#\s*include\s*[<\"]bcc/|\bcursor_advance\s*\("
)
Mistakes = tuple[tuple[str, str], ...]

# Words of the compiler -> the catalogue row that explains them; the first that fits.
MISTAKES: Mistakes = (
    (
        r"'(?P<what>(?:linux|net|trace|kernel)/[^']+)' file not found",
        "c-include-kernel",
    ),
    (r"'(?P<what>[^']+)' file not found", "c-include"),
    (r"call to undeclared function '(?P<what>bpf_\w+)'", "c-helper-undeclared"),
    (r"call to undeclared .*function '(?P<what>\w+)'", "c-function-undeclared"),
    (r"use of undeclared identifier '(?P<what>SEC)'", "c-sec-undeclared"),
    (r"use of undeclared identifier '(?P<what>\w+)'", "c-undeclared"),
    (r"unknown type name '(?P<what>\w+)'", "c-type-unknown"),
    (r"expected ';'", "c-semicolon"),
    (r"expected '\}'", "c-brace"),
    (r"built-in function '(?P<what>__\w*(?:sf|df|si[sd]f)\w*)'", "c-float"),
    (r"built-in function '(?P<what>mem\w+)'", "c-memory-builtin"),
    (r"built-in function '(?P<what>\w+)'", "c-builtin"),
    (r"[Ss]tack limit", "c-stack"),
    (r"unsupported signed division", "c-signed-division"),
    (r"too many arguments$", "c-five-arguments"),
    (r"stack arguments|args to .* too many", "c-five-arguments"),
    (r"only small returns|aggregate returns", "c-struct-return"),
    (r"unsupported atomic|atomic load/store", "c-atomic"),
    (r"incomplete (?:definition of )?type '(?P<what>[^']+)'", "c-incomplete"),
    (r"redefinition of '(?P<what>bpf_map_def)'", "c-map-def"),
    (r"(?P<what>.*)", "c-refused"),
)
# Words that name what a fuller vmlinux.h may know.
_OF_A_KERNEL = re.compile(
    r"undeclared|unknown type|incomplete|no member named|conflicting types"
)
BACK_END_MISTAKES: Mistakes = (
    (r"error: (?P<what>\S+) changed binding", "c-section-name"),
    (r"", "c-back-end"),
)


@dataclass(frozen=True, slots=True)
class Message:
    """One message with its place; `picture` is the line and the caret under it."""

    file: str
    line: int
    column: int
    kind: str
    words: str
    picture: str

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"

    @property
    def is_error(self) -> bool:
        return "error" in self.kind


def parse(said: str) -> Iterator[Message]:
    """Read the compiler's messages, in its order."""
    lines = said.splitlines()
    for number, line in enumerate(lines):
        if found := _HEAD.match(line):
            picture = []
            for below in lines[number + 1 :]:
                if _HEAD.match(below) or not (_PICTURE.match(below) or not below):
                    break
                picture.append(_PICTURE.sub("", below))
            yield Message(
                found["file"],
                int(found["line"]),
                int(found["column"]),
                found["kind"],
                found["words"],
                "\n".join(filter(None, picture)),
            )


def error_from(said: str, text: str = "") -> CompileError:
    """Make the error for what the compiler said of a text."""
    errors = [message for message in parse(said) if message.is_error]
    if found := _BCC.search(text):
        words = errors[0].words if errors else ""
        return CompileError.of("c-bcc", at=_line_of(text, found.start()), words=words)
    if not errors:  # the back end speaks of no place
        told = [line for line in said.splitlines() if "error" in line] or [said]
        return _explained(told[0].strip(), "", BACK_END_MISTAKES)
    first, *others = errors
    at = "\n".join(filter(None, [first.place, first.picture]))
    for other in others[: MAX_SHOWN - 1]:
        at += f"\n{other.place}: {other.words}"
    return _explained(first.words, at, MISTAKES)


def wants_a_kernel(said: str) -> bool:
    """Tell whether what the compiler misses may be something of the kernel's."""
    errors = [message for message in parse(said) if message.is_error]
    return any(_OF_A_KERNEL.search(message.words) for message in errors)


def _line_of(text: str, place: int) -> str:
    """Return a line of the text with its number."""
    number = text.count("\n", 0, place)
    return f"line {number + 1}: {text.splitlines()[number].strip()}"


def _explained(words: str, at: str, mistakes: Mistakes) -> CompileError:
    for pattern, key in mistakes:
        if found := re.search(pattern, words):
            what = found.groupdict().get("what") or ""
            return CompileError.of(key, at=at, what=what, words=words)
    raise AssertionError("the last row fits everything")


def warnings(said: str) -> tuple[str, ...]:
    """Return the compiler's warnings, each in one line."""
    return tuple(f"{m.place}: {m.words}" for m in parse(said) if m.kind == "warning")
