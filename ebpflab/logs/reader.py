"""A log read: its steps as a tree, where paths were pruned, the reason, the numbers.

What is written is kept as text; states are read by who wants them (`replay.py`). A log
may be of any kernel, at any level, cut at either end: what is there is told, and what
is no part of a log is kept apart. If a text holds several logs, the last one counts.
"""

import re
from collections.abc import Sequence

from ebpflab.errors import ProgramError
from ebpflab.logs.clean import lines_of
from ebpflab.logs.ending import STATISTICS
from ebpflab.logs.kinds import COMMENT, GLUED, HAS_COMMENT, NO_TRACE, Kind, kind_of
from ebpflab.logs.log import Listed, Log, LogStep, Pruning, SourceLine

_SOURCE = re.compile(r"(?P<text>.*?)(?: @ (?P<file>[^ :]*):(?P<line>\d{1,9}))?$")
_FRAME = re.compile(r" *frame(\d{1,3}):")
_NUMBERS = re.compile(r"verification time \d|stack depth \d|processed \d+ insns")
MOST_REASON_LINES = 8  # of what was said at the end


def read(text: str | bytes) -> Log:
    """Read a log.

    Raises:  ProgramError: neither text nor bytes.
    """
    if isinstance(text, bytes | bytearray):
        text = bytes(text).decode(errors="replace")
    if not isinstance(text, str):
        raise ProgramError.of("log-not-text", found=type(text).__name__)
    reader = _Reader(is_old=not HAS_COMMENT.search(text))
    for line in lines_of(text):
        reader.line(line)
    return reader.finished()


def _opcode(found: re.Match[str]) -> int:
    """Return the opcode byte; what Linux could not spell it calls BUG_db."""
    return int(found["code"] or found["text"][4:6] or "0", 16)


