"""The tables of one run, filled: where everything lies that compiled code works on.

Addresses of programs are those of a machine that never runs, the model: every packet
of a batch has its regions in the same places. Bytes are in host memory that stays.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, field, replace

from ebpflab.jit import compiled as codes
from ebpflab.jit.host import Pins, Word
from ebpflab.jit.keys import Keys, is_searched, keys_of
from ebpflab.jit.layout import CORE, FRAMES, MAP, PROGRAM, REGION
from ebpflab.jit.module import Order
from ebpflab.maps.base import Map
from ebpflab.vm.environment import Environment
from ebpflab.vm.loaded import Loaded
from ebpflab.vm.machine import STACK_BYTES, Machine
from ebpflab.vm.memory import Region

_SPARE = 64  # regions that a run may make before the table grows
_FILL = ctypes.CFUNCTYPE(
    ctypes.c_int64, Word, ctypes.c_int64, Word, Word, ctypes.c_int64
)


def order_of(loaded: Loaded, checked: bool = True, debug: bool = False) -> Order:
    """Return what to compile for a program as it is loaded."""
    program = loaded.program
    maps = tuple(loaded.maps)
    return Order(program.code, program.type, maps, checked=checked, debug=debug)


@dataclass(slots=True)
class Row:
    """One program of the run, as compiled code sees it."""

    loaded: Loaded
    order: Order
    table: ctypes.Array[Word]
    keys: dict[int, Keys] = field(default_factory=dict)  # by the map's index
    made: list[codes.Compiled] = field(default_factory=list)

    @property
    def address(self) -> int:
        return ctypes.addressof(self.table)

    def function(self, entry: int, usual: bool = True) -> int:
        """Return where a function begins that Python may call."""
        order = self.order
        if not usual or entry not in order.entries:
            order = replace(order, entry=entry, usual=usual)
        code = codes.compiled(order)
        if code not in self.made:
            self.made.append(code)
        return code.address(f"f{entry}")

    @property
    def stack_used(self) -> int:
        """Bytes of the stack, from its end, that its code reaches without asking."""
        return codes.compiled(self.order).stack_used

    @property
    def stores(self) -> frozenset[str]:
        """The kinds of memory that its code stores to without asking."""
        return codes.compiled(self.order).stores

    def table_of(self, index: int) -> int:
        """Return where compiled code looks for the keys of a map."""
        place = PROGRAM["maps"] + index * MAP["words"] + MAP["table"]
        table: int = self.table[place]
        return table

    def follow(self, index: int, key: bytes | None = None) -> None:
        """Bring the mirror of a map's keys up to date; see keys.py."""
        keys = self.keys[index]
        keys.update(key)
        place = PROGRAM["maps"] + index * MAP["words"]
        self.table[place + MAP["table"]] = keys.address
        self.table[place + MAP["mask"]] = keys.rows - 1


