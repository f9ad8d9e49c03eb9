"""The exercises about system calls: what is judged is how often the border is crossed.

An answer is a Python function; the system call that it is given counts its calls. A
count is the same on every machine, a time is not, so no time is judged. As in
`exercise_programs.py`, each returns how much it tried, or raises the first `Mistake`.
Source of the limits: read(2), pipe(7).
"""

from collections.abc import Callable
from typing import Any

from ebpflab_widgets.exercise_programs import Mistake

ROOM = 4096  # bytes that one call may carry (pipe(7): PIPE_BUF on Linux)
ENDLESS = 100_000  # calls; more are a loop that does not end
Function = Callable[..., Any]


# ---- few-reads -----------------------------------------------------------------


class Source:
    """A file, or a socket: what arrives piece by piece is read piece by piece."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.whole, self.left = b"".join(pieces), [p for p in pieces if p]
        self.calls = self.ended = 0

    def read(self, size: int) -> bytes:
        """Return at most `size` bytes of the next piece; no bytes at the end."""
        if not isinstance(size, int) or not 0 < size <= ROOM:
            raise Mistake("reads-room", size=repr(size))
        self.calls += 1
        self.ended += not self.left
        if self.ended > 1:
            raise Mistake("reads-after-end")
        if not self.left:
            return b""
        piece, rest = self.left[0][:size], self.left[0][size:]
        self.left[:1] = [rest] if rest else []
        return piece


FILES = [[bytes(range(250)) * (size // 250) + b"x" * (size % 250)]
         for size in (10_000, 4096, 100, 8193, 1, 0)]  # fmt: skip
SOCKETS = [[b"GET ", b"/ HTTP/1.0\r\n", b"\r\n"], [b"a" * 5000, b"b", b"c" * 4096]]


def few_reads(fetch: Function) -> int:
    """Read files and sockets whole; then, with no call too many."""
    read = [read_whole(fetch, pieces, "reads-first-only") for pieces in FILES]
    read += [read_whole(fetch, pieces, "reads-short") for pieces in SOCKETS]
    for pieces, source in zip(FILES + SOCKETS, read, strict=True):
        fewest = sum(-(-len(piece) // ROOM) for piece in pieces) + 1
        if source.calls > fewest:
            told = {"size": len(source.whole), "fewest": fewest}
            raise Mistake("reads-many", calls=source.calls, **told)
    return len(read)


def read_whole(fetch: Function, pieces: list[bytes], too_early: str) -> Source:
    """Have one file or socket read; `too_early` explains an answer that stops early."""
    source = Source(pieces)
    answer = answer_of(fetch, source.read)
    if not isinstance(answer, bytes | bytearray):
        raise Mistake("reads-shape", answer=type(answer).__name__)
    if answer != source.whole:
        early = source.left and source.whole.startswith(answer)
        row = too_early if early else "reads-other"
        raise Mistake(row, got=len(answer), size=len(source.whole))
    return source


# ---- batch-lines ---------------------------------------------------------------


class Sink:
    """A pipe into which others write too: one write stays in one piece."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        """Take all of the bytes."""
        if not isinstance(data, bytes | bytearray):
            raise Mistake("batch-shape", found=type(data).__name__)
        if len(data) > ROOM:
            raise Mistake("batch-long", size=len(data))
        if not data:
            raise Mistake("batch-nothing")
        if len(self.pieces) >= ENDLESS:
            raise Mistake("batch-endless", calls=ENDLESS)
        self.pieces.append(bytes(data))
        return len(data)


def lines_of(*sizes: int) -> list[bytes]:
    """Make lines of these sizes, no two alike where there is room for it."""
    return [
        (b"%07d" % n + b"." * size)[: size - 1] + b"\n" for n, size in enumerate(sizes)
    ]


LINES = [
    lines_of(*[40] * 100),
    lines_of(*[64] * 64),  # these fill the 4,096 bytes to the last
    lines_of(*[64] * 65),
    lines_of(*[60, 90, 120] * 100),
    lines_of(2049, 2048, 2047, 4096, 1, 4095),
    lines_of(10),
    [],
]


def batch_lines(send: Function) -> int:
    """Send lines whole and in order, with no write too many."""
    for lines in LINES:
        sink = Sink()
        answer_of(send, sink.write, list(lines))
        judge_writes(lines, sink.pieces)
    return sum(map(len, LINES))


def judge_writes(lines: list[bytes], pieces: list[bytes]) -> None:
    """Judge what came out of the pipe."""
    wanted, sent = b"".join(lines), b"".join(pieces)
    if sent != wanted:
        missing = len(wanted) - len(sent)
        lost = missing > 0 and wanted.startswith(sent)
        told = {"missing": missing, "size": len(wanted)}
        raise Mistake("batch-lost" if lost else "batch-other", **told)
    for piece in pieces:
        if not piece.endswith(b"\n"):
            raise Mistake("batch-torn", end=repr(piece[-8:]))
    fewest = len(fewest_writes(lines))
    if len(pieces) > fewest:
        told = {"calls": len(pieces), "count": len(lines), "fewest": fewest}
        alone = len(pieces) == len(lines)
        raise Mistake("batch-each" if alone else "batch-room", **told)


def fewest_writes(lines: list[bytes]) -> list[int]:
    """Return the sizes of the fewest writes: each takes all lines that fit."""
    sizes: list[int] = []
    for line in lines:
        if sizes and sizes[-1] + len(line) <= ROOM:
            sizes[-1] += len(line)
        else:
            sizes.append(len(line))
    return sizes


def answer_of(function: Function, *given: Any) -> Any:
    """Call the learner's function; what it raises is a mistake."""
    try:
        return function(*given)
    except Mistake:
        raise
    except Exception as error:  # the learner's own code: anything may happen
        raise Mistake("calls-fail", error=repr(error)) from None


FUNCTIONS: dict[str, Callable[[Function], int]] = {
    "few-reads": few_reads,
    "batch-lines": batch_lines,
}
