"""Work in a child process: a kernel whose verifier dies takes only the child with it.

A job is done seed by seed; each answer goes through a pipe. A child that dies, or that
says nothing for too long, is replaced, and its seed is reported as such.
"""

import os
import pickle
import select
import signal
import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import Any

LONGEST_S = 60  # for one job
DIED, TOO_LONG = "died", "too long"


def each(jobs: Sequence[Any], work: Callable[[Any], Any]) -> Iterator[tuple[Any, Any]]:
    """Yield (job, answer); the answer of a job that killed its child is a word."""
    place = 0
    while place < len(jobs):
        for job, result in _until_it_ends(jobs[place:], work):
            place += 1
            yield job, result


def _until_it_ends(
    jobs: Sequence[Any], work: Callable[[Any], Any]
) -> Iterator[tuple[Any, Any]]:
    """Yield answers of one child, up to the job in which it ended."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _work(jobs, work, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as answers:
        try:
            for job in jobs:
                word, result = _next(answers)
                yield job, word or result
                if word:
                    return
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def _next(answers: Any) -> tuple[str, Any]:
    """Read an answer; or say why there is none."""
    if not select.select([answers], [], [], LONGEST_S)[0]:
        return TOO_LONG, None
    try:
        return "", pickle.load(answers)
    except EOFError:
        return DIED, None


def _work(jobs: Sequence[Any], work: Callable[[Any], Any], writing: int) -> None:
    """Do the jobs; never return."""
    try:
        for job in jobs:
            data = pickle.dumps(work(job))
            while data:
                data = data[os.write(writing, data) :]
    except BaseException:  # the harness itself is wrong: say where
        traceback.print_exc()
    finally:
        os._exit(0)