class Tables:
    """CORE, the regions, and a row for each program."""

    def __init__(self, model: Machine, packets: bytearray, checked: bool) -> None:
        assert model.env.ctx
        self.checked = checked
        self.pins = Pins()
        self.passing = Pins()  # until the packet that runs is done
        self.rows: dict[int, Row] = {}  # by base
        self.core = self.pins.words(CORE["words"])
        self.address = ctypes.addressof(self.core)
        self.stacks = bytearray(STACK_BYTES * FRAMES)
        self.ctx = bytearray(model.env.ctx.buffer) + b"\0"
        self.template = bytes(self.ctx)
        self.base_regions = len(model.memory.regions) + 1
        self.packets = packets
        self.own_room: bytearray | None = None  # of a packet that Python has changed
        self._lay_out(model)

    def set(self, name: str, value: int, index: int = 0) -> None:
        self.core[CORE[name] + index] = value

    def get(self, name: str, index: int = 0) -> int:
        value: int = self.core[CORE[name] + index]
        return value

    @property
    def registers(self) -> list[int]:
        return self.core[CORE["regs"] : CORE["regs"] + 11]

    @registers.setter
    def registers(self, values: list[int]) -> None:
        self.core[CORE["regs"] : CORE["regs"] + len(values)] = [*values]

    def _lay_out(self, model: Machine) -> None:
        """Say where the model's regions lie."""
        pins, wire, ctx = self.pins, model.env.wire, model.env.ctx
        assert ctx
        template = bytearray(self.template)
        stacks = pins.address(self.stacks)
        for depth in range(FRAMES):
            self.set("stacks", stacks + depth * STACK_BYTES, depth)
        self.set("frames", model.frame_pointer(0))
        self.set("ctx_host", pins.address(self.ctx))
        self.set("ctx", ctx.base)
        self.set("ctx_size", len(self.ctx) - 1)
        self.set("template", pins.address(template))
        self.set("base_regions", self.base_regions)
        self.set("first_packet", wire.region.base if wire else 0)
        self.set("input", pins.address(self.packets))
        self._grow_regions(self.base_regions + FRAMES + _SPARE)
        self.set_pointers(model)
        for region in model.memory.regions.values():
            self.set_region(region, model)

    @property
    def packet(self) -> memoryview:
        """The bytes of the packet that runs, where compiled code works on them."""
        size = self.get("packet_size")
        if self.own_room is not None:
            return memoryview(self.own_room)[:size]
        start = self.get("buffer") - self.get("input")
        return memoryview(self.packets)[start : start + size]

    def lay_packet(self, data: bytes) -> None:
        """Let the next turn begin with a packet that Python has worked on."""
        self.own_room = bytearray(data + b"\0")
        self.set("buffer", Pins().address(self.own_room))
        self.set("packet_size", len(data))

    def _grow_regions(self, count: int) -> None:
        old = getattr(self, "regions", [])
        self.regions = self.pins.words(count * REGION["words"])
        self.regions[: len(old)] = list(old)
        self.set("regions", ctypes.addressof(self.regions))

    def set_pointers(self, machine: Machine) -> None:
        """Say what the context's pointer fields yield."""
        assert machine.env.ctx
        given = machine.env.ctx.pointers
        rows = [row for row in machine.env.hook.fields if row.pointer]
        for index, row in enumerate(rows):
            if row.offset in given:
                self.set("pointers", given[row.offset][1], index)

    def set_region(self, region: Region, machine: Machine, made: bool = False) -> None:
        """Fill a region's row; one that is Python's alone has nothing in it.

        Args:    made: during this packet, by Python.
        """
        host, reads, writes = 0, region.plain_reads, region.plain_writes
        if region is machine.env.ctx:
            host, writes = self.get("ctx_host"), 0
        elif region.kind == "stack":
            host = self.get("stacks", machine.stacks.index(region))
        elif region.buffer and (region.kind == "map_value" or made):
            pins = self.passing if made else self.pins
            host = pins.address(region.buffer)
        else:
            reads = writes = 0
        if (region.number + 1) * REGION["words"] > len(self.regions):
            self._grow_regions(2 * region.number)
        row = region.number * REGION["words"]
        self.regions[row : row + 3] = [host, reads, writes]

    def close_region(self, number: int) -> None:
        """Let no access into a region without asking."""
        row = number * REGION["words"]
        self.regions[row : row + 3] = [0, 0, 0]

    # -- programs --

    def row_of(self, loaded: Loaded, env: Environment) -> Row:
        """Return a program's row; make it when the program is new here."""
        if loaded.base not in self.rows:
            order = order_of(loaded, self.checked)
            size = PROGRAM["maps"] + MAP["words"] * len(loaded.maps)
            row = self.rows[loaded.base] = Row(loaded, order, self.pins.words(size))
            for index, map in enumerate(loaded.maps):
                self._set_map(row, index, map, env)
        return self.rows[loaded.base]

    def _set_map(self, row: Row, index: int, map: Map, env: Environment) -> None:
        base = PROGRAM["maps"] + index * MAP["words"]
        row.table[base + MAP["handle"]] = env.handle_of(map)
        if map.value_access:
            host = self.pins.address(map.values) if map.values else 0
            row.table[base + MAP["values"]] = env.address_of(map, 0)
            row.table[base + MAP["host"]] = host
        if is_searched(map):
            functions = codes.keys(map.spec.key_size)
            fill = _FILL(functions.address("fill"))
            row.table[base + MAP["search"]] = functions.address("search")
            row.keys[index] = keys_of(map, fill)  # type: ignore[arg-type]
            row.follow(index)
