"""What one run gave: the same type from every engine and from Linux.

A fault of a run is no answer but an exception (`errors.VmFault`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ebpflab.errors import RunError
from ebpflab.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Event:
    """One record that a program sent to userspace."""

    map: str  # name of the map it went through
    cpu: int
    data: bytes


@dataclass(frozen=True)
class Run:
    """What one run answered (`BPF_PROG_TEST_RUN`'s words).

    `retval` is r0's lower 32 bits (all 64 for a `raw` program); `data` the packet
    afterwards; `maps` the live maps by name; `duration_ns` the mean of one run.
    """

    retval: int
    data: bytes
    maps: Mapping[str, Any] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    duration_ns: int = field(default=0, compare=False)
    retval_name: str = ""  # XDP_PASS
    ctx: bytes = b""  # the context afterwards, from our own engines
    replay: Callable[[], Timeline] | None = field(
        default=None, repr=False, compare=False
    )

    @cached_property
    def timeline(self) -> Timeline:
        """The run, step by step; recorded now, by running it again on equal inputs.

        Raises:  RunError: the run came from a real kernel, which records no steps.
        """
        if self.replay is None:
            raise RunError.of("no-timeline")
        return self.replay()
