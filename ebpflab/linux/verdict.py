"""The public `verify`: what the real verifier says of a program, with its whole log.

Source: bpf(2), BPF_PROG_LOAD; behavior as observed on Linux 6.18.
"""

from contextlib import nullcontext
from dataclasses import replace

from ebpflab.errors import LinuxError, ProgramError
from ebpflab.linux.load import STATISTICS, check_spoken, load, request, verdict_of
from ebpflab.linux.opened import opened_maps
from ebpflab.linux.privilege import without_perfmon
from ebpflab.program import Program
from ebpflab.reasons import told
from ebpflab.results import Verdict

_LEVELS = range(8)  # 1, 2 and 4 added up


def verify(program: Program, *, privileged: bool = True, log_level: int = 1) -> Verdict:
    """Ask the real kernel's verifier.

    Args:    privileged: False = judged as if the loader had no CAP_PERFMON.
             log_level: 1 the path to the error, 2 every step, 4 statistics only;
             they add up. 0 = no log; a refusal has its message all the same.
    Raises:  LinuxError: no verifier looked at the program (no Linux, no right, no
             instructions or more than a million, flags, a map or a type that this
             kernel does not know); `errno` says how. ProgramError: no program.
    """
    _check_arguments(program, log_level)
    rights = nullcontext() if privileged else without_perfmon()
    with opened_maps(program.maps) as maps, request(program, maps) as fields, rights:
        answer = load(fields, log_level)
        silent = bool(answer.errno) and not log_level
        if silent:  # for the message, and to know whether a verifier spoke
            answer = load(fields, STATISTICS)
    if answer.program:
        answer.program.close()
    check_spoken(program, answer)
    verdict = verdict_of(answer)
    return told(
        replace(verdict, log="") if silent else verdict,
        program,
        lambda level: verify(program, privileged=privileged, log_level=level),
    )


def _check_arguments(program: Program, log_level: int) -> None:
    if not isinstance(program, Program):
        raise ProgramError.of("not-a-program", found=type(program).__name__)
    if not isinstance(log_level, int) or log_level not in _LEVELS:
        raise LinuxError.of("linux-log-level", found=repr(log_level))
