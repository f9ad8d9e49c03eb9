"""A pasted log without what tools put around its lines.

Terminals add colors and carriage returns, dmesg and the journal a time, libbpf its
name, cilium/ebpf a tab before each line or one sentence for the whole, people quote.
All is taken off line by line, so that what is left are the verifier's own lines.
"""

import re
from collections.abc import Iterator

_ANSI = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\n]{0,200}\x07|[@-Z\\-_])")
_UNSEEN = str.maketrans("", "", "\x00\ufeff\u200b")
_LINE_ENDS = re.compile(r"\r\n?|\n")
_BEFORE = re.compile(  # each may stand before the next
    r"^(?:> ?)*"  # a quotation
    r"(?:<\d>)?(?:\[ *\d+\.\d+\](?: |$))?"  # dmesg
    r"(?:[A-Z][a-z]{2} +\d+ \d\d:\d\d:\d\d \S+ [^:\s]+: )?"  # the journal
    r"(?:\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d\S* )?"  # a program's own log
    r"(?:libbpf: (?=\d+: [(R]|R\d|processed |;))?"
    r"\t*"
)
_ONE_SENTENCE = re.compile(  # cilium/ebpf's error: the last lines of the log
    r"(?:^|.*: )load program: (?:[a-z' ]+: )(?P<lines>.+?)"
    r"(?: \((?:truncated(?:, )?)?(?:\d+ line\(s\) omitted)?\))?$"
)
_NEXT_LINE = re.compile(r": (?=R\d+ )")
_ESCAPED = re.compile(r"(?<!\\)\\n")


def lines_of(text: str) -> Iterator[str]:
    """Yield the lines of a log, cleaned; those that held nothing else are empty."""
    for line in _LINE_ENDS.split(_unescaped(_ANSI.sub("", text))):
        bare = _BEFORE.sub("", line, count=1).translate(_UNSEEN).rstrip()
        found = _ONE_SENTENCE.match(bare)
        if found:
            yield from _NEXT_LINE.split(found["lines"])
        else:
            yield bare


def _unescaped(text: str) -> str:
    """Return the text with its line ends, where a quotation of it lost them."""
    if "\n" in text.strip() or not _ESCAPED.search(text):
        return text
    return _ESCAPED.sub("\n", text).replace("\\t", "\t").strip("\"'")
