"""The verifier's log as text: what stands in it, wherever it came from.

A log ends with its statistics (`processed 6 insns (limit 1000000) ...`); the line
before them is the reason of a rejection (two lines of states follow `infinite loop
detected`). Some reasons end without a newline, so the statistics may follow on the
same line; a log that was cut has none. Not here: what a reason means
(`reasons/`). Source: logs of Linux 6.18 at levels 1, 2 and 4.
"""

import re

_STATISTICS = re.compile(
    r"(?:verification time \d+ usec\s*)?(?:stack depth [\d+ ]+\s*)?"
    r"processed (?P<count>\d+) insns \(limit"
)
_ENDING = 1 << 16  # characters of a log in which its statistics are looked for
_TRACE = re.compile(  # what the verifier tells on its way
    r"\d+: (\(|R\d)|from \d+ to \d+|\(\d+\) |func#\d+ |mark_precise|;"
    r"|Live regs before|SCC |Func#\d+ "
)
_AFTER_REASON = re.compile(  # a loop's two states, and wrappers around a log
    r"(cur|old) state: |libbpf: |-- END PROG"
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
    end = _last_statistics(log)
    told = log[: end.start() if end else len(log)]
    lines = told[-_ENDING:].splitlines()
    said = [line.strip() for line in lines if line.strip()]
    reasons = [line for line in said if not _AFTER_REASON.match(line)]
    last = reasons[-1] if reasons else ""
    return "" if _TRACE.match(last) else last


def processed(log: str) -> int:
    """Return how many instructions the verifier looked at; 0 if the log was cut."""
    end = _last_statistics(log)
    return int(end["count"]) if end else 0


def masked(message: str) -> str:
    """Return the message without what two loads of one program do not share."""
    for pattern, mask in _MASKS:
        message = pattern.sub(mask, message)
    return message


def _last_statistics(log: str) -> re.Match[str] | None:
    """Find the statistics, which stand near the end; a log may have megabytes."""
    found = _STATISTICS.finditer(log, max(0, len(log) - _ENDING))
    return max(found, key=re.Match.start, default=None)
