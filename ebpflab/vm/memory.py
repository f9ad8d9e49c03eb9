"""Memory as regions: an address is a region's number and an offset into it.

    63                    32 31                     0
    +-----------------------+-----------------------+
    |     region number     |        offset         |      region 0 is null
    +-----------------------+-----------------------+

Nothing is ever read or written outside a region, or against its rights: whoever tries
gets a VmFault that says where, and what would have been allowed.
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ebpflab.errors import VmFault
from ebpflab.hooks.hook import ContextField

REGION_SHIFT = 32
OFFSET_MASK = (1 << REGION_SHIFT) - 1
FAR_BITS = 31  # an offset of more bits is one below the next region
_NUMBERS = {
    size: struct.Struct(f"<{code}")
    for size, code in zip((1, 2, 4, 8), "BHIQ", strict=True)
}
_READ = {size: number.unpack_from for size, number in _NUMBERS.items()}
_WRITE = {size: number.pack_into for size, number in _NUMBERS.items()}


Pointers = Mapping[int, tuple[ContextField, int]]  # by offset: the field, its address


@dataclass(slots=True)
class Region:
    """One buffer with a length, rights and a name."""

    number: int
    name: str
    kind: str  # timeline.Region's kinds
    buffer: bytearray
    writable: bool = True
    readable: bool = True
    pointers: Pointers = field(default_factory=dict)
    element: int = 0  # bytes that belong together; 0 = the buffer is one whole
    stride: int = 0  # bytes from one element to the next
    gone: bool = False  # what lay here lies elsewhere now

    plain_reads: int = 0  # bytes from the start that may be read with no more ado
    plain_writes: int = 0  # likewise written

    def __post_init__(self) -> None:
        whole = min(self.element or len(self.buffer), len(self.buffer))
        special = self.pointers or not self.readable
        self.plain_reads = 0 if special else whole
        self.plain_writes = whole if self.writable else 0

    def retire(self) -> None:
        """Let no further access in: the addresses that point here are stale."""
        self.gone = True
        self.plain_reads = self.plain_writes = 0

    @property
    def base(self) -> int:
        """The address of its first byte."""
        return self.number << REGION_SHIFT


_OUTSIDE = {  # by kind of region: the catalogue row of an access outside of it
    "stack": "out-of-stack",
    "ctx": "out-of-context",
    "packet": "out-of-packet",
}

Watch = Callable[[str, Region, int, int], None]  # "read", "write", "new"; where, bytes


class Memory:
    """All regions of one run, by number."""

    def __init__(self) -> None:
        self.regions: dict[int, Region] = {}
        self.watch: Watch | None = None

    def add(
        self,
        name: str,
        kind: str,
        buffer: bytearray,
        *,
        writable: bool = True,
        readable: bool = True,
        pointers: Pointers | None = None,
        element: int = 0,
        stride: int = 0,
    ) -> Region:
        """Give a buffer the next free region number."""
        number = len(self.regions) + 1
        rights = (writable, readable, pointers or {})
        region = Region(number, name, kind, buffer, *rights, element, stride)
        self.regions[number] = region
        if self.watch:
            self.watch("new", region, 0, len(buffer))
        return region

    def free_name(self, wanted: str) -> str:
        """Return `wanted`, or with underscores when another region has that name."""
        taken = {region.name for region in self.regions.values()}
        while wanted in taken:
            wanted += "_"
        return wanted

    def load(self, address: int, size: int) -> int:
        """Read a little-endian number. Raises VmFault: not allowed here."""
        region = self.regions.get(address >> REGION_SHIFT)
        offset = address & OFFSET_MASK
        if region is None or self.watch or offset + size > region.plain_reads:
            region, offset = self.locate(address, size, "read")
            if region.pointers:
                return self._load_context(region, offset, size)
        value: int = _READ[size](region.buffer, offset)[0]
        return value

    def store(self, address: int, size: int, value: int) -> None:
        """Write the lower bytes of a word. Raises VmFault: not allowed here."""
        region = self.regions.get(address >> REGION_SHIFT)
        offset = address & OFFSET_MASK
        if region is None or self.watch or offset + size > region.plain_writes:
            region, offset = self.locate(address, size, "write")
        _WRITE[size](region.buffer, offset, value & ((1 << 8 * size) - 1))

    def read(self, address: int, size: int) -> bytes:
        """Read bytes, as a helper does. Raises VmFault: not allowed here."""
        region, offset = self.locate(address, size, "read")
        return bytes(region.buffer[offset : offset + size])

    def write(self, address: int, data: bytes) -> None:
        """Write bytes. Raises VmFault: not allowed here."""
        region, offset = self.locate(address, len(data), "write")
        region.buffer[offset : offset + len(data)] = data

    def locate(self, address: int, size: int, right: str) -> tuple[Region, int]:
        """Find where an access goes, and tell who watches.

        Raises:  VmFault: no region there, outside of it, or against its rights.
        """
        region, offset = self.check(address, size, right)
        if self.watch:
            self.watch(right, region, offset, size)
        return region, offset

    def check(self, address: int, size: int, right: str) -> tuple[Region, int]:
        """Find where an access would go. Raises VmFault: see locate."""
        region, offset = self._nearest(address)
        if region is None:
            raise self._no_region(address, size)
        if region.gone:
            raise VmFault.of("region-gone", address=address, region=region.name)
        if not (region.writable if right == "write" else region.readable):
            raise VmFault.of(f"no-{right}", address=address, region=region.name)
        if not 0 <= offset <= len(region.buffer) - size:
            raise self._outside(region, address, offset, size)
        if region.stride and offset % region.stride + size > region.element:
            raise self._past_element(region, address, offset, size)
        return region, offset

    def _nearest(self, address: int) -> tuple[Region | None, int]:
        """Find the region that an address is about, and how far from its start.

        What lies just below a region has the number of the one before it, and an
        offset far beyond that one's end: it is about the region that it lies below.
        """
        number, offset = address >> REGION_SHIFT, address & OFFSET_MASK
        region, above = self.regions.get(number), self.regions.get(number + 1)
        is_inside = region and offset < len(region.buffer)
        if number and offset >> FAR_BITS and above and not is_inside:
            return above, offset - (1 << REGION_SHIFT)
        return region, offset

    def _load_context(self, region: Region, offset: int, size: int) -> int:
        """Read a context field: some of them yield an address (see hooks/hook.py)."""
        row = region.pointers.get(offset)
        if row and row[0].size == size:
            return row[1]
        for start, (field_, _) in region.pointers.items():
            if start < offset + size and offset < start + field_.size:
                raise VmFault.of(
                    "context-part",
                    address=region.base + offset,
                    region=region.name,
                    field=field_.name,
                    size=field_.size,
                )
        return int.from_bytes(region.buffer[offset : offset + size], "little")

    def _no_region(self, address: int, size: int) -> VmFault:
        key = "null-access" if address < 1 << REGION_SHIFT else "not-an-address"
        return VmFault.of(key, address=address, size=size)

    def _outside(self, region: Region, address: int, offset: int, size: int) -> VmFault:
        length = len(region.buffer)
        return VmFault.of(
            _OUTSIDE.get(region.kind, "out-of-region"),
            address=address,
            region=region.name,
            allowed=f"0 … {length}",
            place=offset - length,
            offset=offset,
            size=size,
            end=offset + size,
            length=length,
        )

    def _past_element(
        self, region: Region, address: int, offset: int, size: int
    ) -> VmFault:
        number, inside = divmod(offset, region.stride)
        start = number * region.stride
        return VmFault.of(
            "out-of-element",
            address=address,
            region=region.name,
            allowed=f"{start} … {start + region.element}",
            number=number,
            offset=inside,
            size=size,
            end=inside + size,
            length=region.element,
        )
