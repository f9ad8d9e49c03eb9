"""The text of a state, read: what the verifier knew of registers and stack slots.

    R1=ctx() R2=pkt(off=14,r=14) R6_w=P3 R10=fp0 fp-8=0000???? refs=2

A value keeps its parts as they were written (`smin=smin32=0` is one part with two
names), so that writing it gives the same text; numbers are made when asked for. Old
words are understood under their new names: `inv` is `scalar`, `umax_value` is `umax`.

Source: logs of Linux 4.14 to 6.18. Not here: states as our verifier holds them.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from ebpflab.isa.words import WORD32, WORD64

_WORD = re.compile(
    r" *(?:(?P<frame>frame\d{1,3}): ?"
    r"|(?P<name>R\d{1,2}|fp-?\d{1,4})(?P<mark>_[a-z]+)?=|(?P<refs>refs=)"
    r"|(?P<flag>cb|async_cb)(?= |$))"
)
_TYPE = re.compile(r"[A-Za-z_][\w.*]*?(?=P?-?(?:0x[0-9a-f]+|\d+)$|P?$)")
_MARKS = re.compile(  # all of a slot's, or those above a spill of 4, 2 or 1 bytes
    r"[?mr0fidn]{8}$|(?:[?m0]{7}|[?m0]{6}|[?m0]{4})(?=P?(?:[a-wyz]|-?\d))"
)
_NUMBER = re.compile(r"-?(?:0x[0-9a-f]{1,16}|0|[1-9]\d{0,19})$")
_OLD_NAMES = {
    "smin_value": "smin",
    "smax_value": "smax",
    "umin_value": "umin",
    "umax_value": "umax",
    "s32_min_value": "smin32",
    "s32_max_value": "smax32",
    "u32_min_value": "umin32",
    "u32_max_value": "umax32",
}
_OLD_TYPES = {"inv": "scalar", "imm": "scalar", "unkn": "scalar", "": "scalar"}
_DEFAULTS = {
    "smin": -(1 << 63),
    "smax": (1 << 63) - 1,
    "umin": 0,
    "umax": WORD64,
    "smin32": -(1 << 31),
    "smax32": (1 << 31) - 1,
    "umin32": 0,
    "umax32": WORD32,
}


@dataclass(frozen=True)
class Value:
    """What is known of one register, or of what a stack slot holds."""

    written: str  # the type as the log spells it: "scalar", "inv", "" for a number
    precise: bool = False  # P: its exact value mattered
    constant: str = ""  # of a number, or the offset of a frame pointer: "3", "-8"
    parts: tuple[tuple[tuple[str, ...], str], ...] | None = None  # (names, text)
    old_mark: bool = False  # "invP3": the mark stood behind the type

    @property
    def type(self) -> str:
        """The type under its name of today: scalar, ctx, fp, pkt, map_value, ..."""
        return _OLD_TYPES.get(self.written, self.written)

    @cached_property
    def fields(self) -> Mapping[str, str]:
        """The parts by name, as text: id, off, r, umax, var_off, map, ks, vs, ..."""
        return {
            _OLD_NAMES.get(name, name): text
            for names, text in self.parts or ()
            for name in names
        }

    def number(self, name: str, default: int = 0) -> int:
        """Return a part as a number: `off`, `id`, `r`, `vs`, `ref_obj_id`, ..."""
        text = self.fields.get(name, "")
        if not _NUMBER.match(text):
            return default
        number = int(text, 0)
        return number - (1 << 64) if name == "r" and number >> 63 else number

    def bound(self, name: str) -> int:
        """Return a bound: smin, smax, umin, umax, or one that ends in 32."""
        if self.type == "scalar" and _NUMBER.match(self.constant):
            return _cut(int(self.constant, 0), name)
        return _cut(self.number(name, _DEFAULTS[name]), name)

    @property
    def off(self) -> int:
        """The fixed offset of a pointer, bytes."""
        if self.type == "fp" and _NUMBER.match(self.constant):
            return int(self.constant, 0)
        return self.number("off")

    @property
    def is_pointer(self) -> bool:
        return self.type != "scalar"

    @property
    def may_be_null(self) -> bool:
        return "or_null" in self.type

    def __str__(self) -> str:
        mark = "P" if self.precise else ""
        head = self.written + mark if self.old_mark else mark + self.written
        if self.parts is None:
            return head + self.constant
        told = ",".join("=".join((*names, text)) for names, text in self.parts)
        return f"{head}{self.constant}({told})"


def _cut(number: int, name: str) -> int:
    """Return a number as the 64 or 32 bits of a bound, signed if the bound is."""
    bits = 32 if name.endswith("32") else 64
    number &= (1 << bits) - 1
    return number - (1 << bits) if name[0] == "s" and number >> bits - 1 else number


@dataclass(frozen=True)
class Slot:
    """One 8-byte stack slot: a mark a byte (`?` none, `m` misc, `0` zero), a spill."""

    marks: str = ""  # all eight, or those above a spill of fewer bytes
    value: Value | None = None

    def __str__(self) -> str:
        return self.marks + (str(self.value) if self.value else "")


@dataclass(frozen=True)
class State:
    """One printed state: of one frame, mostly only what an instruction touched."""

    frame: int = 0
    words: tuple[tuple[str, str, Value | Slot | str], ...] = ()  # name, mark, content
    frame_text: str = ""  # how the frame was written

    @cached_property
    def registers(self) -> Mapping[str, Value]:
        """Values by register: "r0" to "r10"."""
        named = ((name.lower(), content) for name, _, content in self.words)
        return {name: v for name, v in named if isinstance(v, Value)}

    @cached_property
    def stack(self) -> Mapping[str, Slot]:
        """Slots by place: "fp-8"."""
        return {name: v for name, _, v in self.words if isinstance(v, Slot)}

    @property
    def refs(self) -> tuple[int, ...]:
        """Numbers of what must still be released."""
        told = next((str(v) for name, _, v in self.words if name == "refs"), "")
        return tuple(int(one) for one in told.split(",") if _NUMBER.match(one))

    def __str__(self) -> str:
        told = (f"{name}{mark}{_equals(name)}{v}" for name, mark, v in self.words)
        return " ".join([*([self.frame_text] if self.frame_text else []), *told])


def _equals(name: str) -> str:
    return "" if name in ("cb", "async_cb") else "="


@lru_cache(maxsize=1 << 12)
def read_state(text: str) -> State:
    """Read the text of a state; what cannot be one is left out (a log may be cut)."""
    frame_text, words = "", []
    for name, mark, content in _words(text):
        if name.startswith("frame"):
            frame_text = f"{name}:"
        else:
            words.append((name, mark, _content(name, content)))
    frame = int(frame_text[5:-1]) if frame_text else 0
    return State(frame, tuple(words), frame_text)


def _words(text: str) -> Iterator[tuple[str, str, str]]:
    """Split a state at the blanks that stand outside of parentheses."""
    at = 0
    while found := _WORD.match(text, at):
        start = at = found.end()
        if found["frame"] or found["flag"]:
            yield found["frame"] or found["flag"], "", ""
            continue
        at = _end_of_value(text, at)
        yield found["name"] or "refs", found["mark"] or "", text[start:at]


def _end_of_value(text: str, at: int) -> int:
    depth = 0
    while at < len(text) and (depth or text[at] != " "):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        at += 1
    return at


def _content(name: str, text: str) -> Value | Slot | str:
    if name[0] == "R":
        return read_value(text)
    return read_slot(text) if name.startswith("fp") else text


@lru_cache(maxsize=1 << 12)
def read_slot(text: str) -> Slot:
    """Read what a stack slot holds."""
    found = _MARKS.match(text)
    marks = found.group() if found else ""
    rest = text[len(marks) :]
    return Slot(marks, read_value(rest) if rest else None)


@lru_cache(maxsize=1 << 12)
def read_value(text: str) -> Value:
    """Read what is known of one register."""
    head, paren, inside = text.partition("(")
    precise = head.startswith("P")
    bare = head[precise:]
    typed = None if paren else _TYPE.match(bare)
    written = typed.group() if typed else bare.removesuffix("P") if paren else ""
    constant = bare[len(written) :]
    old_mark = constant.startswith("P")
    return Value(
        written,
        precise or old_mark,
        constant[old_mark:],
        _parts(inside) if paren else None,
        old_mark,
    )


def _parts(inside: str) -> tuple[tuple[tuple[str, ...], str], ...]:
    """Read `id=1,smin=smin32=0,var_off=(0x0; 0xff))`; a cut one loses its end."""
    pieces, depth, piece = [], 0, ""
    for letter in inside:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if depth < 0:
            break
        if letter == "," and not depth:
            pieces.append(piece)
            piece = ""
        else:
            piece += letter
    pieces += [piece] if piece else []
    split = (piece.split("=") for piece in pieces)
    return tuple((tuple(names), text) for *names, text in split)
