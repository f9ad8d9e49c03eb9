"""Packets in machine code: the engine "jit", and the answers of a batch.

Packets, verdicts and what the packets became stand one after the other in flat memory;
a `Run` is made of them when somebody looks. A packet for which Python had to work has
its own answer beside them. Not here: how a packet runs (session.py).
"""

from __future__ import annotations

import ctypes
import time
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from typing import overload

from ebpflab.errors import RunError, VmFault
from ebpflab.jit import compiled as codes
from ebpflab.jit.batch_ir import patches
from ebpflab.jit.machine_code import missing
from ebpflab.jit.session import Session
from ebpflab.listing import place_of
from ebpflab.maps.base import Map
from ebpflab.results import Event, Run
from ebpflab.timeline import Timeline
from ebpflab.vm.engines import Task, engine, replay_of, waiting
from ebpflab.vm.machine import Machine
from ebpflab.vm.setting import Setting, put_back

CHUNK = 16_384  # packets between two reports of progress
_BATCH = ctypes.CFUNCTYPE(
    ctypes.c_int64, ctypes.c_uint64, ctypes.c_uint64, ctypes.c_int64, ctypes.c_int64
)


@dataclass(frozen=True, slots=True)
class _Own:
    """What one packet gave for which Python worked."""

    data: bytes
    ctx: bytes
    events: tuple[Event, ...]


@dataclass
class Batch(Sequence[Run]):
    """The answers of many packets, each made when it is looked at."""

    task: Task
    verdicts: array[int] = field(default_factory=lambda: array("Q"))
    offsets: array[int] = field(default_factory=lambda: array("Q"))
    after: bytearray | None = None  # the packets; None: none was written to
    contexts: bytearray | None = None
    own: dict[int, _Own] = field(default_factory=dict)
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
            start = self.offsets[number]
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
                    run_native(earlier)
                now = [map.snapshot() for map in task.before.library.used]
                return replay_of(task.setting(number), task.repeat, now)()

        return replay


@engine("jit")
def run_native(task: Task) -> Batch:
    """Run in machine code. Raises RunError: there is none here."""
    if missing():
        raise RunError.of("jit-missing", reason=missing())
    return Runner(task).run()


class Runner:
    """One batch on its way through compiled code.

    `checked=False` leaves checks out: for proofs.py alone, in a process of its own.
    """

    def __init__(self, task: Task, checked: bool = True) -> None:
        self.task = task
        self.maps = task.before.library.used
        contents = [map.snapshot() for map in self.maps]
        self.batch = Batch(task, contents=contents)
        self.traced: list[Event] = []
        self.read = [len(waiting(map)) for map in self.maps]
        self.turns: dict[int, bytes] = {}
        first = task.setting(0) if task.packets else task.before
        longest = max(map(len, task.packets), default=0)
        self.session = Session(first, longest, self._setting, self._finished, checked)
        self._lay_out(first)

    def _lay_out(self, first: Setting) -> None:
        """Put the packets one after the other, and make room for the answers."""
        batch, tables, task = self.batch, self.session.tables, self.task
        stores, hook = self.session.first.stores, first.hook
        batch.offsets = array("Q", accumulate(map(len, task.packets), initial=0))
        batch.verdicts = array("Q", bytes(8 * len(task.packets)))
        self.input = b"".join(task.packets)
        if stores & {"packet", "any"} and hook.has_packet:
            batch.after = bytearray(len(self.input))
        if "ctx" in stores:
            batch.contexts = bytearray(tables.get("ctx_size") * len(task.packets))
        held = ctypes.c_char_p(self.input)
        tables.pins.held.append(held)
        tables.set("input", ctypes.cast(held, ctypes.c_void_p).value or 0)
        tables.set("offsets", batch.offsets.buffer_info()[0])
        tables.set("verdicts", batch.verdicts.buffer_info()[0])
        for name, room in (("output", batch.after), ("contexts", batch.contexts)):
            if room:
                tables.set(name, tables.pins.address(room))
        tables.set("repeat", task.repeat)
        self.loop = codes.batch(hook.type, task.before.fixed_fields)
        self.start = _BATCH(self.loop.address("batch"))

    def run(self) -> Batch:
        """Run all packets. Raises VmFault: one of them went wrong."""
        packets, batch = self.task.packets, self.batch
        began_ns = time.perf_counter_ns()
        try:
            for start in range(0, len(packets), CHUNK):
                end = min(start + CHUNK, len(packets))
                self._run_chunk(start, end)
                if self.task.progress:
                    self.task.progress(end, len(packets))
        except KeyboardInterrupt:  # nothing may stay half done
            for restore in batch.contents:
                restore()
            raise
        runs = max(1, len(packets)) * self.task.repeat
        batch.duration_ns = (time.perf_counter_ns() - began_ns) // runs
        return batch

    def _run_chunk(self, start: int, end: int) -> None:
        session = self.session
        tables = session.tables
        with session.listening():
            number = self.start(tables.address, session.first.address, start, end)
        if number == end:
            return
        try:
            session.raise_error()
        except VmFault as fault:
            program = session.machine()[0].loaded.program
            fault.at = place_of(program, fault.pc)
            fault.replay = self.batch.replay(number)
            raise

    def _setting(self, number: int, turn: int) -> Setting:
        """Return the setting of a packet's turn; its bytes are those that run."""
        setting = self.task.setting(number)
        if not turn:
            return setting
        tables = self.session.tables
        data = bytes(tables.buffer[: tables.get("packet_size")])
        header = setting.data[: setting.hook.pulled]
        return setting.next(header + data, turn)

    def _finished(
        self, number: int, turn: int, setting: Setting, machine: Machine
    ) -> None:
        """Keep what a machine's packet gave, or lay it out for its next turn."""
        self.traced += machine.env.traced
        if turn + 1 < self.task.repeat:
            self._lay_again(machine)
            return
        new = (waiting(map)[n:] for map, n in zip(self.maps, self.read, strict=True))
        sent = tuple(event for events in new for event in events)
        data, ctx = setting.answered(machine), machine.context
        self.batch.own[number] = _Own(data, ctx, (*sent, *self.traced))
        self.read = [len(waiting(map)) for map in self.maps]
        self.traced = []

    def _lay_again(self, machine: Machine) -> None:
        """Let the next turn begin with the packet as this one left it."""
        packet, tables = machine.env.wire, self.session.tables
        if packet:
            data = packet.frame.data
            if len(data) > tables.room:
                tables.grow_buffer(2 * len(data))
            tables.buffer[: len(data)] = data
            tables.set("packet_size", len(data))
