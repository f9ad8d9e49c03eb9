"""What is known of a value, in plain words: "a number from 0 to 255", "the context".

A claim of the verifier becomes a Sentence: it is said when it is looked at, in the
language of that moment. Not here: reading claims (`logs/states.py`).
"""

from ebpflab.logs.states import Slot, Value, read_slot, read_value
from ebpflab.results.rejection import Sentence

_BARE_POINTERS = {  # type -> catalogue row
    "ctx": "value-ctx",
    "fp": "value-stack",
    "pkt_end": "value-packet-end",
    "pkt_meta": "value-packet-meta",
    "map_ptr": "value-map",
    "map_key": "value-map-key",
    "mem": "value-memory",
    "ringbuf_mem": "value-record",
    "sock": "value-socket",
    "sock_common": "value-socket",
    "tcp_sock": "value-socket",
    "func": "value-function",
}
_STRUCT = ("trusted_ptr_", "rcu_ptr_", "untrusted_ptr_", "ptr_")
_S64 = (-(1 << 63), (1 << 63) - 1)
_U64 = (0, (1 << 64) - 1)


def say_claim(claim: str) -> Sentence:
    """Return what a register or a slot holds, as a sentence."""
    slot = read_slot(claim)
    if slot.marks:
        return say_slot(slot)
    return say(slot.value) if slot.value else Sentence("value-nothing")


def say_register(claim: str | None) -> Sentence:
    """Return what a register holds; None is one that was never written."""
    return say(read_value(claim)) if claim else Sentence("value-nothing")


def say_slot(slot: Slot) -> Sentence:
    """Return what a stack slot holds, by its marks: written, zero, or never written."""
    if "?" in slot.marks and set(slot.marks) <= {"?"}:
        return Sentence("value-nothing")
    written = 8 - slot.marks.count("?")
    return Sentence("value-bytes", "", {"count": written})


def say(value: Value) -> Sentence:
    """Return what is known of a value, as a sentence."""
    if value.type == "scalar":
        return _number(value)
    said = _with_offset(_pointer(value), value)
    return Sentence("value-or-null", "", {"what": said}) if value.may_be_null else said


def _number(value: Value) -> Sentence:
    unsigned, signed = _ranges(value)
    if signed[0] == signed[1] or unsigned[0] == unsigned[1]:
        return Sentence("value-constant", "", {"number": signed[0]})
    if unsigned == _U64 and signed == _S64:
        return Sentence("value-any")
    least, most = _narrower(unsigned, signed)
    key = "value-range"
    if most in (_U64[1], _S64[1]):
        key = "value-at-least"
    elif least == _S64[0]:
        key = "value-at-most"
    return Sentence(key, "", {"least": least, "most": most})


def _ranges(value: Value) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return what a number may be, taken as unsigned and as signed."""
    unsigned = (value.bound("umin"), value.bound("umax"))
    return unsigned, (value.bound("smin"), value.bound("smax"))


def _narrower(unsigned: tuple[int, int], signed: tuple[int, int]) -> tuple[int, int]:
    """Return the range that says more."""
    return min(signed, unsigned, key=lambda pair: pair[1] - pair[0])


def _pointer(value: Value) -> Sentence:
    kind = value.type.replace("_or_null", "")
    if kind == "pkt":
        key = "value-packet" if "r" in value.fields else "value-some-packet"
        return Sentence(key, "", {"proved": max(0, value.number("r"))})
    if kind == "map_value":
        map, size = value.fields.get("map", ""), value.number("vs")
        key = "value-map-value" if map else "value-some-map-value"
        return Sentence(key, "", {"map": map, "size": size})
    if kind in _BARE_POINTERS:
        return Sentence(_BARE_POINTERS[kind])
    for prefix in _STRUCT:
        if kind.startswith(prefix):
            name = kind.removeprefix(prefix).removeprefix("or_null_")
            key = "value-struct" if name else "value-some-struct"
            return Sentence(key, "", {"name": name})
    return Sentence("value-pointer", "", {"kind": kind})


def _with_offset(what: Sentence, value: Value) -> Sentence:
    if any(name in value.fields for name in ("umax", "smax", "var_off", "umin")):
        least, most = _narrower(*_ranges(value))
        if most - least >= 1 << 62:
            return Sentence("value-moved-anywhere", "", {"what": what})
        moved = {"least": least + value.off, "most": most + value.off}
        return Sentence("value-moved-between", "", {"what": what, **moved})
    if not value.off:
        return what
    key = "value-moved" if value.off > 0 else "value-moved-back"
    return Sentence(key, "", {"what": what, "off": abs(value.off)})


def say_types(written: str) -> Sentence:
    """Return what a list of types is, as the kernel writes it: "fp, pkt, map_value"."""
    said = [say(read_value(word)) for word in written.replace(",", " ").split()]
    joined: Sentence | None = None
    for one in dict.fromkeys(map(_Said, said)):
        if joined is None:
            joined = one.sentence
        else:
            values = {"one": joined, "other": one.sentence}
            joined = Sentence("value-either", "", values)
    return joined or Sentence("value-not-told")


class _Said:
    """A sentence that is equal to another one that says the same."""

    def __init__(self, sentence: Sentence) -> None:
        self.sentence = sentence

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Said) and self.sentence == other.sentence

    def __hash__(self) -> int:
        return hash(self.sentence.key)
