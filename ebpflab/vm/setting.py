"""What a run starts from, and the machine made from it: the same one every time.

A run is told again (for its timeline) by making the same machine twice. So everything
that a run depends on stands here: programs, packet, context, maps, clock.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from ebpflab.hooks import Hook, hook_of
from ebpflab.hooks.socket_buffer import ETHERNET_HEADER
from ebpflab.maps.base import Map
from ebpflab.maps.journals import retelling
from ebpflab.program import Program
from ebpflab.vm.environment import Environment
from ebpflab.vm.loaded import Library
from ebpflab.vm.machine import Machine
from ebpflab.vm.memory import Memory, Region
from ebpflab.vm.packet import Packet

PACKET_GAP_NS = 1_000_000


@dataclass(frozen=True, slots=True)
class Setting:
    """A program with its input; nothing in it changes but the contents of the maps."""

    library: Library
    data: bytes  # the whole packet
    context: Mapping[str, int] | bytes  # fields that differ from a test run's own
    budget: int
    seed: int

    @property
    def program(self) -> Program:
        return self.library.first.program

    @property
    def hook(self) -> Hook:
        return hook_of(self.program.type)

    @property
    def fixed_fields(self) -> frozenset[str] | None:
        """The context fields that are given; None: the whole context is, as bytes."""
        given = self.context
        return None if isinstance(given, bytes) else frozenset(given)

    def machine(self) -> Machine:
        """Put the regions in place: 1 the context, 2 the data, then maps and stacks."""
        hook, memory = self.hook, Memory()
        ctx = memory.add(
            "ctx", "ctx", self.context_bytes(), writable=hook.context_writable
        )
        packet = self._packet(memory, ctx) if hook.has_packet else None
        self._things(memory, ctx)
        env = Environment(memory, self.library.used, hook, self.seed)
        env.ctx, env.wire = ctx, packet
        machine = Machine(self.library.first, memory, env, self.budget)
        machine.regs[1] = ctx.base
        if packet and not hook.verified:
            start, length = packet.region.base, len(self.data)
            machine.regs[1:3] = [start if self.data else 0, length]
        return machine

    def _packet(self, memory: Memory, ctx: Region) -> Packet:
        """Lay out the packet; its addresses go to the context's pointer fields."""
        hook, header = self.hook, self.data[: self.hook.pulled]
        before = bytes(max(0, hook.room_before - len(header))) + header
        room_after = max(0, hook.linear_max - len(self.data))

        def moved(addresses: dict[str, int]) -> None:
            self._point(ctx, addresses)

        packet = Packet(memory, hook.linear_max, before, room_after, moved)
        packet.header, packet.network = len(header), ETHERNET_HEADER - len(header)
        packet.place(b"", self.data[hook.pulled :])
        return packet

    def _things(self, memory: Memory, ctx: Region) -> None:
        """Lay out what else the context points to; a pointer to nothing is null."""
        places = {
            name: memory.add(name, "ctx", bytearray(content)).base
            for name, content in self.hook.things.items()
        }
        pointers = {row.pointer for row in self.hook.fields if row.pointer}
        known = {row.pointer for row, _ in ctx.pointers.values()}
        self._point(ctx, dict.fromkeys(pointers - known, 0) | places)

    def _point(self, ctx: Region, addresses: Mapping[str, int]) -> None:
        """Let the context's pointer fields yield these addresses."""
        rows = {
            row.offset: (row, addresses[row.pointer])
            for row in self.hook.fields
            if row.pointer in addresses
        }
        if rows:
            ctx.pointers = {**ctx.pointers, **rows}
            ctx.plain_reads = 0

    def context_bytes(self) -> bytearray:
        """Lay out the context as a test run fills it, with the values given."""
        hook = self.hook
        if isinstance(self.context, bytes):
            return bytearray(self.context.ljust(hook.context_size, b"\0"))
        buffer = bytearray(hook.context_size)
        length = len(self.data) - hook.pulled
        for row in hook.fields:
            default = length if row.is_length else row.default
            value = self.context.get(row.name, default)
            place = slice(row.offset, row.offset + row.size)
            buffer[place] = value.to_bytes(row.size, "little")
            if row.from_data >= 0:
                repeated = self.data[row.from_data : row.from_data + 2]
                buffer[place] = repeated.ljust(row.size, b"\0")
        return buffer

    def answered(self, machine: Machine) -> bytes:
        """Return the packet as a test run gives it back."""
        packet = machine.env.wire
        if packet is None:
            return self.data
        frame = packet.frame
        return bytes(self.hook.pulled) + frame.meta + frame.data

    def after(self, machine: Machine) -> "Setting":
        """Return the setting of the next turn: the packet as this one left it."""
        packet = machine.env.wire
        if packet is None:
            return self.next(self.data)
        header = self.data[: self.hook.pulled]
        return self.next(header + packet.frame.data)

    def next(self, data: bytes, later: int = 1) -> "Setting":
        """Return the setting of another packet, that comes a millisecond later."""
        return replace(self, data=data, seed=self.seed + later * PACKET_GAP_NS)


@contextmanager
def put_back(maps: list[Map], contents: list[Callable[[], None]]) -> Iterator[None]:
    """Give the maps earlier contents for a while; afterwards they are as before."""
    now = [map.snapshot() for map in maps]
    for restore in contents:
        restore()
    try:
        with retelling():
            yield
    finally:
        for restore in now:
            restore()
