"""What helpers reach during a run: memory, maps, the packet, a clock, the machine.

The clock and the random numbers are a machine of their own, equal in every run with
the same seed, so that a run can be told again. Kernel differs: time there is real.
"""

import random
from collections.abc import Callable, Sequence
from typing import Protocol

from ebpflab.helpers import Env
from ebpflab.maps.base import Map
from ebpflab.maps.perf_event_array import PerfEventArray
from ebpflab.vm.memory import Memory

BOOT_NS = 3_600_000_000_000  # the simulated machine has been up for an hour
CALL_NS = 1_000  # and each look at the clock finds it this much later


class Telling(Protocol):
    """Who wants to know what helpers do: the recorder."""

    def effect(self, key: str, values: dict[str, str | int]) -> None: ...
    def record(self, map: Map, cpu: int, data: bytes) -> None: ...
    def map_changed(self, address: int, before: bytes, after: bytes) -> None: ...


class Environment(Env):
    """The machine around one run."""

    cpu = 0

    def __init__(self, memory: Memory, maps: Sequence[Map], seed: int = 0) -> None:
        self.memory = memory
        self.maps = maps
        self.listener: Telling | None = None
        self._random = random.Random(seed)
        self._now_ns = BOOT_NS + seed
        self._packet: tuple[int, int] | None = None
        self._handles: dict[int, int] = {}  # id of the map -> address that names it
        self._values: dict[int, int] = {}  # id of the map -> address of its values
        self._by_handle: dict[int, Map] = {}
        for map in maps:
            self._place(map)

    def _place(self, map: Map) -> None:
        """Give a map its regions: a name that is no memory, and its values."""
        name = self.memory.free_name(map.name or "map")
        handle = self.memory.add(
            name, "map", bytearray(), writable=False, readable=False
        )
        self._handles[id(map)] = handle.base
        self._by_handle[handle.base] = map
        if map.value_access:
            values = self.memory.add(name, "map_value", map.values)
            self._values[id(map)] = values.base

    def set_packet(self, address: int, length: int) -> None:
        """Tell where the packet is."""
        self._packet = address, length

    def packet(self) -> tuple[int, int] | None:
        return self._packet

    def read(self, address: int, size: int) -> bytes:
        return self.memory.read(address, size)

    def write(self, address: int, data: bytes) -> None:
        self.memory.write(address, data)

    def map_at(self, address: int) -> Map | None:
        return self._by_handle.get(address)

    def handle_of(self, map: Map) -> int:
        """Return the address that names `map` (kernel: struct bpf_map *)."""
        return self._handles[id(map)]

    def address_of(self, map: Map, offset: int) -> int:
        return self._values[id(map)] + offset

    def clock_ns(self) -> int:
        self._now_ns += CALL_NS
        return self._now_ns

    def random_u32(self) -> int:
        return self._random.getrandbits(32)

    def record(self, map: Map, cpu: int, data: bytes) -> None:
        if isinstance(map, PerfEventArray):
            map.output(cpu, data)
        if self.listener:
            self.listener.record(map, cpu, data)

    def write_map(self, map: Map, change: Callable[[], None]) -> None:
        before = bytes(map.values) if self.listener else b""
        change()
        if self.listener:
            after = bytes(map.values)
            self.listener.map_changed(self.address_of(map, 0), before, after)

    def tell(self, effect: str, **values: str | int) -> None:
        if self.listener:
            self.listener.effect(effect, values)
