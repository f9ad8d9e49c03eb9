"""What a verifier answered: accepted or not, and all that can be asked about it.

A refusal is an answer, no exception. Why, and how the program was explored, is worked
out when it is asked for, by the verdict's `Story`; nothing is recorded before.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from ebpflab.errors import RunError, VerifierError
from ebpflab.results.exploration import Exploration
from ebpflab.results.rejection import Rejection
from ebpflab.timeline import Timeline


class Story(Protocol):
    """Who can tell more about a verdict (`reasons/story.py`)."""

    def rejection(self, verdict: "Verdict") -> Rejection | None: ...

    def exploration(self, verdict: "Verdict") -> Exploration: ...


@dataclass(frozen=True)
class Verdict:
    """What a verifier answered: accepted, or why not.

    `message` is the kernel's last line before its statistics, "" if accepted; `log` the
    whole text; `errno` as bpf(2) gave it, 0 if accepted. `covered` is what no log
    tells: for each path that stopped as "safe", the step before which the covering
    state was kept, as an index into the log's steps.
    """

    accepted: bool
    errno: int = 0
    message: str = ""
    log: str = field(default="", repr=False)
    insns_processed: int = 0
    relaxed: frozenset[str] = frozenset()  # rules that were off: then it proves nothing
    covered: tuple[int, ...] = field(default=(), repr=False, compare=False)
    story: Story | None = field(default=None, repr=False, compare=False)

    @cached_property
    def rejection(self) -> Rejection | None:
        """Why it was refused, for people; None if it was accepted.

        Made now, from the log, or by asking the verifier again with a longer one.
        """
        if self.accepted or self.story is None:
            return None
        return self.story.rejection(self)

    @cached_property
    def exploration(self) -> Exploration:
        """The paths that were walked; made now, from a log of level 2.

        Raises:  RunError: nobody can make that log.
        """
        if self.story is None:
            raise RunError.of("no-exploration")
        return self.story.exploration(self)

    @property
    def timeline(self) -> Timeline:
        """The exploration, step by step: a tree, with what was claimed at each step.

        Raises:  RunError: as `exploration`.
        """
        return self.exploration.timeline

    def check(self) -> None:
        """Return if accepted.

        Raises:  VerifierError: rejected; says what the verifier said, and why.
        """
        if not self.accepted:  # made elsewhere: an error must not hold its own frame
            raise self._error()

    def _error(self) -> VerifierError:
        error = VerifierError.of(
            "rejected", message=self.message, errno=self.errno, log=self.log
        )
        if told := self.rejection:
            error.at, error.why = str(told.at), told.why
            error.hint = told.suggestion
        return error
