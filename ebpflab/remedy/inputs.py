"""Inputs that may show a program going wrong: packets, context fields, map contents.

Blind bytes rarely pass a program's own tests, so the program is asked what it looks
for: the constants that it compares with, in both byte orders, are planted where it
loads from, and packets end just before and just behind the offsets that it names.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Final

from ebpflab.errors import EbpfLabError
from ebpflab.hooks import Hook, hook_of
from ebpflab.isa.insn import Insn
from ebpflab.isa.operations import SIZE_BY_CODE, InsnClass
from ebpflab.maps import live_maps
from ebpflab.maps.base import Map
from ebpflab.program import Program

USUAL_LENGTHS = (0, 1, 14, 15, 34, 42, 54, 60, 64, 128, 256, 1500)  # bytes
LONGEST = 3520  # bytes; what an xdp program sees of a packet at most
MOST_ENTRIES = 8  # put into a map
BYTE_ORDERS: Final = ("little", "little", "big")  # as compared, mostly
PLANTED = 0.5  # share of trials in which constants are planted


@dataclass(frozen=True, slots=True)
class Trial:
    """One input; `seed` is of the clock, the random numbers and the map contents."""

    data: bytes
    ctx: Mapping[str, int] = field(default_factory=dict)
    seed: int = 0
    fills_maps: bool = False

    def maps(self, program: Program) -> dict[str, Map]:
        """Make the live maps of this trial, empty or with some entries."""
        made, random = live_maps(program), Random(self.seed)
        for map in made.values() if self.fills_maps else ():
            _fill(map, random)
        return made


def trials(program: Program, seed: int = 0) -> Iterator[Trial]:
    """Yield inputs without end, the likely ones first; equal seed, equal inputs."""
    hook, random, hints = hook_of(program.type), Random(seed), Hints(program.insns)
    lengths = _lengths(hook, hints)
    for number, length in enumerate(lengths):
        yield Trial(bytes(length), seed=number)
    number = len(lengths)
    while True:
        data = _packet(random, random.choice(lengths), hints)
        ctx = _context(random, hook, hints)
        yield Trial(data, ctx, seed=number, fills_maps=random.random() < 0.5)
        number += 1


class Hints:
    """What a program looks for, and where."""

    def __init__(self, insns: tuple[Insn | None, ...]) -> None:
        real = [insn for insn in insns if insn]
        self.constants = sorted({value for i in real for value in _constants(i)})
        loads = [insn for insn in real if _is_load(insn) and insn.off >= 0]
        self.places = sorted({(i.off, SIZE_BY_CODE[i.size_code].bytes) for i in loads})


def _is_load(insn: Insn) -> bool:
    return insn.insn_class in (InsnClass.LDX, InsnClass.LD) and not insn.is_wide


def _constants(insn: Insn) -> Iterator[int]:
    """Yield the numbers that an instruction works with or reaches to."""
    if insn.is_wide:
        return
    if _is_load(insn):
        yield insn.off + SIZE_BY_CODE[insn.size_code].bytes
    yield insn.imm


def _lengths(hook: Hook, hints: Hints) -> list[int]:
    """Return packet lengths that a test run takes, those at a limit among them."""
    most = min(hook.data_max, LONGEST)
    near = {c + by for c in hints.constants for by in (-1, 0, 1)}
    fits = {n for n in {*USUAL_LENGTHS, *near} if hook.data_min <= n <= most}
    return sorted(fits or {hook.data_min})


def _packet(random: Random, length: int, hints: Hints) -> bytes:
    """Return random bytes; in half of the trials what the program looks for."""
    data = bytearray(random.randbytes(length))
    if random.random() < PLANTED and hints.constants:
        for place, size in hints.places:
            value = random.choice(hints.constants) & (1 << 8 * size) - 1
            planted = value.to_bytes(size, random.choice(BYTE_ORDERS))
            if place + size <= length:
                data[place : place + size] = planted
    return bytes(data)


def _context(random: Random, hook: Hook, hints: Hints) -> dict[str, int]:
    """Return other values for some of the fields that a run may be given."""
    chosen = [row for row in hook.fields if row.settable and random.random() < 0.3]
    return {row.name: _number(random, row.size, hints) for row in chosen}


def _number(random: Random, size: int, hints: Hints) -> int:
    """Return a number that is likely to matter: an edge, a constant, or any."""
    most = (1 << 8 * size) - 1
    pool = [0, 1, most, most >> 1, (most >> 1) + 1, random.getrandbits(8 * size)]
    pool += [value & most for value in hints.constants]
    return random.choice(pool)


def _fill(map: Map, random: Random) -> None:
    """Put random entries into a map; a map that takes none stays as it is."""
    spec = map.spec
    for number in range(min(MOST_ENTRIES, spec.max_entries)):
        key = number.to_bytes(max(spec.key_size, 4), "little")[: spec.key_size]
        try:
            map.update(key, random.randbytes(spec.value_size))
        except EbpfLabError:
            return
