"""The public `verify`: what Linux 6.18 says of a program, said without Linux.

A refusal is an answer. What a verdict can tell beyond yes and no (its rejection, its
exploration) is worked out when it is asked for. Not here: the judging (`check.py`),
which rules can be switched off (`rules.py`), bugs of history (`bugs.py`).
"""

from collections.abc import Collection
from dataclasses import replace
from types import NoneType
from typing import SupportsBytes

from ebpflab.errors import ProgramError, expect
from ebpflab.program import Program, as_bytes
from ebpflab.reasons import told
from ebpflab.results import Verdict
from ebpflab.verifier.bugs import checked_bug
from ebpflab.verifier.check import Judge, judge
from ebpflab.verifier.rules import checked_rules

LEVELS = range(8)  # 1, 2 and 4 added up


def verify(
    program: Program,
    *,
    privileged: bool = True,
    log_level: int = 1,
    without: Collection[str] = (),
    cve: str | None = None,
    btf: bytes | SupportsBytes | None = None,
) -> Verdict:
    """Judge a program as Linux 6.18 does.

    Args:    privileged: False = as if the loader had no CAP_PERFMON.
             log_level: 1 the path to the error, 2 every step, 4 statistics only; they
             add up. 0 = no log.
             without: names of rules that are switched off ("bounds", "null", ...).
             cve: a bug of history that is put back ("2021-3490").
             btf: types of a kernel other than this machine's, as bytes.
    Returns: a Verdict; one with rules off says so in `relaxed`, and proves nothing.
    Raises:  ProgramError: an argument is not what it should be. NotModelled: the
             program does what this verifier does not know: no verdict, never a yes.
    """
    expect(program, Program, "verify(program)")
    expect(cve, (str, NoneType), "verify(cve)")
    if not isinstance(log_level, int) or log_level not in LEVELS:
        raise ProgramError.of("verify-log-level", found=repr(log_level))
    how = Judge(
        bool(privileged),
        log_level,
        checked_rules(without),
        checked_bug(cve),
        None if btf is None else as_bytes(btf, "btf"),
    )
    return told(
        judge(program, how),
        program,
        lambda level: judge(program, replace(how, log_level=level)),
    )
