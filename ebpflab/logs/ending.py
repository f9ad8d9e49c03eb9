"""The end of a log: the reason of a rejection and the statistics after it.

The line before the statistics is the reason (two lines of states follow `infinite loop
detected`). Some reasons end without a newline, so the statistics may follow on the
same line; at level 1 a reason may follow an instruction on its line; a log that was
cut has no statistics. Only the end of a log is looked at: it may have megabytes.
Source: logs of Linux 6.18 at levels 1, 2 and 4.
"""

import re
from collections.abc import Sequence

from ebpflab.logs.kinds import GLUED, Kind, kind_of

STATISTICS = re.compile(
    r"(?:verification time (?P<usec>\d{1,12}) usec\s*)?"
    r"(?:stack depth (?P<before>[\d+]+)\s*)?"
    r"processed (?P<count>\d{1,12}) insns"
    r"(?: \(limit (?P<limit>\d{1,12})\))?(?:, stack depth (?P<depth>[\d+]+))?"
    r"(?: max_states_per_insn (?P<states_per_insn>\d{1,12})"
    r" total_states (?P<total>\d{1,12})"
    r" peak_states (?P<peak>\d{1,12})(?: mark_read (?P<mark_read>\d{1,12}))?)?"
)
_ENDING = 1 << 16  # characters of a log in which its end is looked for
_AFTER_REASON = (
    *(Kind.BLANK, Kind.SOURCE, Kind.LOOP_STATE, Kind.WRAPPER, Kind.STATISTICS),
)
_MASKS = (  # what differs between two loads of one program
    (re.compile(r"\b(0x)?ffff[0-9a-f]{12}\b"), "ADDRESS"),
    (re.compile(r"\b((?:ref_obj_)?id|ref)=\d+"), r"\1=N"),
    (re.compile(r"\bmap=[^,)]*"), "map=NAME"),
    (re.compile(r"\b(fd) -?\d+"), r"\1 N"),
)


def last_message(log: str) -> str:
    """Return the reason of a rejection: the last line that tells one.

    Returns: "" if the log ends with a step of its trace, as that of an accepted
             program does.
    """
    end = last_statistics(log)
    told = log[: end.start() if end else len(log)]
    return last_said(told[-_ENDING:].splitlines())


def last_said(lines: Sequence[str]) -> str:
    """Return the last of these lines if it is a message, without what follows it."""
    for line in reversed(lines):
        kind, found = kind_of(line.strip())
        if kind in _AFTER_REASON:
            continue
        if kind is Kind.MESSAGE:
            return line.strip()
        glued = GLUED.match(found["text"]) if kind is Kind.STEP and found else None
        return last_said([glued["rest"]]) if glued else ""
    return ""


def processed(log: str) -> int:
    """Return how many instructions the verifier looked at; 0 if the log was cut."""
    end = last_statistics(log)
    return int(end["count"]) if end else 0


def masked(message: str) -> str:
    """Return the message without what two loads of one program do not share."""
    for pattern, mask in _MASKS:
        message = pattern.sub(mask, message)
    return message


def last_statistics(log: str) -> re.Match[str] | None:
    """Find the statistics, which stand near the end."""
    found = STATISTICS.finditer(log, max(0, len(log) - _ENDING))
    return max(found, key=re.Match.start, default=None)
