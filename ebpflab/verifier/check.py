"""Verify a program: what Linux 6.18 says of it, verdict and log.

What is not modelled raises NotModelled, never a verdict. Not here: the walk over a
program's paths (`walk.py`).

Source: the log of Linux 6.18. Names are the kernel's.
"""

import os
from dataclasses import dataclass, replace
from time import perf_counter

from ebpflab.logs import last_message
from ebpflab.maps.rights import ENOTSUPP, errno_name
from ebpflab.program import Program
from ebpflab.results import Verdict
from ebpflab.verifier.bugs import SOUND, Bug
from ebpflab.verifier.check_attach import check_load
from ebpflab.verifier.env import Env
from ebpflab.verifier.log import LEVEL2, STATS, Log
from ebpflab.verifier.prepare import prepared
from ebpflab.verifier.refusal import Refusal, Unheard
from ebpflab.verifier.statistics import statistics, time_and_stack
from ebpflab.verifier.subprogs import Subprogs
from ebpflab.verifier.validate import validate


@dataclass(frozen=True, slots=True)
class Judge:
    """How a program is to be judged; see `verify` (verdict.py)."""

    privileged: bool = True
    log_level: int = 1
    off: frozenset[str] = frozenset()
    bug: Bug = SOUND
    btf: bytes | None = None
    prunes: bool = True  # False = every path is walked, not a kernel's way

    @property
    def relaxed(self) -> frozenset[str]:
        """What of the rules does not hold, by name."""
        return self.off | ({self.bug.cve} if self.bug is not SOUND else set())


def judge(program: Program, how: Judge) -> Verdict:
    """Judge a program as Linux 6.18 does.

    Raises:  NotModelled: the program does what is not modelled yet.
    """
    log, env, refusal = Log(how.log_level), None, None
    subprogs, began = Subprogs(), perf_counter()
    try:
        check_load(program, privileged=how.privileged)
        env = prepared(
            program, log, subprogs, privileged=how.privileged, kernel=how.btf
        )
        env.off, env.bug, env.prunes = how.off, how.bug, how.prunes
        validate(env)
    except Unheard as said:
        return _unheard(said.errno)
    except Refusal as said:
        refusal = said
        log.tell(said.lines + "\n" * (said.is_ended and bool(said.lines)))
    if log.level & STATS:
        seconds, accepted = perf_counter() - began, None if refusal else env
        log.tell(time_and_stack(accepted, subprogs, seconds))
    return replace(_verdict(log, refusal, env), relaxed=how.relaxed)


def verify(program: Program, *, privileged: bool = True, log_level: int = 1) -> Verdict:
    """Judge a program, strictly; see `verdict.py` for the public one."""
    return judge(program, Judge(privileged, log_level))


def _unheard(number: int) -> Verdict:
    """Return a refusal that no verifier spoke of."""
    return Verdict(accepted=False, errno=number, message=_words(number))


def _words(number: int) -> str:
    """Return an errno as text, for a refusal without a reason in the log."""
    words = "Operation not supported" if number == ENOTSUPP else os.strerror(number)
    return f"{errno_name(number)}: {words}"


def _verdict(log: Log, refusal: Refusal | None, env: Env | None) -> Verdict:
    if log.level:
        log.tell(statistics(env))
    return Verdict(
        accepted=refusal is None,
        errno=refusal.errno if refusal else 0,
        message=_message(refusal) if refusal else "",
        log=log.text() if log.level else "",
        insns_processed=env.insn_processed if env else 0,
        covered=tuple(env.explored.covered) if env and log.level & LEVEL2 else (),
    )


def _message(refusal: Refusal) -> str:
    return last_message(refusal.lines) or _words(refusal.errno)
