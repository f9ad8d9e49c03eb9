"""What helpers reach during a run: memory, maps, the packet, a clock, the machine.

The clock and the random numbers are a machine of their own, equal in every run with
the same seed, so that a run can be told again. Kernel differs: time there is real.
"""

import random
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from ebpflab.btf import btf_of
from ebpflab.errors import RunError, VmFault
from ebpflab.helpers import Env, Frame, Task
from ebpflab.helpers.heap import Heap
from ebpflab.hooks import Hook
from ebpflab.isa.words import WORD32, signed
from ebpflab.maps.base import Map
from ebpflab.maps.owners import TEST_SOCKET, Owner
from ebpflab.maps.perf_event_array import PerfEventArray
from ebpflab.maps.ringbuf import Ringbuf
from ebpflab.results import Event
from ebpflab.vm.memory import REGION_SHIFT, Memory, Region
from ebpflab.vm.packet import Packet

BOOT_NS = 3_600_000_000_000  # the simulated machine has been up for an hour
CALL_NS = 1_000  # and each look at the clock finds it this much later
LINK_LAYER_OFFSET = -0x200000  # SKF_LL_OFF: offsets from here up count from there
NETWORK_OFFSET = -0x100000  # SKF_NET_OFF
TRACE_PIPE = "trace_pipe"  # the "map" of what bpf_trace_printk wrote


class Telling(Protocol):
    """Who wants to know what helpers do: the recorder."""

    def effect(self, key: str, values: dict[str, str | int]) -> None: ...
    def record(self, source: str, cpu: int, data: bytes) -> None: ...
    def map_changed(self, address: int, before: bytes, after: bytes) -> None: ...


