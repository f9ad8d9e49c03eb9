"""Packets in machine code: the engine "jit".

Packets stand one after the other in flat memory, and are worked on where they stand.
Not here: how a packet runs (session.py), what becomes of the answers (answers.py).
"""

from __future__ import annotations

import ctypes
import time
from array import array
from itertools import accumulate

from ebpflab.errors import RunError, VmFault
from ebpflab.jit import compiled as codes
from ebpflab.jit.answers import Batch, Own
from ebpflab.jit.machine_code import missing
from ebpflab.jit.session import Session
from ebpflab.listing import place_of
from ebpflab.results import Event
from ebpflab.vm.engines import Task, engine, waiting
from ebpflab.vm.machine import Machine
from ebpflab.vm.setting import Setting

CHUNK = 16_384  # packets between two reports of progress
_BATCH = ctypes.CFUNCTYPE(
    ctypes.c_int64, ctypes.c_uint64, ctypes.c_uint64, ctypes.c_int64, ctypes.c_int64
)


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
        self.batch = Batch(task, run_native, contents=contents)
        self.traced: list[Event] = []
        self.read = [len(waiting(map)) for map in self.maps]
        first = task.setting(0) if task.packets else task.before
        packets = bytearray().join([*task.packets, b"\0"])
        self.session = Session(first, packets, self._setting, self._finished, checked)
        self._lay_out(first)

    def _lay_out(self, first: Setting) -> None:
        """Say where each packet begins, and make room for the answers."""
        batch, tables, task = self.batch, self.session.tables, self.task
        stores, hook = self.session.first.stores, first.hook
        batch.offsets = array("Q", accumulate(map(len, task.packets), initial=0))
        batch.verdicts = array("Q", bytes(8 * len(task.packets)))
        if stores & {"packet", "any"} and hook.has_packet:
            batch.after = tables.packets
        if "ctx" in stores:
            batch.contexts = bytearray(tables.get("ctx_size") * len(task.packets))
            if batch.contexts:
                tables.set("contexts", tables.pins.address(batch.contexts))
        tables.set("offsets", batch.offsets.buffer_info()[0])
        tables.set("verdicts", batch.verdicts.buffer_info()[0])
        tables.set("repeat", task.repeat)
        usual = tables.get("ctx_size") == hook.context_size
        self.loop = codes.batch(hook.type, task.before.fixed_fields, usual)
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
            program = session.shared().machine.loaded.program
            fault.at = place_of(program, fault.pc)
            fault.replay = self.batch.replay(number)
            raise

    def _setting(self, number: int, turn: int) -> Setting:
        """Return the setting of a packet's turn; its bytes are those that run."""
        setting = self.task.setting(number)
        if not turn:
            return setting
        header = setting.data[: setting.hook.pulled]
        return setting.next(header + bytes(self.session.tables.packet), turn)

    def _finished(
        self, number: int, turn: int, setting: Setting, machine: Machine
    ) -> None:
        """Keep what a machine's packet gave, or lay it out for its next turn."""
        tables = self.session.tables
        self.traced += machine.env.traced
        if turn + 1 < self.task.repeat:
            tables.set("told", 1)
            if machine.env.wire:
                tables.lay_packet(machine.env.wire.frame.data)
            return
        new = (waiting(map)[n:] for map, n in zip(self.maps, self.read, strict=True))
        sent = tuple(event for events in new for event in events)
        data, ctx = setting.answered(machine), machine.context
        self.batch.own[number] = Own(data, ctx, (*sent, *self.traced))
        self.read = [len(waiting(map)) for map in self.maps]
        self.traced, tables.own_room = [], None
