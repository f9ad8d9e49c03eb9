"""What a verifier claims of a value, made ready to be drawn.

A number is bands on a ruler from 0 to 2**64, its known bits, and its other readings; a
pointer is an object with the part that is proved. All are short names, as thousands of
them go into a page:

    t  the log's own words                w  short words, where no base is needed
    c  a constant                         b  bands: [[first, last], ...], unsigned
    s, l, m  signed; lower 32 bits unsigned, signed: [first, last], where not all
    v  [value, mask] of the known bits    q  relied on exactly (the log's P)
    k  kind of object                     z  its size in bytes, where known
    o  [first, last] byte pointed at      f  its fixed part    r  bytes proved

Not here: what is claimed when (`beside.py`), how it is spelled (`words.py`).
"""

import re
from typing import Any

from ebpflab.logs.states import Value, read_slot, read_value

Drawn = dict[str, Any]
WORD64 = (1 << 64) - 1
STACK_BYTES = 512
SHORT = 22  # letters of the log that are shown as they are
_BITS = re.compile(r"\((0x[0-9a-f]{1,16}); ?(0x[0-9a-f]{1,16})\)")
_READINGS = (  # name, bounds, all of them
    ("s", "smin", "smax", (-(1 << 63), (1 << 63) - 1)),
    ("l", "umin32", "umax32", (0, (1 << 32) - 1)),
    ("m", "smin32", "smax32", (-(1 << 31), (1 << 31) - 1)),
)


def drawn_register(text: str) -> Drawn:
    """Return what is claimed of a register, as it is drawn."""
    return {"t": text, **_drawn(read_value(text))}


def drawn_slot(text: str) -> Drawn:
    """Return what is claimed of a stack slot; bytes are marked as the log does."""
    slot = read_slot(text)
    if slot.value is None or slot.value.type.startswith(("dynptr", "iter")):
        return {"t": text, "w": text}
    inner = _drawn(slot.value)
    if slot.marks:
        return {"t": text, "w": text if len(text) <= SHORT else slot.marks + "…"}
    return {"t": text, **inner}


def _drawn(value: Value) -> Drawn:
    told = _pointer(value) if value.is_pointer else _number(value)
    return told | ({"q": 1} if value.precise else {})


def _number(value: Value) -> Drawn:
    low, high = value.bound("umin"), value.bound("umax")
    if low == high:
        return {"c": str(low)}
    told: Drawn = {"b": [[str(a), str(b)] for a, b in bands(value)]}
    for name, first, last, whole in _READINGS:
        pair = (value.bound(first), value.bound(last))
        if pair != whole:
            told[name] = [str(number) for number in pair]
    if bits := _BITS.fullmatch(value.fields.get("var_off", "")):
        told["v"] = [bits[1], bits[2]]
    return told


def bands(value: Value) -> list[tuple[int, int]]:
    """Return where a number may lie, read without a sign: one band, or two."""
    low, high = value.bound("umin"), value.bound("umax")
    least, most = value.bound("smin"), value.bound("smax")
    if least >= 0:
        sides = [(least, most)]
    elif most < 0:
        sides = [(least & WORD64, most & WORD64)]
    else:
        sides = [(0, most), (least & WORD64, WORD64)]
    cut = [(max(a, low), min(b, high)) for a, b in sides]
    left = [(a, b) for a, b in cut if a <= b] or [(low, high)]
    if len(left) == 2 and left[0][1] + 1 == left[1][0]:
        return [(left[0][0], left[1][1])]
    return left


def _pointer(value: Value) -> Drawn:
    kind = value.type.removesuffix("_or_null")
    first, last = _places(value)
    told: Drawn = {"w": _words(value, first, last), "k": kind}
    if kind in _SIZES:
        size = STACK_BYTES if kind == "fp" else value.number(_SIZES[kind])
        told["z"] = size
        told["r"] = 0 if value.may_be_null else size
    if kind == "pkt":
        told["r"] = max(0, value.number("r"))
    if kind in ("fp", "pkt", "ctx", *_SIZES):
        told |= {"o": [first, last], "f": value.off}
    return told


_SIZES = {"fp": "", "map_value": "vs", "mem": "sz", "ringbuf_mem": "sz"}


def _places(value: Value) -> tuple[int, int]:
    """Return the first and the last byte, from the object's start, pointed at."""
    start = STACK_BYTES if value.type == "fp" else 0
    if not {"smin", "smax", "umin", "umax", "var_off"} & set(value.fields):
        fixed = value.number("imm")
        return start + value.off + fixed, start + value.off + fixed
    least = max(value.bound("smin"), -(1 << 31))
    most = min(value.bound("smax"), 1 << 31)
    return start + value.off + least, start + value.off + most


def _words(value: Value, first: int, last: int) -> str:
    """Return the log's words if they are few; else type, map, place, proved bytes."""
    text = str(value).removeprefix("P")
    if len(text) <= SHORT:
        return text
    name = value.fields.get("map", "")
    kind = f"{value.type}({name})" if name else value.type
    start = STACK_BYTES if value.type == "fp" else 0
    low, high = first - start, last - start
    place = f"{low:+}" if low == high else f"{low:+}…{high}"
    proved = f" r={value.number('r')}" if "r" in value.fields else ""
    return kind + (place if (low or high) else "") + proved
