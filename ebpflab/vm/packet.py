"""The packet of one run: a region, the room around it, and how its limits move.

A helper that moves a limit gives the packet a new region, and the old one lets no
access in any more: so a pointer that Linux's verifier would call invalid is caught
here when it is used. The addresses in the context follow.

    before              meta   data                     room_after
    +------------------+------+------------------------+-----------+
    | header |         |  the region                   |
    +------------------+------+------------------------+-----------+
                       ^      ^                        ^ data_end
                  data_meta  data
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from ebpflab.helpers import Frame
from ebpflab.vm.memory import Memory, Region

PACKET = "packet"


@dataclass(slots=True)
class Packet:
    """Where the packet is now; `moved` is told its three addresses."""

    memory: Memory
    linear_max: int
    before: bytes
    room_after: int
    moved: Callable[[dict[str, int]], None]
    header: int = 0
    network: int = 0
    meta_length: int = 0
    region: Region = field(init=False)

    def place(self, meta: bytes, data: bytes) -> None:
        """Give the packet a region of its own."""
        name = self.memory.free_name(PACKET)
        self.region = self.memory.add(name, PACKET, bytearray(meta + data))
        self.meta_length = len(meta)
        self.moved(self.addresses())

    def addresses(self) -> dict[str, int]:
        """Return what the context's pointer fields yield."""
        start = self.region.base + self.meta_length
        length = len(self.region.buffer) - self.meta_length
        return {
            "data_meta": self.region.base,
            "data": start,
            "data_end": start + min(length, self.linear_max),
        }

    @property
    def data(self) -> bytes:
        return bytes(self.region.buffer[self.meta_length :])

    @property
    def frame(self) -> Frame:
        """The packet and its room, as they are now."""
        meta = bytes(self.region.buffer[: self.meta_length])
        rest = (self.room_after, self.header, self.network)
        return Frame(self.before, meta, self.data, *rest)

    def move(self, frame: Frame) -> None:
        """Take new limits; every pointer into the packet becomes invalid."""
        self.before, self.room_after = frame.before, frame.room_after
        self.header, self.network = frame.header, frame.network
        self.region.retire()
        self.place(frame.meta, frame.data)