class _Reader:
    """Reads line by line; `line` dispatches by the line's kind."""

    def __init__(self, *, is_old: bool) -> None:
        self.is_old = is_old  # states are told whole, before each step
        self._start()

    def _start(self) -> None:
        self.log = Log()
        self.said: list[str] = []
        self.frame = 0
        self.parent = -1  # of the next step
        self.source: SourceLine | None = None
        self.before: str | None = None
        self.speculative = self.returned = False
        self.called = ""  # the last title about a call
        self.waiting: dict[int, list[int]] = {}  # branches by pc, other way not walked

    def line(self, line: str) -> None:
        kind, found = kind_of(line)
        if kind not in NO_TRACE and self.log.statistics:
            self._start()  # another log begins
        if kind not in NO_TRACE:
            self._is_trace()
        if kind not in (Kind.MESSAGE, Kind.WRAPPER, Kind.BLANK, Kind.REMARK):
            self.log.is_log = True
        getattr(self, f"_{kind.name.lower()}")(line, found)

    def finished(self) -> Log:
        log = self.log
        log.reason = self.said[-MOST_REASON_LINES:]
        log.unrecognized += self.said[:-MOST_REASON_LINES]
        return log

    def _is_trace(self) -> None:
        """What was said before was no reason: the walk went on."""
        self.log.unrecognized += self.said
        self.said = []

    # ---- the walk --------------------------------------------------------------

    def _step(self, line: str, found: re.Match[str]) -> None:
        text, rest, state = found["text"], "", ""
        comment = COMMENT.search(text)
        glued = None if comment else GLUED.match(text)
        if comment:
            text, state = text[: comment.start()].rstrip(), comment["state"].strip()
        elif glued:
            text, rest = glued["text"], glued["rest"]
        step = LogStep(
            self.parent,
            int(found["pc"]),
            _opcode(found),
            text.rstrip(" ;"),
            self.frame,
            self.source,
            self.before,
            [state] if state else [],
            speculative=self.speculative,
            returned=self.returned,
        )
        self._add(step)
        if rest:
            self.line(rest)

    def _add(self, step: LogStep) -> None:
        steps = self.log.steps
        steps.append(step)
        self.parent, self.before, self.returned = len(steps) - 1, None, False
        self.waiting.setdefault(step.pc, []).append(self.parent)
        if step.ends_program:
            self.parent = -1

    def _state(self, line: str, found: re.Match[str]) -> None:
        state = found["state"] or ""
        self._in_frame_of(state)
        steps = self.log.steps
        is_start = not steps or self.called or self.before is not None
        is_glued = bool(steps and steps[-1].pc != int(found["pc"]) and self.is_old)
        self.called = ""
        if is_start or is_glued or self.is_old or self.parent < 0:
            self._begins(state)
        elif state:
            steps[self.parent].after.append(state)

    def _begins(self, state: str) -> None:
        self.before = state

    def _frame_state(self, line: str, found: re.Match[str]) -> None:
        state = found["state"] or ""
        if self.called in ("callee:", "to caller"):
            self._in_frame_of(state)
            self._begins(state)

    def _in_frame_of(self, state: str) -> None:
        if state:
            frame = _FRAME.match(state)
            self.frame = int(frame[1]) if frame else 0

    def _call(self, line: str, found: re.Match[str]) -> None:
        self.called = "to caller" if line.startswith("to caller") else line
        if self.called == "to caller":
            self.frame = max(0, self.frame - 1)
            self.parent = len(self.log.steps) - 1
            self.returned = True

    def _path(self, line: str, found: re.Match[str]) -> None:
        if not self.returned:
            self.parent = self._branch(int(found["start"]), int(found["pc"]))
        self.speculative = bool(found["speculative"])
        self._in_frame_of(found["state"] or "")
        self.called = ""
        self._begins(found["state"] or "")

    def _pruned(self, line: str, found: re.Match[str]) -> None:
        pc, parent = int(found["pc"]), self.parent
        if found["start"] and not self.returned:
            parent = self._branch(int(found["start"]), pc)
        self.log.prunings.append(Pruning(parent, pc, len(self.log.steps)))
        self.parent, self.before, self.returned = -1, None, False

    def _branch(self, start: int, pc: int) -> int:
        """Return the step whose other way begins now: the last one not yet walked.

        A branch with one possible way has no other one. The walk goes straight on
        first, so that a step which went to `pc` already is not the one either.
        """
        waiting, steps = self.waiting.get(start, []), self.log.steps
        for at in range(len(waiting) - 1, -1, -1):
            index = waiting[at]
            went = steps[index + 1].pc if index + 1 < len(steps) else -1
            if not steps[index].is_decided and went != pc:
                return waiting.pop(at)
        return waiting[-1] if waiting else len(steps) - 1

    # ---- what stands between the steps -----------------------------------------

    def _precise(self, line: str, found: re.Match[str]) -> None:
        self.log.precise.append(line)
        if self.parent >= 0 and "first_idx" in line:
            self.log.steps[self.parent].is_decided = True

    def _source(self, line: str, found: re.Match[str]) -> None:
        told = _SOURCE.fullmatch(found["text"])
        assert told
        number = int(told["line"] or 0)
        self.source = SourceLine(told["text"].strip(), told["file"] or "", number)

    def _listed(self, line: str, found: re.Match[str]) -> None:
        row = Listed(found["text"].rstrip(), _opcode(found), found["live"])
        self.log.listing[int(found["pc"])] = row

    def _statistics(self, line: str, found: re.Match[str]) -> None:
        told = STATISTICS.match(line)
        depth = re.match(r"stack depth ([\d+]+)", line) or told
        time = re.match(r"verification time (\d{1,12})", line)
        if depth and "depth" in line:
            self.log.stack_depth = depth[1] if not told else told["depth"] or ""
        if time:
            self.log.statistics["usec"] = int(time[1])
        if told:
            numbers = told.groupdict().items()
            kept = {k: int(v) for k, v in numbers if v and v.isdecimal()}
            self.log.statistics |= {k: v for k, v in kept.items() if k != "depth"}

    def _message(self, line: str, found: None) -> None:
        cut = _NUMBERS.search(line)
        if cut and cut.start():
            self.said.append(line[: cut.start()].strip())
            self.line(line[cut.start() :])
        elif not self.log.statistics.get("count"):
            self.said.append(line.strip())
        else:
            self.log.unrecognized.append(line.strip())

    def _loop_state(self, line: str, found: re.Match[str]) -> None:
        self.log.loop_states.append(line.partition(": ")[2].strip())

    def _liveness(self, line: str, found: re.Match[str]) -> None:
        self.log.liveness.append(line)

    def _function(self, line: str, found: re.Match[str]) -> None:
        self.log.functions.append(line)
        if not line.startswith("func#") and "assumed valid" not in line:
            self.parent, self.before = -1, None

    def _remark(self, line: str, found: re.Match[str]) -> None:
        self.log.remarks.append(line)

    def _ignored(self, line: str, found: Sequence[str] | None) -> None:
        """Nothing to keep."""

    _blank = _header = _wrapper = _loop = _ignored
