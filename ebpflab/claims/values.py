"""Does a live word lie within what a verifier claimed of it?

A number lies within its four pairs of bounds and agrees with its known bits; of a
pointer, the region is of the claimed kind, and the distance from its start is the fixed
offset plus a number that lies within the claimed bounds. All on words of 64 bits.

Kernel differs: pointers to objects of the kernel (sockets, tasks) claim nothing here: a
run has no such objects, and gives null.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from ebpflab.claims.places import Places
from ebpflab.isa.words import WORD32, WORD64
from ebpflab.logs.states import Slot, Value
from ebpflab.timeline import Region
from ebpflab.verifier.bounds import signed32, signed64

STACK_BYTES = 512
SLOT_BYTES = 8
_BITS = re.compile(r"\((0x[0-9a-f]{1,16}); ?(0x[0-9a-f]{1,16})\)")
_OTHER_FRAME = re.compile(r"fp\[(\d{1,2})\](-?\d{1,4})")
_RANGES = ("smin", "smax", "umin", "umax", "smin32", "smax32", "umin32", "umax32")
_VARIABLE = frozenset((*_RANGES, "var_off"))


def holds(claim: Value, word: int, places: Places, frame: int) -> bool:
    """Tell whether a live word is one that was claimed.

    Args:    frame: call depth that the claim is made in, as the run counts.
    """
    if other := _OTHER_FRAME.fullmatch(claim.constant):
        return _is_at(places, word, int(other[1]), int(other[2]))
    if not claim.is_pointer:
        return is_within(claim, word)
    if word == 0 and claim.may_be_null:
        return True
    kind = claim.type.removesuffix("_or_null")
    rule = _POINTERS.get(kind)
    if rule is None:
        return True
    found = places.find(word)
    return found is not None and rule(claim, *found, places, frame)


# ---- numbers -------------------------------------------------------------------


@lru_cache(maxsize=1 << 14)
def is_within(claim: Value, word: int) -> bool:
    """Tell whether a word lies within the bounds of a number, of a variable part."""
    views = {
        "s": signed64(word),
        "u": word,
        "s32": signed32(word & WORD32),
        "u32": word & WORD32,
    }
    for name in _RANGES[::2]:
        live = views[name.replace("min", "")]
        if not claim.bound(name) <= live <= claim.bound(name.replace("min", "max")):
            return False
    bits = _BITS.fullmatch(claim.fields.get("var_off", ""))
    return not bits or word & ~int(bits[2], 16) & WORD64 == int(bits[1], 16)


def _is_variable_part(claim: Value, distance: int) -> bool:
    """Tell whether so many bytes are what a pointer was claimed to have moved."""
    if _VARIABLE.isdisjoint(claim.fields):
        return distance == claim.number("imm")
    return is_within(claim, distance & WORD64)


# ---- pointers ------------------------------------------------------------------


def _context(claim: Value, region: Region, at: int, *_: object) -> bool:
    return region.kind == "ctx" and _is_variable_part(claim, at - claim.off)


def _stack(claim: Value, region: Region, at: int, places: Places, frame: int) -> bool:
    is_own = region.name == stack_name(frame)
    return is_own and _is_variable_part(claim, at - STACK_BYTES - claim.off)


def _is_at(places: Places, word: int, frame: int, off: int) -> bool:
    """Tell whether a word points into the stack of a function that called."""
    found = places.find(word)
    if found is None or found[0].name != stack_name(frame):
        return False
    return found[1] == STACK_BYTES + off


def _packet(claim: Value, region: Region, at: int, places: Places, _: int) -> bool:
    if region.kind != "packet":
        return False
    moved = at - claim.off
    if _VARIABLE.isdisjoint(claim.fields):
        moved -= places.data.setdefault(region.number, moved - claim.number("imm"))
    else:
        moved -= places.data.get(region.number, 0)
    proved = claim.number("r")
    fits = proved <= 0 or at - claim.off + proved <= region.size
    return fits and _is_variable_part(claim, moved)


def _packet_end(claim: Value, region: Region, at: int, *_: object) -> bool:
    return region.kind == "packet" and at <= region.size


def _packet_meta(claim: Value, region: Region, at: int, *_: object) -> bool:
    return region.kind == "packet" and _is_variable_part(claim, at - claim.off)


def _map_value(claim: Value, region: Region, at: int, *_: object) -> bool:
    """Tell whether this is so far into one of the values that lie in a row."""
    size = claim.number("vs")
    stride = -(-size // SLOT_BYTES) * SLOT_BYTES or 1
    moved = at - claim.off
    if _VARIABLE.isdisjoint(claim.fields):
        return (moved - claim.number("imm")) % stride == 0
    first = max(0, -(-(moved - claim.bound("smax")) // stride))
    last = min(region.size // stride, (moved - claim.bound("smin")) // stride)
    starts = range(first * stride, (last + 1) * stride, stride)
    return any(_is_variable_part(claim, moved - start) for start in starts)


def _map(claim: Value, region: Region, at: int, *_: object) -> bool:
    return region.kind == "map" and at == 0


def _memory(claim: Value, region: Region, at: int, *_: object) -> bool:
    return True


Rule = Callable[[Value, Region, int, Places, int], bool]
_POINTERS: Mapping[str, Rule] = {
    "ctx": _context,
    "fp": _stack,
    "pkt": _packet,
    "pkt_end": _packet_end,
    "pkt_meta": _packet_meta,
    "map_value": _map_value,
    "map_key": _memory,
    "map_ptr": _map,
    "mem": _memory,
    "ringbuf_mem": _memory,
}


def is_absent(claim: Value, word: int) -> bool:
    """Tell whether a run gave null for an object of the kernel that it has not."""
    is_object = claim.is_pointer and claim.type not in _POINTERS
    return word == 0 and is_object and not claim.may_be_null


def stack_name(frame: int) -> str:
    """Return the region that is the stack of a call depth."""
    return f"stack{frame or ''}"


# ---- stack slots ---------------------------------------------------------------


def slot_holds(claim: Slot, pairs: list[str], places: Places, frame: int) -> bool:
    """Tell whether eight live bytes of a stack are what was claimed.

    Of a number in fewer bytes all 64 bits are claimed, as they were in its register.

    Args:    pairs: hex pairs, lowest address first; "??" = never written.
    """
    upper = pairs[::-1]  # marks begin with the byte at the highest address
    for mark, pair in zip(claim.marks, upper, strict=False):
        if mark == "0" and pair != "00":
            return False
    if claim.value is None or not _is_plain(claim.value):
        return True
    spilled = pairs[: SLOT_BYTES - len(claim.marks)]
    if "??" in spilled:
        return False
    word = int.from_bytes(bytes.fromhex("".join(spilled)), "little")
    if len(spilled) < SLOT_BYTES and not claim.value.is_pointer:
        return _is_lower_part(claim.value, word, (1 << 8 * len(spilled)) - 1)
    return holds(claim.value, word, places, frame)


def _is_lower_part(claim: Value, word: int, mask: int) -> bool:
    """Tell whether a number that was claimed has these lower bytes."""
    if claim.constant:
        return claim.bound("umin") & mask == word
    if claim.bound("umax") <= mask:
        return is_within(claim, word)
    bits = _BITS.fullmatch(claim.fields.get("var_off", ""))
    return not bits or (word ^ int(bits[1], 16)) & ~int(bits[2], 16) & mask == 0


def _is_plain(value: Value) -> bool:
    """Tell whether this is a spilled register, no dynptr or iterator."""
    return not value.type.startswith(("dynptr", "iter"))