class Environment(Env):
    """The machine around one run."""

    cpu = 0

    def __init__(
        self, memory: Memory, maps: Sequence[Map], hook: Hook, seed: int = 0
    ) -> None:
        self.memory = memory
        self.hook = hook
        self.program_type = hook.type
        self.task = Task()
        self.listener: Telling | None = None
        self.traced: list[Event] = []
        self.heap = Heap()
        self.types: bytes | None = None  # BTF of the program that runs
        self.wire: Packet | None = None
        self.ctx: Region | None = None
        self._random = random.Random(seed)
        self._now_ns = BOOT_NS + seed
        self._handles: dict[int, int] = {}  # id of the map -> address that names it
        self._values: dict[int, int] = {}  # id of the map -> address of its values
        self._by_handle: dict[int, Map] = {}
        self._owners: dict[int, Owner] = {}  # by address
        self._reserved: dict[int, tuple[Ringbuf, Region, object]] = {}
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
            values = self.memory.add(
                name,
                "map_value",
                map.values,
                writable=map.writable_by_programs,
                readable=map.readable_by_programs,
                element=map.spec.value_size,
                stride=map.stride,
            )
            self._values[id(map)] = values.base

    def read(self, address: int, size: int) -> bytes:
        return self.memory.read(address, size)

    def write(self, address: int, data: bytes) -> None:
        self.memory.write(address, data)

    def check_room(self, address: int, size: int) -> None:
        self.memory.check(address, size, "write")

    def map_at(self, address: int) -> Map | None:
        return self._by_handle.get(address)

    def handle_of(self, map: Map) -> int:
        """Return the address that names `map` (kernel: struct bpf_map *)."""
        if id(map) not in self._handles:  # a map inside a map, met for the first time
            self._place(map)
        return self._handles[id(map)]

    def address_of(self, map: Map, offset: int) -> int:
        self.handle_of(map)
        if not map.value_access:
            raise VmFault.of("map-without-values", region=map.name, type=map.type)
        return self._values[id(map)] + offset

    def owner_at(self, address: int) -> Owner | None:
        """Return the task, the socket, ... that has this address."""
        region = self.memory.regions.get(address >> REGION_SHIFT)
        if region and (region.name, region.kind, region.base) == ("sk", "ctx", address):
            return TEST_SOCKET
        return self._owners.get(address)

    def address_of_owner(self, owner: Owner) -> int:
        """Return the address of a task, a socket, ...; nothing is read there."""
        for address, known in self._owners.items():
            if known == owner:
                return address
        name = self.memory.free_name(type(owner).__name__.lower())
        region = self.memory.add(
            name, "ctx", bytearray(), writable=False, readable=False
        )
        self._owners[region.base] = owner
        return region.base

    def scratch(self, name: str, data: bytes, *, writable: bool = False) -> int:
        """Lay bytes where a program can read them, for a callback's arguments."""
        free = self.memory.free_name(name)
        return self.memory.add(free, "record", bytearray(data), writable=writable).base

    def retire(self, address: int) -> None:
        """Let nobody reach what was laid there any more."""
        region = self.memory.regions.get(address >> REGION_SHIFT)
        if region:
            region.retire()

    def size_of(self, type: int) -> int:
        """Return the bytes of a C type of the program's. Raises RunError: no types."""
        if not self.types:
            raise RunError.of("no-types", type=type)
        return btf_of(self.types).size_of(type)

    # -- the packet and the context --

    def packet(self) -> tuple[int, int] | None:
        if self.wire is None:
            return None
        start = self.wire.addresses()["data"]
        return start, len(self.wire.region.buffer) - self.wire.meta_length

    @property
    def frame(self) -> Frame:  # type: ignore[override]
        if self.wire is None:
            raise RunError.of("no-packet", type=self.hook.type)
        return self.wire.frame

    def move(self, frame: Frame) -> None:
        assert self.wire
        self.wire.move(frame)

    def patch(self, offset: int, data: bytes) -> None:
        """Overwrite bytes of the packet where it stands."""
        assert self.wire
        self.write(self.wire.addresses()["data"] + offset, data)

    def packet_bytes(self, offset: int, size: int) -> bytes | None:
        """Read the packet as the oldest loads do, or return None: outside of it.

        A negative offset may count from the link-layer or the network header.
        """
        frame, offset = self.frame, signed(offset & WORD32, 32)
        whole = frame.before[len(frame.before) - frame.header :] + frame.data
        start = frame.header
        if offset >= 0:
            start += offset
        elif offset >= LINK_LAYER_OFFSET:
            start = offset - LINK_LAYER_OFFSET
            if offset >= NETWORK_OFFSET:
                start = frame.header + frame.network + offset - NETWORK_OFFSET
        else:
            return None
        return whole[start : start + size] if start + size <= len(whole) else None

    def context(self, name: str) -> int:
        row = self.hook.field(name)
        assert self.ctx
        data = self.ctx.buffer[row.offset : row.offset + row.size]
        return int.from_bytes(data, "little")

    def set_context(self, name: str, value: int) -> None:
        row = self.hook.field(name)
        assert self.ctx
        data = (value & ((1 << 8 * row.size) - 1)).to_bytes(row.size, "little")
        if self.memory.watch:
            self.memory.watch("write", self.ctx, row.offset, row.size)
        self.ctx.buffer[row.offset : row.offset + row.size] = data

    # -- the machine --

    def clock_ns(self) -> int:
        self._now_ns += CALL_NS
        return self._now_ns

    def random_u32(self) -> int:
        return self._random.getrandbits(32)

    # -- what goes to userspace --

    def record(self, map: Map, cpu: int, data: bytes) -> None:
        if isinstance(map, PerfEventArray | Ringbuf):
            map.output(cpu, data)
        self._told(map, cpu, data)

    def reserve(self, map: Map, size: int) -> int:
        """Open a record of a ring buffer; return its address, or 0 when it is full."""
        assert isinstance(map, Ringbuf)
        ticket = map.reserve(size)
        if ticket is None:
            return 0
        name = self.memory.free_name(f"{map.name}.record")
        region = self.memory.add(name, "record", bytearray(size))
        self._reserved[region.number] = map, region, ticket
        return region.base

    def commit(self, address: int, keep: bool) -> None:
        """Close an open record. Raises RunError: there is none at this address."""
        found = self._reserved.pop(address >> REGION_SHIFT, None)
        if found is None:
            raise RunError.of("not-reserved", address=address)
        map, region, ticket = found
        data = bytes(region.buffer)
        map.commit(ticket, self.cpu, data if keep else None)
        region.retire()
        if keep:
            self._told(map, self.cpu, data)

    def kernel(self, helper: str, *arguments: Any) -> int:
        """Answer for helpers that ask a kernel: a run alone has none around it.

        Raises:  VmFault: always; names the helper.
        """
        raise VmFault.of("helper-needs-kernel", name=helper)

    def trace(self, text: bytes) -> None:
        """Write a line to the trace pipe."""
        self.traced.append(Event(TRACE_PIPE, self.cpu, text))
        if self.listener:
            self.listener.record(TRACE_PIPE, self.cpu, text)

    def _told(self, map: Map, cpu: int, data: bytes) -> None:
        if self.listener:
            name = self.memory.regions[self.handle_of(map) >> REGION_SHIFT].name
            self.listener.record(name, cpu, data)

    def write_map(self, map: Map, change: Callable[[], None]) -> None:
        before = bytes(map.values) if self.listener else b""
        change()
        if self.listener and map.value_access:
            after = bytes(map.values)
            self.listener.map_changed(self.address_of(map, 0), before, after)

    def tell(self, effect: str, **values: str | int) -> None:
        if self.listener:
            self.listener.effect(effect, values)
