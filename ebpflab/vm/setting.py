"""What a run starts from, and the machine made from it: the same one every time.

A run is told again (for its timeline) by making the same machine twice. So everything
that a run depends on stands here: program, packet, context, maps, clock.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from ebpflab.hooks import Hook, hook_of
from ebpflab.maps.base import Map
from ebpflab.program import Program
from ebpflab.vm.code import Code
from ebpflab.vm.environment import Environment
from ebpflab.vm.machine import Machine
from ebpflab.vm.memory import REGION_SHIFT, Memory, Pointers

PACKET_GAP_NS = 1_000_000
_CONTEXT, _PACKET = 1, 2  # the numbers of their regions


@dataclass(frozen=True, slots=True)
class Setting:
    """A program with its input; nothing in it changes but the contents of the maps."""

    program: Program
    data: bytes  # the whole packet
    context: Mapping[str, int]  # fields that differ from a test run's own
    code: Code
    maps: list[Map]
    budget: int
    seed: int

    @property
    def hook(self) -> Hook:
        return hook_of(self.program.type)

    def machine(self) -> Machine:
        """Put the regions in place: 1 the context, 2 the data, then maps and stacks."""
        hook, memory = self.hook, Memory()
        memory.add(
            "ctx",
            "ctx",
            self._context_bytes(),
            writable=hook.context_writable,
            pointers=self._context_pointers(),
        )
        body = bytearray(self.data[hook.pulled :])
        packet, length = memory.add("packet", "packet", body), len(body)
        env = Environment(memory, self.maps, self.seed)
        env.set_packet(packet.base, length)
        machine = Machine(self.code, memory, env, self.budget)
        if hook.verified:
            machine.regs[1] = _CONTEXT << REGION_SHIFT
        else:
            machine.regs[1:3] = [packet.base if self.data else 0, length]
        return machine

    def _context_pointers(self) -> Pointers:
        """Return which context fields yield an address, and which."""
        start = _PACKET << REGION_SHIFT
        length = len(self.data) - self.hook.pulled
        addresses = {
            "data": start,
            "data_end": start + min(length, self.hook.linear_max),
            "data_meta": start,
        }
        rows = (row for row in self.hook.fields if row.pointer)
        return {row.offset: (row, addresses[row.pointer]) for row in rows}

    def _context_bytes(self) -> bytearray:
        """Lay out the context as a test run fills it, with the values given."""
        hook = self.hook
        buffer = bytearray(hook.context_size)
        given = {"len": len(self.data) - hook.pulled, **self.context}
        for row in hook.fields:
            value = given.get(row.name, row.default)
            place = slice(row.offset, row.offset + row.size)
            buffer[place] = value.to_bytes(row.size, "little")
            if row.from_data >= 0:
                repeated = self.data[row.from_data : row.from_data + 2]
                buffer[place] = repeated.ljust(row.size, b"\0")
        return buffer

    def after(self, machine: Machine) -> "Setting":
        """Return the setting of the next turn: the packet as this one left it."""
        body = bytes(machine.memory.regions[_PACKET].buffer)
        return self.next(self.data[: self.hook.pulled] + body)

    def next(self, data: bytes) -> "Setting":
        """Return the setting of another packet, that comes a millisecond later."""
        return replace(self, data=data, seed=self.seed + PACKET_GAP_NS)


@contextmanager
def put_back(maps: list[Map], contents: list[Callable[[], None]]) -> Iterator[None]:
    """Give the maps earlier contents for a while; afterwards they are as before."""
    now = [map.snapshot() for map in maps]
    for restore in contents:
        restore()
    try:
        yield
    finally:
        for restore in now:
            restore()
