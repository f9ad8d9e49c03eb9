"""A machine whose regions are the very bytes that compiled code works on.

It is the interpreter's own machine of one packet, made when Python is first asked. What
Python changes of its regions (new ones, gone ones, a packet that was moved) goes to the
tables that compiled code reads. Not here: who asks what (session.py).
"""

from __future__ import annotations

from ebpflab.jit.layout import FRAMES
from ebpflab.jit.steps import Run, Steps
from ebpflab.jit.tables import Row, Tables
from ebpflab.vm.machine import STACK_BYTES
from ebpflab.vm.memory import Region
from ebpflab.vm.setting import Setting


class SharedMachine:
    """The machine of the packet that runs."""

    def __init__(self, setting: Setting, tables: Tables, run: Run, first: Row) -> None:
        """Make the machine in the middle of the packet's run.

        Args:    run: runs a compiled function on the machine's registers.
                 first: the program that the packet began in.
        """
        self.setting, self.tables = setting, tables
        self.machine = setting.machine()
        self.steps = Steps(self.machine, run)
        self.records: list[Region] = []
        self._share(first)
        tables.set("asked", 1)
        tables.set("next_region", 0)

    def _share(self, first: Row) -> None:
        """Let the machine's regions be the bytes that compiled code works on."""
        tables, machine = self.tables, self.machine
        assert machine.env.ctx
        machine.env.ctx.buffer = memoryview(tables.ctx)[:-1]  # type: ignore[assignment]
        packet = machine.env.wire
        if packet:
            packet.region.buffer = tables.packet  # type: ignore[assignment]
        unused = STACK_BYTES - first.stack_used
        tables.stacks[:unused] = bytes(unused)
        for depth in range(1, FRAMES):
            if tables.get("frames", depth):
                machine.frame_pointer(depth)
        self.packet_region = packet.region if packet else None
        self.seen = len(machine.memory.regions)
        for depth, region in enumerate(machine.stacks):
            self._share_stack(depth, region)

    def _share_stack(self, depth: int, region: Region) -> None:
        start = depth * STACK_BYTES
        view = memoryview(self.tables.stacks)[start : start + STACK_BYTES]
        region.buffer = view  # type: ignore[assignment]

    def follow(self) -> None:
        """Bring the tables up to date after Python has worked on the machine."""
        tables, memory = self.tables, self.machine.memory
        for number in range(self.seen + 1, len(memory.regions) + 1):
            self._show(memory.regions[number])
        self.seen = len(memory.regions)
        tables.set("region_count", self.seen + 1)
        for region in [r for r in self.records if r.gone]:
            tables.close_region(region.number)
            self.records.remove(region)
        self._follow_packet()

    def _show(self, region: Region) -> None:
        """Let compiled code reach a region that Python has made."""
        tables, machine = self.tables, self.machine
        if region.kind == "stack":
            depth = machine.stacks.index(region)
            start = depth * STACK_BYTES
            tables.stacks[start : start + STACK_BYTES] = bytes(STACK_BYTES)
            self._share_stack(depth, region)
            tables.set("frames", machine.frame_pointer(depth), depth)
        if region.kind == "record":
            self.records.append(region)
        tables.set_region(region, machine, made=True)

    def _follow_packet(self) -> None:
        """Let the packet be where Python has moved it."""
        packet, tables = self.machine.env.wire, self.tables
        if packet and packet.region is not self.packet_region:
            assert self.packet_region
            tables.close_region(self.packet_region.number)
            region = self.packet_region = packet.region
            tables.set_region(region, self.machine, made=True)
            tables.set("packet", region.base)
            host = tables.passing.address(region.buffer) if region.buffer else 0
            tables.set("packet_host", host)
            tables.set("packet_size", len(region.buffer))
            tables.set_pointers(self.machine)

    def close(self) -> None:
        """Let go of what only this packet had."""
        for number in range(self.tables.base_regions, self.seen + 1):
            self.tables.close_region(number)
        self.tables.passing.held.clear()
