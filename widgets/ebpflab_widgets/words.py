"""How one value is spelled: a number in a base, a pointer as region and offset.

The browser's `js/words.js` is the same table; a test holds the two together by
comparing every sentence. Not here: sentences.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ebpflab.timeline import Region

GAP = "\u202f"  # narrow no-break space, between thousands
WHOLE = ("ctx", "map")  # at offset 0 these are named alone: ctx, my_map
WORD64, SIGN = (1 << 64) - 1, 1 << 63
SHOWN_BYTES = 8  # of a longer piece of memory


def number(value: int, base: int) -> str:
    """Spell a number: `0x4a` or `74`, `-0x4a`; up to 9 both are the digit."""
    if base == 16 and abs(value) > 9:
        return f"{value:#x}"
    return f"{value:,}".replace(",", GAP)


def signed(value: int, bits: int) -> int:
    """Read a word as two's complement."""
    return value - (1 << bits) if value >> (bits - 1) & 1 else value


def compared(value: int, symbol: str, bits: int, base: int) -> str:
    """Spell an operand of a branch, in the base of all numbers around it."""
    return number(signed(value, bits) if symbol.startswith("s") else value, base)


def claimed(claim: Mapping[str, Any], base: int) -> str:
    """Spell a claim (`claimed.py`): a number, a range, else the log's words."""
    if "w" in claim:
        return str(claim["w"])
    if "c" in claim:
        return number(signed(int(claim["c"]), 64), base)
    bands = [(int(low), int(high)) for low, high in claim["b"]]
    if bands == [(0, WORD64)]:
        lower = [number(int(end), base) for end in claim.get("l", ())]
        return f"w {lower[0]}…{lower[1]}" if lower else "scalar()"
    if len(bands) == 2 and "s" in claim:
        least, most = (number(int(end), base) for end in claim["s"])
    else:
        least, most = (number(signed(end, 64), base) for end in bands[0])
        if bands[0][0] < SIGN <= bands[0][1]:
            least, most = (number(end, base) for end in bands[0])
    return f"{least}…{most}"


@dataclass
class Spelling:
    """Spells words of one timeline, whose regions give pointers their names."""

    regions: Iterable[Region]
    base: int = 16
    by_number: dict[int, Region] = field(init=False)
    by_name: dict[str, Region] = field(init=False)

    def __post_init__(self) -> None:
        self.by_number = {r.number: r for r in self.regions}
        self.by_name = {r.name: r for r in self.regions}
        self.stacks = [r.name for r in self.regions if r.kind == "stack"]

    def word(self, word: str, pointer: bool) -> str:
        """Spell a 64-bit word in hex: as an address where it is one."""
        value = int(word, 16)
        region = self.by_number.get(value >> 32)
        if not pointer or region is None:
            return number(value, self.base)
        return self.place(region, value & 0xFFFFFFFF)

    def place(self, region: Region, offset: int) -> str:
        """Spell a place: packet+12, ctx, fp-8 (fp[1]-8 where there are frames)."""
        if region.kind == "stack":
            frame = self.stacks.index(region.name)
            below = signed(offset, 32) - region.size
            return f"fp[{frame}]{below:+}" if len(self.stacks) > 1 else f"fp{below:+}"
        if offset == 0 and region.kind in WHOLE:
            return region.name
        return f"{region.name}{signed(offset, 32):+}"

    def slot(self, slot: str) -> str:
        """Spell the name of a slot: r2, fp-8, packet+12."""
        name, _, offset = slot.rpartition("+")
        return self.place(self.by_name[name], int(offset)) if name else slot

    def memory(self, pairs: str, pointer: bool) -> str:
        """Spell bytes in hex pairs: as a number up to 8 bytes, little-endian."""
        if "?" in pairs or len(pairs) > 16:
            cut = [pairs[i : i + 2] for i in range(0, len(pairs), 2)]
            more = " …" if len(cut) > SHOWN_BYTES else ""
            return " ".join(cut[:SHOWN_BYTES]) + more
        value = int.from_bytes(bytes.fromhex(pairs), "little")
        return self.word(hex(value), pointer)
