"""The answers of a batch: one `Run` a packet, made when somebody looks.

Verdicts and what the packets became stand one after the other in flat memory. A packet
for which Python had to work has its own answer beside them. Not here: how they come
about (batch.py).
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import overload

from ebpflab.jit.batch_ir import patches
from ebpflab.maps.base import Map
from ebpflab.results import Event, Run
from ebpflab.timeline import Timeline
from ebpflab.vm.engines import Task, replay_of
from ebpflab.vm.setting import put_back


@dataclass(frozen=True, slots=True)
class Own:
    """What one packet gave for which Python worked."""

    data: bytes
    ctx: bytes
    events: tuple[Event, ...]


@dataclass
class Batch(Sequence[Run]):
    """The answers of many packets, each made when it is looked at."""

    task: Task
    again: Callable[[Task], object]  # runs a task as this one ran
    verdicts: array[int] = field(default_factory=lambda: array("Q"))
    offsets: array[int] = field(default_factory=lambda: array("Q"))
    after: bytearray | None = None  # the packets; None: none was written to
    contexts: bytearray | None = None
    own: dict[int, Own] = field(default_factory=dict)
    duration_ns: int = 0  # the mean of one run
    contents: list[Callable[[], None]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.verdicts)

    @property
    def retvals(self) -> array[int]:
        """What each packet's run returned, as plain numbers."""
        bits = self.task.before.hook.return_bits
        return array("Q", (verdict & ((1 << bits) - 1) for verdict in self.verdicts))

    @overload
    def __getitem__(self, index: int) -> Run: ...
    @overload
    def __getitem__(self, index: slice) -> list[Run]: ...

    def __getitem__(self, index: int | slice) -> Run | list[Run]:
        if isinstance(index, slice):
            return [self._run(i) for i in range(*index.indices(len(self)))]
        return self._run(range(len(self))[index])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(
            ours == theirs for ours, theirs in zip(self, other, strict=True)
        )

    __hash__ = None  # type: ignore[assignment]

    def _run(self, number: int) -> Run:
        """Make the answer of one packet."""
        hook = self.task.before.hook
        retval = self.verdicts[number] & ((1 << hook.return_bits) - 1)
        own = self.own.get(number)
        return Run(
            retval=retval,
            data=own.data if own else self._data(number),
            maps=self._maps,
            events=own.events if own else (),
            duration_ns=self.duration_ns,
            retval_name=hook.returns.get(retval, ""),
            ctx=own.ctx if own else self._context(number),
            replay=self.replay(number),
        )

    @cached_property
    def _maps(self) -> dict[str, Map]:
        return {map.name: map for map in self.task.before.library.used}

    def _data(self, number: int) -> bytes:
        """Return what a packet became."""
        data, hook = self.task.packets[number], self.task.before.hook
        if not hook.has_packet:
            return data
        visible = data[hook.pulled :]
        if self.after is not None:
            start = self.offsets[number] + hook.pulled
            visible = bytes(self.after[start : start + len(visible)])
        return bytes(hook.pulled) + visible

    def _context(self, number: int) -> bytes:
        """Return what a packet's context became."""
        if self.contexts is not None:
            size = len(self.contexts) // len(self)
            return bytes(self.contexts[number * size : (number + 1) * size])
        if self._same_context is not None:
            return self._same_context
        return bytes(self.task.setting(number).context_bytes())

    @cached_property
    def _same_context(self) -> bytes | None:
        """The context that all packets have; None: it depends on the packet."""
        first = self.task.setting(0)
        if patches(first.hook, first.fixed_fields):
            return None
        return bytes(first.context_bytes())

    def replay(self, number: int) -> Callable[[], Timeline]:
        """Keep how to tell a packet's run again: those before it run first."""
        task, contents = self.task, self.contents

        def replay() -> Timeline:
            with put_back(task.before.library.used, contents):
                earlier = Task(task.before, task.packets[:number], task.repeat)
                if number:
                    self.again(earlier)
                now = [map.snapshot() for map in task.before.library.used]
                return replay_of(task.setting(number), task.repeat, now)()

        return replay
